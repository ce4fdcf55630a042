"""Cryptography of the host, as a guest uses it, with keys that stay there.

Failures are the exceptions of `errors`. What is not wrapped here is in `bindings.elastic_hal.crypto`.
"""

from __future__ import annotations

from .bindings.elastic_hal.crypto import (
    AeadAlgorithm,
    AgreementAlgorithm,
    Algorithms,
    CipherAlgorithm,
    DerivationAlgorithm,
    EncryptionAlgorithm,
    HashAlgorithm,
    KeyUsage,
    MacAlgorithm,
    SignatureAlgorithm,
    supported_algorithms,
)
from .ciphers import CipherKey, Decryptor, Encryptor
from .derivation import AgreementKey, DerivationKey, PeerKey
from .hashing import Hasher, Mac, hash, hash_file, mac, verify_mac
from .keys import EncryptionKey, HostKey, MacKey, SigningKey, VerifyingKey
from .recipients import HpkeRecipient, HpkeSender, PrivateKey, PublicKey
from .signing import Signer, Verifier, sign_file, verify_file

__all__ = [
    "AeadAlgorithm",
    "AgreementAlgorithm",
    "AgreementKey",
    "Algorithms",
    "CipherAlgorithm",
    "CipherKey",
    "Decryptor",
    "DerivationAlgorithm",
    "DerivationKey",
    "EncryptionAlgorithm",
    "EncryptionKey",
    "Encryptor",
    "HashAlgorithm",
    "Hasher",
    "HostKey",
    "HpkeRecipient",
    "HpkeSender",
    "KeyUsage",
    "Mac",
    "MacAlgorithm",
    "MacKey",
    "PeerKey",
    "PrivateKey",
    "PublicKey",
    "SignatureAlgorithm",
    "Signer",
    "SigningKey",
    "Verifier",
    "VerifyingKey",
    "hash",
    "hash_file",
    "mac",
    "sign_file",
    "supported_algorithms",
    "verify_file",
    "verify_mac",
]
