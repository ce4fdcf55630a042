"""Encryption with a public key (CRY-2) and decryption with the private one (CRY-3); `crypto` offers them to guests."""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import EncryptionAlgorithm, KeyAlgorithm_Encryption, KeyFormat, KeyUsage
from .keys import HostKey
from .parts import Held

HPKE = EncryptionAlgorithm.HPKE_X25519_SHA_256_CHACHA20_POLY1305
_USES = KeyUsage.ENCRYPT | KeyUsage.DECRYPT


class PublicKey(HostKey):
    """A public key, under which messages to its owner are encrypted."""

    @classmethod
    def from_spki(cls, material: bytes, algorithm: EncryptionAlgorithm = HPKE) -> PublicKey:
        """Makes a key of the DER of its SubjectPublicKeyInfo."""
        return cls._imported(algorithm, KeyFormat.SPKI, material)

    @classmethod
    def from_bytes(cls, material: bytes, algorithm: EncryptionAlgorithm = HPKE) -> PublicKey:
        """Makes a key of its bare bytes: as in RFC 7748, or an uncompressed point. RSA keys have none."""
        return cls._imported(algorithm, KeyFormat.RAW, material)

    def to_spki(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        return self.handle.export_key(KeyFormat.SPKI)

    def to_bytes(self) -> bytes:
        """Its bare bytes. RSA keys have none."""
        return self.handle.export_key(KeyFormat.RAW)

    def encrypt(self, plaintext: bytes, *, info: bytes = b"", associated_data: bytes = b"") -> bytes:
        """Encrypts at most 1 MiB with HPKE. Both ends state the same `info` and associated data."""
        return _crypto.hpke_encrypt(self.handle, info, plaintext, associated_data)

    def encrypt_oaep(self, plaintext: bytes, *, label: bytes = b"") -> bytes:
        """Encrypts a short message, such as a key, with RSAES-OAEP."""
        return _crypto.oaep_encrypt(self.handle, plaintext, label)

    @classmethod
    def _imported(cls, algorithm: EncryptionAlgorithm, form: KeyFormat, material: bytes) -> PublicKey:
        return cls(_crypto.Key.import_key(KeyAlgorithm_Encryption(algorithm), form, material, KeyUsage.ENCRYPT, True))


class PrivateKey(HostKey):
    """A private key, which decrypts what was encrypted under its public key."""

    @classmethod
    def generate(
        cls,
        algorithm: EncryptionAlgorithm = HPKE,
        *,
        usage: KeyUsage = _USES,
        exportable: bool = False,
    ) -> PrivateKey:
        """Makes a new key pair."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Encryption(algorithm), usage, exportable))

    @classmethod
    def from_pkcs8(
        cls,
        material: bytes,
        algorithm: EncryptionAlgorithm = HPKE,
        *,
        usage: KeyUsage = _USES,
        exportable: bool = False,
    ) -> PrivateKey:
        """Makes a key of its PKCS#8 in DER."""
        algorithm_of_key = KeyAlgorithm_Encryption(algorithm)
        return cls(_crypto.Key.import_key(algorithm_of_key, KeyFormat.PKCS8, material, usage, exportable))

    def to_pkcs8(self) -> bytes:
        """The PKCS#8 of an exportable key in DER. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.PKCS8)

    def public_key(self) -> PublicKey:
        """The public part, which lives on when the private key is given up."""
        return PublicKey(self.handle.public_key())

    def decrypt(self, encrypted: bytes, *, info: bytes = b"", associated_data: bytes = b"") -> bytes:
        """Verifies and decrypts what `PublicKey.encrypt` gave; it does not tell who encrypted.

        Raises VerificationFailed where anything was changed.
        """
        return _crypto.hpke_decrypt(self.handle, info, encrypted, associated_data)

    def decrypt_oaep(self, encrypted: bytes, *, label: bytes = b"") -> bytes:
        """Decrypts with RSAES-OAEP. Raises VerificationFailed, with no word on what is wrong."""
        return _crypto.oaep_decrypt(self.handle, encrypted, label)


class HpkeSender(Held[_crypto.HpkeSender]):
    """Several messages to the owner of a public key, in order. `encapsulated` goes first."""

    def __init__(self, key: PublicKey, *, info: bytes = b"") -> None:
        self._context = _crypto.HpkeSender.start(key.handle, info)

    @property
    def encapsulated(self) -> bytes:
        """What the recipient needs to start."""
        return self._context.encapsulated()

    def encrypt(self, plaintext: bytes, associated_data: bytes = b"") -> bytes:
        """Encrypts the next message."""
        return self._context.encrypt(plaintext, associated_data)


class HpkeRecipient(Held[_crypto.HpkeRecipient]):
    """The receiving end of an `HpkeSender`. Raises VerificationFailed where `encapsulated` is no secret."""

    def __init__(self, key: PrivateKey, encapsulated: bytes, *, info: bytes = b"") -> None:
        self._context = _crypto.HpkeRecipient.start(key.handle, encapsulated, info)

    def decrypt(self, encrypted: bytes, associated_data: bytes = b"") -> bytes:
        """Verifies and decrypts the next message. After VerificationFailed the same one is still the next."""
        return self._context.decrypt(encrypted, associated_data)
