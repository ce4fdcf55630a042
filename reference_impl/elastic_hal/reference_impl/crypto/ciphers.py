"""Ciphers that do not authenticate: AES in counter mode and in CBC mode with PKCS#7 (CRY-7, CRY-8)."""

import secrets
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR

from ..bindings.elastic_hal import crypto as wit
from .nonces import NONCE_BYTES, NonceAllowance, NonceLedger

IV_BYTES: Final = 16
MAX_MESSAGE_BYTES: Final = 1 << 36
_BLOCK_BYTES: Final = 16
_BLOCK_BITS: Final = 128


class PaddingError(Exception):
    """The ciphertext does not end in a whole block with proper padding. It has no text."""


class Stream(Protocol):
    """A message on its way through a cipher."""

    def update(self, data: bytes, /) -> bytes:
        """Add a part; give what is ready."""

    def finalize(self) -> bytes:
        """Give the rest; the message is over."""


class BareScheme(ABC):
    """A cipher in its mode."""

    key_bytes: int

    @abstractmethod
    def choose_iv(self, nonces: NonceLedger) -> bytes:
        """Choose an IV for a new message under the key with those nonces."""

    @abstractmethod
    def claim_iv(self, nonces: NonceLedger, iv: bytes, allowance: NonceAllowance) -> None:
        """Count an IV of the caller's as used, or raise as the ledger does."""

    @abstractmethod
    def encryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to encrypt."""

    @abstractmethod
    def decryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to decrypt."""

    @abstractmethod
    def most_bytes(self, iv: bytes) -> int:
        """Give the longest message that may be encrypted under an IV."""


@dataclass(frozen=True, slots=True)
class CounterScheme(BareScheme):
    """Counter mode. An IV is a nonce, which a key takes once, and the counter of the first block."""

    key_bytes: int

    def choose_iv(self, nonces: NonceLedger) -> bytes:
        """Choose a nonce that is unique by construction; the counter starts at zero."""
        return nonces.draw() + bytes(IV_BYTES - NONCE_BYTES)

    def claim_iv(self, nonces: NonceLedger, iv: bytes, allowance: NonceAllowance) -> None:
        """Count the nonce as used, whatever the counter: two messages under one nonce could overlap."""
        nonces.claim(iv[:NONCE_BYTES], allowance)

    def encryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to encrypt."""
        return Cipher(AES(key), CTR(iv)).encryptor()

    def decryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to decrypt. The counter runs over all 16 bytes, as others may have let it."""
        return Cipher(AES(key), CTR(iv)).decryptor()

    def most_bytes(self, iv: bytes) -> int:
        """Give what the 4 bytes of the counter are enough for."""
        first = int.from_bytes(iv[NONCE_BYTES:], "big")
        return ((1 << 32) - first) * _BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class ChainingScheme(BareScheme):
    """CBC mode with PKCS#7."""

    key_bytes: int

    def choose_iv(self, nonces: NonceLedger) -> bytes:
        """Choose a random IV, which nobody can foresee, and count the encryption."""
        nonces.draw()
        return secrets.token_bytes(IV_BYTES)

    def claim_iv(self, nonces: NonceLedger, iv: bytes, allowance: NonceAllowance) -> None:
        """Count the IV as used."""
        nonces.claim(iv, allowance)

    def encryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to encrypt."""
        return _Padding(Cipher(AES(key), CBC(iv)).encryptor())

    def decryptor(self, key: bytearray, iv: bytes) -> Stream:
        """Start to decrypt."""
        return _Unpadding(Cipher(AES(key), CBC(iv)).decryptor())

    def most_bytes(self, iv: bytes) -> int:
        """Give the bound of the contract."""
        del iv
        return MAX_MESSAGE_BYTES


class _Padding:
    """Pads, then encrypts."""

    def __init__(self, cipher: Stream) -> None:
        self._cipher = cipher
        self._padder = padding.PKCS7(_BLOCK_BITS).padder()

    def update(self, data: bytes, /) -> bytes:
        return self._cipher.update(self._padder.update(data))

    def finalize(self) -> bytes:
        return self._cipher.update(self._padder.finalize()) + self._cipher.finalize()


class _Unpadding:
    """Decrypts, then takes the padding off. Whatever is wrong at the end is one and the same error."""

    def __init__(self, cipher: Stream) -> None:
        self._cipher = cipher
        self._unpadder = padding.PKCS7(_BLOCK_BITS).unpadder()

    def update(self, data: bytes, /) -> bytes:
        return self._unpadder.update(self._cipher.update(data))

    def finalize(self) -> bytes:
        try:
            return self._unpadder.update(self._cipher.finalize()) + self._unpadder.finalize()
        except ValueError:
            raise PaddingError from None


CIPHERS: Final[dict[wit.CipherAlgorithm, BareScheme]] = {
    wit.CipherAlgorithm.AES_128_CTR: CounterScheme(16),
    wit.CipherAlgorithm.AES_256_CTR: CounterScheme(32),
    wit.CipherAlgorithm.AES_128_CBC: ChainingScheme(16),
    wit.CipherAlgorithm.AES_256_CBC: ChainingScheme(32),
}
