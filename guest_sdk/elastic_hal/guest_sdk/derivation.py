"""Key agreement and key derivation (CRY-1); `crypto` offers them to guests."""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .bindings.elastic_hal.crypto import (
    AeadAlgorithm,
    AgreementAlgorithm,
    DerivationAlgorithm,
    KeyAlgorithm_Aead,
    KeyAlgorithm_Agreement,
    KeyAlgorithm_Derivation,
    KeyAlgorithm_Mac,
    KeyFormat,
    KeyUsage,
    MacAlgorithm,
)
from .keys import EncryptionKey, HostKey, MacKey

_DERIVES = KeyUsage.DERIVE_KEY | KeyUsage.DERIVE_BITS
_CIPHER_USES = KeyUsage.ENCRYPT | KeyUsage.DECRYPT
_MAC_USES = KeyUsage.SIGN | KeyUsage.VERIFY


class DerivationKey(HostKey):
    """A secret that other keys are derived from with HKDF."""

    @classmethod
    def generate(
        cls,
        algorithm: DerivationAlgorithm = DerivationAlgorithm.HKDF_SHA_256,
        *,
        usage: KeyUsage = _DERIVES,
        exportable: bool = False,
    ) -> DerivationKey:
        """Makes a new secret."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Derivation(algorithm), usage, exportable))

    @classmethod
    def from_bytes(
        cls,
        material: bytes,
        algorithm: DerivationAlgorithm = DerivationAlgorithm.HKDF_SHA_256,
        *,
        usage: KeyUsage = _DERIVES,
        exportable: bool = False,
    ) -> DerivationKey:
        """Makes a secret of its bytes: 16 to 1024, and not a password."""
        algorithm_of_key = KeyAlgorithm_Derivation(algorithm)
        return cls(_crypto.Key.import_key(algorithm_of_key, KeyFormat.RAW, material, usage, exportable))

    def to_bytes(self) -> bytes:
        """The bytes of an exportable secret. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.RAW)

    def derive_encryption_key(
        self,
        info: bytes,
        algorithm: AeadAlgorithm = AeadAlgorithm.AES_256_GCM,
        *,
        salt: bytes = b"",
        usage: KeyUsage = _CIPHER_USES,
        exportable: bool = False,
    ) -> EncryptionKey:
        """Derives a key that encrypts. `info` tells it apart from all others."""
        algorithm_of_key = KeyAlgorithm_Aead(algorithm)
        return EncryptionKey(_crypto.derive_key(self.handle, salt, info, algorithm_of_key, usage, exportable))

    def derive_mac_key(
        self,
        info: bytes,
        algorithm: MacAlgorithm = MacAlgorithm.HMAC_SHA_256,
        *,
        salt: bytes = b"",
        usage: KeyUsage = _MAC_USES,
        exportable: bool = False,
    ) -> MacKey:
        """Derives a key for message authentication codes."""
        return MacKey(_crypto.derive_key(self.handle, salt, info, KeyAlgorithm_Mac(algorithm), usage, exportable))

    def derive_bytes(self, info: bytes, length: int, *, salt: bytes = b"") -> bytes:
        """Derives bytes. Raises AccessDenied where the secret is not exportable."""
        return _crypto.derive_bits(self.handle, salt, info, length)


class PeerKey(HostKey):
    """The public key of whom to agree with."""

    @classmethod
    def from_bytes(cls, material: bytes, algorithm: AgreementAlgorithm = AgreementAlgorithm.X25519) -> PeerKey:
        """Makes a key of its bare bytes: as in RFC 7748, or an uncompressed point."""
        return cls._imported(algorithm, KeyFormat.RAW, material)

    @classmethod
    def from_spki(cls, material: bytes, algorithm: AgreementAlgorithm = AgreementAlgorithm.X25519) -> PeerKey:
        """Makes a key of the DER of its SubjectPublicKeyInfo."""
        return cls._imported(algorithm, KeyFormat.SPKI, material)

    def to_bytes(self) -> bytes:
        """Its bare bytes."""
        return self.handle.export_key(KeyFormat.RAW)

    def to_spki(self) -> bytes:
        """The DER of its SubjectPublicKeyInfo."""
        return self.handle.export_key(KeyFormat.SPKI)

    @classmethod
    def _imported(cls, algorithm: AgreementAlgorithm, form: KeyFormat, material: bytes) -> PeerKey:
        return cls(_crypto.Key.import_key(KeyAlgorithm_Agreement(algorithm), form, material, KeyUsage(0), True))


class AgreementKey(HostKey):
    """A private key for key agreement."""

    @classmethod
    def generate(
        cls, algorithm: AgreementAlgorithm = AgreementAlgorithm.X25519, *, exportable: bool = False
    ) -> AgreementKey:
        """Makes a new key pair."""
        return cls(_crypto.Key.generate(KeyAlgorithm_Agreement(algorithm), KeyUsage.DERIVE_KEY, exportable))

    @classmethod
    def from_pkcs8(
        cls,
        material: bytes,
        algorithm: AgreementAlgorithm = AgreementAlgorithm.X25519,
        *,
        exportable: bool = False,
    ) -> AgreementKey:
        """Makes a key of its PKCS#8 in DER."""
        algorithm_of_key = KeyAlgorithm_Agreement(algorithm)
        uses = KeyUsage.DERIVE_KEY
        return cls(_crypto.Key.import_key(algorithm_of_key, KeyFormat.PKCS8, material, uses, exportable))

    def to_pkcs8(self) -> bytes:
        """The PKCS#8 of an exportable key in DER. Raises AccessDenied for another."""
        return self.handle.export_key(KeyFormat.PKCS8)

    def public_key(self) -> PeerKey:
        """The public part, for the peer."""
        return PeerKey(self.handle.public_key())

    def agree(
        self,
        peer: PeerKey,
        derivation: DerivationAlgorithm = DerivationAlgorithm.HKDF_SHA_256,
        *,
        usage: KeyUsage = _DERIVES,
        exportable: bool = False,
    ) -> DerivationKey:
        """The secret shared with the peer, to derive keys from. Who the peer is, this does not tell."""
        return DerivationKey(_crypto.agree(self.handle, peer.handle, derivation, usage, exportable))
