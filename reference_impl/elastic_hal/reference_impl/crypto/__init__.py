"""The cryptography family (CRY-1 to CRY-12) on the `cryptography` library and `blake3`.

`provider` is what the linker sees; `keys` holds the rules of a key; the other modules each hold one kind of algorithm.
"""

from .provider import CryptoProvider

__all__ = ["CryptoProvider"]
