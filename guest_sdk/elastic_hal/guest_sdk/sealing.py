"""Secrets that outlive the program and stay with it on its platform (CRY-13, CRY-14). The policy must grant sealing.

`State` names what has to be as it was: measurements of the platform, the runtime, the workload. The workload's name
always has to be, and on platforms whose owner is not trusted what was booted, too.
"""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal import sealing as _sealing
from .bindings.elastic_hal.sealing import PlatformState as State
from .ciphers import CipherKey
from .derivation import AgreementKey, DerivationKey, PeerKey
from .keys import EncryptionKey, HostKey, MacKey, SigningKey, VerifyingKey
from .recipients import PrivateKey, PublicKey

__all__ = ["State", "seal", "seal_key", "unseal", "unseal_key"]

_SECRET: dict[type[object], type[HostKey]] = {
    _crypto.KeyAlgorithm_Mac: MacKey,
    _crypto.KeyAlgorithm_Aead: EncryptionKey,
    _crypto.KeyAlgorithm_Cipher: CipherKey,
    _crypto.KeyAlgorithm_Derivation: DerivationKey,
}
_PRIVATE: dict[type[object], type[HostKey]] = {
    _crypto.KeyAlgorithm_Signature: SigningKey,
    _crypto.KeyAlgorithm_Encryption: PrivateKey,
    _crypto.KeyAlgorithm_Agreement: AgreementKey,
}
_PUBLIC: dict[type[object], type[HostKey]] = {
    _crypto.KeyAlgorithm_Signature: VerifyingKey,
    _crypto.KeyAlgorithm_Encryption: PublicKey,
    _crypto.KeyAlgorithm_Agreement: PeerKey,
}
_CLASSES = {_crypto.KeyType.SECRET: _SECRET, _crypto.KeyType.PRIVATE: _PRIVATE, _crypto.KeyType.PUBLIC: _PUBLIC}


def seal(data: bytes, *, state: State = State.WORKLOAD, associated_data: bytes = b"") -> bytes:
    """Seals at most 64 KiB.

    Raises AccessDenied where the policy does not grant it, and Unsupported where the platform has no sealing key.
    """
    return _sealing.seal(data, state, associated_data)


def unseal(sealed: bytes, *, associated_data: bytes = b"") -> bytes:
    """Gives what was sealed. Raises VerificationFailed on another platform, under another name, in another state, and
    where anything was changed.
    """
    return _sealing.unseal(sealed, associated_data)


def seal_key(key: HostKey, *, state: State = State.WORKLOAD, associated_data: bytes = b"") -> bytes:
    """Seals a key, exportable or not; its material does not come into the program."""
    return _sealing.seal_key(key.handle, state, associated_data)


def unseal_key(sealed: bytes, *, associated_data: bytes = b"") -> HostKey:
    """Gives the key that was sealed, as what it is: an EncryptionKey, a SigningKey and so on. Raises as `unseal`."""
    handle = _sealing.unseal_key(sealed, associated_data)
    return _CLASSES[handle.key_type()][type(handle.algorithm())](handle)
