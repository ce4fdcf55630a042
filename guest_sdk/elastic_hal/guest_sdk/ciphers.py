"""Ciphers that do not authenticate, to interoperate with what uses them (CRY-7, CRY-8); `crypto` offers them to guests.

Prefer `EncryptionKey`. Whoever decrypts with these verifies a MAC of IV and ciphertext first.
"""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import CipherAlgorithm, KeyAlgorithm_Cipher, KeyFormat, KeyUsage
from .errors import VerificationFailed
from .keys import HostKey
from .parts import ByteData, Held, chunks

IV_BYTES = 16
_USES = KeyUsage.ENCRYPT | KeyUsage.DECRYPT


class CipherKey(HostKey):
    """A secret key for AES in counter mode or in CBC mode with PKCS#7."""

    @classmethod
    def generate(
        cls,
        algorithm: CipherAlgorithm = CipherAlgorithm.AES_256_CTR,
        *,
        usage: KeyUsage = _USES,
        exportable: bool = False,
    ) -> CipherKey:
        """Makes a new key."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Cipher(algorithm), usage, exportable))

    @classmethod
    def from_bytes(
        cls,
        material: bytes,
        algorithm: CipherAlgorithm = CipherAlgorithm.AES_256_CTR,
        *,
        usage: KeyUsage = _USES,
        exportable: bool = False,
    ) -> CipherKey:
        """Makes a key of its bare bytes."""
        return cls(_crypto.Key.import_key(KeyAlgorithm_Cipher(algorithm), KeyFormat.RAW, material, usage, exportable))

    def to_bytes(self) -> bytes:
        """The bare bytes of an exportable key. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.RAW)

    def encrypt(self, plaintext: bytes, *, iv: bytes | None = None) -> bytes:
        """Encrypts at most 1 MiB; gives the IV of 16 bytes followed by the ciphertext.

        The host chooses the IV where none is given; one that was used with this key before raises InvalidArgument.
        """
        if iv is not None:
            return iv + _crypto.cipher_encrypt_with_iv(self.handle, iv, plaintext)
        encrypted = _crypto.cipher_encrypt(self.handle, plaintext)
        return encrypted.iv + encrypted.ciphertext

    def decrypt(self, encrypted: bytes) -> bytes:
        """Decrypts what `encrypt` gave. Raises VerificationFailed where the padding of CBC mode is not proper."""
        if len(encrypted) < IV_BYTES:
            raise VerificationFailed
        return _crypto.cipher_decrypt(self.handle, encrypted[:IV_BYTES], encrypted[IV_BYTES:])


class Encryptor(Held[_crypto.Encryptor]):
    """A message of any size that is encrypted in parts: `iv` goes first, then what `update` and `finish` give."""

    def __init__(self, key: CipherKey, *, iv: bytes | None = None) -> None:
        start = _crypto.Encryptor.start
        self._context = start(key.handle) if iv is None else _crypto.Encryptor.start_with_iv(key.handle, iv)

    @property
    def iv(self) -> bytes:
        """The IV of the message."""
        return self._context.iv()

    def update(self, data: ByteData) -> bytes:
        """Adds to the plaintext; gives the ciphertext that is ready."""
        return b"".join(self._context.update(piece) for piece in chunks(data))

    def finish(self) -> bytes:
        """Ends the message; gives the rest of the ciphertext."""
        return self._context.finish()


class Decryptor(Held[_crypto.Decryptor]):
    """A message of any size that is decrypted in parts. What it gives may have been changed by anybody."""

    def __init__(self, key: CipherKey, iv: bytes) -> None:
        self._context = _crypto.Decryptor.start(key.handle, iv)

    def update(self, data: ByteData) -> bytes:
        """Adds to the ciphertext; gives the plaintext that is ready."""
        return b"".join(self._context.update(piece) for piece in chunks(data))

    def finish(self) -> bytes:
        """Ends the message; gives the rest. Raises VerificationFailed where the padding of CBC mode is not proper."""
        return self._context.finish()
