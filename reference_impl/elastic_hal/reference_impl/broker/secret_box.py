"""Secrets at rest: AES-256-GCM, each under a key of its own, derived from the one in the broker's key file.

The key file is not in the database, so that a copy of the database alone holds no secret. A salt of 32 random bytes
makes every key a new one, which is why the nonce is zero; the name is part of the key, so that no secret can be put
under another's name.
"""

import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elastic_hal.reference_impl.platforms.simulated.state import StateError, create_once, read_file

from .errors import BrokerStoreError

KEY_BYTES: Final = 32
_SALT_BYTES: Final = 32
_NONCE: Final = bytes(12)
_DOMAIN: Final = b"elastic-hal broker secret 1\0"
_SEAL_DOMAIN: Final = b"elastic-hal broker seal 1\0"


class SecretBox:
    """Encrypts and decrypts secrets. Neither its repr nor its errors show the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open(cls, path: Path) -> "SecretBox":
        """Read the key file. Raises `BrokerStoreError`."""
        try:
            key = read_file(path, private=True)
        except StateError as error:
            raise BrokerStoreError(str(error)) from None
        if key is None:
            raise BrokerStoreError(f"{path}: the key of the broker's store is not there; bring back the file")
        if len(key) != KEY_BYTES:
            raise BrokerStoreError(f"{path}: has {len(key)} bytes, not {KEY_BYTES}; bring back the key of this store")
        return cls(key)

    @classmethod
    def create(cls, path: Path) -> "SecretBox":
        """Make the key file with mode 0600. Raises `BrokerStoreError`."""
        try:
            create_once(path, secrets.token_bytes(KEY_BYTES), 0o600)
        except StateError as error:
            raise BrokerStoreError(str(error)) from None
        return cls.open(path)

    def seal_key(self) -> bytes:
        """Give the key of the seal over the store."""
        return HKDF(hashes.SHA256(), KEY_BYTES, None, _SEAL_DOMAIN).derive(self._key)

    def close(self, name: str, secret: bytes) -> tuple[bytes, bytes]:
        """Encrypt: give salt and ciphertext."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return salt, self._cipher(name, salt).encrypt(_NONCE, secret, None)

    def reveal(self, name: str, salt: bytes, ciphertext: bytes) -> bytes:
        """Decrypt, or raise `BrokerStoreError`."""
        try:
            return self._cipher(name, salt).decrypt(_NONCE, ciphertext, None)
        except InvalidTag:
            raise BrokerStoreError(f"secret {name!r} was changed in the store, or is of another key file") from None

    def _cipher(self, name: str, salt: bytes) -> AESGCM:
        info = _DOMAIN + name.encode()
        return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, salt, info).derive(self._key))
