"""Cryptography of the host, as a guest uses it: hashes, MACs, encryption and signatures with keys that stay there.

Failures are the exceptions of `errors`. What is not wrapped here is in `bindings.elastic_hal.crypto`.
"""

from __future__ import annotations

from .bindings.elastic_hal.crypto import (
    AeadAlgorithm,
    Algorithms,
    HashAlgorithm,
    KeyUsage,
    MacAlgorithm,
    SignatureAlgorithm,
    supported_algorithms,
)
from .hashing import Hasher, Mac, hash, hash_file, mac, verify_mac
from .keys import EncryptionKey, HostKey, MacKey, SigningKey, VerifyingKey

__all__ = [
    "AeadAlgorithm",
    "Algorithms",
    "EncryptionKey",
    "HashAlgorithm",
    "Hasher",
    "HostKey",
    "KeyUsage",
    "Mac",
    "MacAlgorithm",
    "MacKey",
    "SignatureAlgorithm",
    "SigningKey",
    "VerifyingKey",
    "hash",
    "hash_file",
    "mac",
    "supported_algorithms",
    "verify_mac",
]
