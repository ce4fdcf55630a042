"""RSAES-OAEP (RFC 8017 section 7.1), MGF1 with the same hash."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InternalError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from . import rsa_keys
from .asymmetric import PrivateHalf, PublicHalf, Scheme

_PROBE: Final = b"probe"


class DecryptionError(Exception):
    """Ciphertext, label and key do not belong together. It has no text: any detail would help to decrypt by trial."""


class OaepPublic(PublicHalf):
    """An RSA public key for encryption."""

    def __init__(self, scheme: "OaepScheme", key: rsa.RSAPublicKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPublicKey:
        """The key as the library has it."""
        return self._key

    @property
    def most_plaintext_bytes(self) -> int:
        """The longest plaintext: modulus, less twice the hash, less 2."""
        return (self._key.key_size + 7) // 8 - 2 * self._scheme.hash.digest_size - 2

    def encrypt(self, plaintext: bytes, label: bytes) -> bytes:
        """Encrypt a plaintext that is not too long."""
        return self._key.encrypt(plaintext, self._scheme.padding(label))

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise rsa_keys.no_raw_encoding()


class OaepPrivate(PrivateHalf):
    """An RSA private key for decryption."""

    def __init__(self, scheme: "OaepScheme", key: rsa.RSAPrivateKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPrivateKey:
        """The key as the library has it."""
        return self._key

    def decrypt(self, ciphertext: bytes, label: bytes) -> bytes:
        """Decrypt, or raise `DecryptionError`. The library takes the same time for every kind of wrong padding."""
        try:
            return self._key.decrypt(ciphertext, self._scheme.padding(label))
        except (ValueError, InternalError):
            raise DecryptionError from None

    def public(self) -> OaepPublic:
        """Give the public half."""
        return OaepPublic(self._scheme, self._key.public_key())

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise rsa_keys.no_raw_encoding()


@dataclass(frozen=True, slots=True)
class OaepScheme(Scheme[OaepPrivate, OaepPublic]):
    """RSAES-OAEP with one hash."""

    hash: hashes.HashAlgorithm

    def generate(self) -> OaepPrivate:
        """Make a new key pair."""
        return OaepPrivate(self, rsa_keys.generate())

    def from_raw(self, material: bytes, *, private: bool) -> OaepPrivate | OaepPublic:
        """Refuse: RSA keys have no raw encoding."""
        del material, private
        raise rsa_keys.no_raw_encoding()

    def adopt_private(self, key: PrivateKeyTypes) -> OaepPrivate:
        """Take an RSA private key of allowed size that decrypts what its public half encrypts."""
        private = OaepPrivate(self, rsa_keys.checked_private(key))
        try:
            if private.decrypt(private.public().encrypt(_PROBE, b""), b"") == _PROBE:
                return private
        except (DecryptionError, ValueError, InternalError):
            pass
        raise rsa_keys.inconsistent()

    def adopt_public(self, key: PublicKeyTypes) -> OaepPublic:
        """Take an RSA public key of allowed size."""
        return OaepPublic(self, rsa_keys.checked_public(key))

    def padding(self, label: bytes) -> padding.OAEP:
        """Give the padding of this scheme; no label and an empty one are the same."""
        return padding.OAEP(padding.MGF1(self.hash), self.hash, label or None)


SHA256: Final = OaepScheme(hashes.SHA256())
SHA384: Final = OaepScheme(hashes.SHA384())
