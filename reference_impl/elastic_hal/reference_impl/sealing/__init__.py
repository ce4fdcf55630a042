"""Sealing to a state of the platform (CRY-13, CRY-14).

`envelope` is the format of what is sealed, `sealed_keys` how a key becomes bytes, `provider` what the linker sees.
"""

from .provider import SealingProvider

__all__ = ["SealingProvider"]
