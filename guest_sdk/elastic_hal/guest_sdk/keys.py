"""Keys by what they are for (CRY-1, CRY-4, CRY-5, CRY-11, CRY-12); `crypto` offers them to guests.

Each stands for a key in the host, as a context manager that gives it up at the end. One call takes at most 1 MiB.
"""

from __future__ import annotations

from typing import TypeVar

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import (
    AeadAlgorithm,
    KeyAlgorithm_Aead,
    KeyAlgorithm_Mac,
    KeyAlgorithm_Signature,
    KeyFormat,
    KeyUsage,
    MacAlgorithm,
    SignatureAlgorithm,
)
from .errors import VerificationFailed

NONCE_BYTES = 12
TAG_BYTES = 16

_CIPHER_USES = KeyUsage.ENCRYPT | KeyUsage.DECRYPT
_SIGNATURE_USES = KeyUsage.SIGN | KeyUsage.VERIFY

_Self = TypeVar("_Self", bound="HostKey")


class HostKey:
    """What all keys share: the handle of a key that stays in the host."""

    def __init__(self, handle: _crypto.Key) -> None:
        self.handle = handle
        """The key as the generated bindings know it."""

    @property
    def exportable(self) -> bool:
        """Whether the key material can be had."""
        return self.handle.exportable()

    @property
    def usage(self) -> KeyUsage:
        """What the key may be used for."""
        return self.handle.usage()

    def close(self) -> None:
        """Gives the key up; the host erases it."""
        self.handle.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class EncryptionKey(HostKey):
    """A secret key that encrypts and authenticates."""

    @classmethod
    def generate(
        cls,
        algorithm: AeadAlgorithm = AeadAlgorithm.AES_256_GCM,
        *,
        usage: KeyUsage = _CIPHER_USES,
        exportable: bool = False,
    ) -> EncryptionKey:
        """Makes a new key."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Aead(algorithm), usage, exportable))

    @classmethod
    def from_bytes(
        cls,
        material: bytes,
        algorithm: AeadAlgorithm = AeadAlgorithm.AES_256_GCM,
        *,
        usage: KeyUsage = _CIPHER_USES,
        exportable: bool = False,
    ) -> EncryptionKey:
        """Makes a key of its bare bytes."""
        return cls(_crypto.Key.import_key(KeyAlgorithm_Aead(algorithm), KeyFormat.RAW, material, usage, exportable))

    def to_bytes(self) -> bytes:
        """The bare bytes of an exportable key. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.RAW)

    def encrypt(self, plaintext: bytes, associated_data: bytes = b"") -> bytes:
        """Encrypts under a fresh nonce; gives nonce, ciphertext and tag as one, which `decrypt` takes."""
        sealed = _crypto.aead_encrypt(self.handle, plaintext, associated_data)
        return sealed.nonce + sealed.ciphertext

    def decrypt(self, sealed: bytes, associated_data: bytes = b"") -> bytes:
        """Verifies and decrypts what `encrypt` gave. Raises VerificationFailed where anything was changed."""
        if len(sealed) < NONCE_BYTES + TAG_BYTES:
            raise VerificationFailed
        return _crypto.aead_decrypt(self.handle, sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated_data)


class MacKey(HostKey):
    """A secret key for message authentication codes; see `mac`, `verify_mac` and `Mac` in `crypto`."""

    @classmethod
    def generate(
        cls,
        algorithm: MacAlgorithm = MacAlgorithm.HMAC_SHA_256,
        *,
        usage: KeyUsage = _SIGNATURE_USES,
        exportable: bool = False,
    ) -> MacKey:
        """Makes a new key."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Mac(algorithm), usage, exportable))

    @classmethod
    def from_bytes(
        cls,
        material: bytes,
        algorithm: MacAlgorithm = MacAlgorithm.HMAC_SHA_256,
        *,
        usage: KeyUsage = _SIGNATURE_USES,
        exportable: bool = False,
    ) -> MacKey:
        """Makes a key of its bare bytes."""
        return cls(_crypto.Key.import_key(KeyAlgorithm_Mac(algorithm), KeyFormat.RAW, material, usage, exportable))

    def to_bytes(self) -> bytes:
        """The bare bytes of an exportable key. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.RAW)


class VerifyingKey(HostKey):
    """A public key, which verifies signatures."""

    @classmethod
    def from_spki(cls, material: bytes, algorithm: SignatureAlgorithm = SignatureAlgorithm.ED25519) -> VerifyingKey:
        """Makes a key of the DER of its SubjectPublicKeyInfo."""
        return cls._imported(algorithm, KeyFormat.SPKI, material)

    @classmethod
    def from_bytes(cls, material: bytes, algorithm: SignatureAlgorithm = SignatureAlgorithm.ED25519) -> VerifyingKey:
        """Makes a key of its bare bytes: as in RFC 8032, or an uncompressed point."""
        return cls._imported(algorithm, KeyFormat.RAW, material)

    def to_spki(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        return self.handle.export_key(KeyFormat.SPKI)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises VerificationFailed where `signature` is not this key's signature of `message`."""
        _crypto.verify(self.handle, message, signature)

    @classmethod
    def _imported(cls, algorithm: SignatureAlgorithm, form: KeyFormat, material: bytes) -> VerifyingKey:
        return cls(_crypto.Key.import_key(KeyAlgorithm_Signature(algorithm), form, material, KeyUsage.VERIFY, True))


class SigningKey(HostKey):
    """A private key, which makes signatures. For messages of more than 1 MiB see `Signer` in `crypto`."""

    @classmethod
    def generate(
        cls,
        algorithm: SignatureAlgorithm = SignatureAlgorithm.ED25519,
        *,
        usage: KeyUsage = _SIGNATURE_USES,
        exportable: bool = False,
    ) -> SigningKey:
        """Makes a new key pair."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Signature(algorithm), usage, exportable))

    @classmethod
    def from_pkcs8(
        cls,
        material: bytes,
        algorithm: SignatureAlgorithm = SignatureAlgorithm.ED25519,
        *,
        usage: KeyUsage = _SIGNATURE_USES,
        exportable: bool = False,
    ) -> SigningKey:
        """Makes a key of its PKCS#8 in DER."""
        algorithm_of_key = KeyAlgorithm_Signature(algorithm)
        return cls(_crypto.Key.import_key(algorithm_of_key, KeyFormat.PKCS8, material, usage, exportable))

    def to_pkcs8(self) -> bytes:
        """The PKCS#8 of an exportable key in DER. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.PKCS8)

    def public_key(self) -> VerifyingKey:
        """The public part, which lives on when the private key is given up."""
        return VerifyingKey(self.handle.public_key())

    def sign(self, message: bytes) -> bytes:
        """Signs a message of at most 1 MiB. Raises LimitExceeded for more."""
        return _crypto.sign(self.handle, message)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises VerificationFailed where `signature` is not this key's signature of `message`."""
        _crypto.verify(self.handle, message, signature)
