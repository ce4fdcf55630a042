"""Authenticated encryption: the algorithms (CRY-11, CRY-12)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV, ChaCha20Poly1305

from ..bindings.elastic_hal import crypto as wit

TAG_BYTES: Final = 16


class Cipher(Protocol):
    """An AEAD under one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Give ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Give the plaintext, or raise `InvalidTag`."""


@dataclass(frozen=True, slots=True)
class AeadScheme:
    """Size of the key in bytes, and the cipher made of it. Nonces have 12 and tags 16 bytes throughout."""

    key_bytes: int
    cipher: Callable[[bytearray], Cipher]


AEADS: Final[dict[wit.AeadAlgorithm, AeadScheme]] = {
    wit.AeadAlgorithm.AES_128_GCM: AeadScheme(16, AESGCM),
    wit.AeadAlgorithm.AES_256_GCM: AeadScheme(32, AESGCM),
    wit.AeadAlgorithm.AES_256_GCM_SIV: AeadScheme(32, AESGCMSIV),
    wit.AeadAlgorithm.CHACHA20_POLY1305: AeadScheme(32, ChaCha20Poly1305),
}
