"""RSASSA-PSS (RFC 8017 section 8.1), MGF1 with the same hash and a salt as long as the digest."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from . import rsa_keys
from .asymmetric import Scheme, SigningHalf, VerifyingHalf


class RsaPssPublic(VerifyingHalf):
    """An RSA public key for signatures."""

    def __init__(self, scheme: "RsaPssScheme", key: rsa.RSAPublicKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPublicKey:
        """The key as the library has it."""
        return self._key

    @property
    def stream_hash(self) -> hashes.HashAlgorithm:
        """The hash that a message in parts goes through."""
        return self._scheme.hash

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid."""
        return self._is_valid(message, signature, self._scheme.hash)

    def verify_digest(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid for the message with that digest."""
        return self._is_valid(digest, signature, utils.Prehashed(self._scheme.hash))

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise rsa_keys.no_raw_encoding()

    def _is_valid(self, data: bytes, signature: bytes, algorithm: hashes.HashAlgorithm | utils.Prehashed) -> bool:
        try:
            self._key.verify(signature, data, self._scheme.padding(), algorithm)
        except InvalidSignature:
            return False
        return True


class RsaPssPrivate(SigningHalf):
    """An RSA private key for signatures."""

    def __init__(self, scheme: "RsaPssScheme", key: rsa.RSAPrivateKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPrivateKey:
        """The key as the library has it."""
        return self._key

    @property
    def stream_hash(self) -> hashes.HashAlgorithm:
        """The hash that a message in parts goes through."""
        return self._scheme.hash

    def sign(self, message: bytes) -> bytes:
        """Sign under a fresh random salt."""
        return self._key.sign(message, self._scheme.padding(), self._scheme.hash)

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign the message with that digest."""
        return self._key.sign(digest, self._scheme.padding(), utils.Prehashed(self._scheme.hash))

    def public(self) -> RsaPssPublic:
        """Give the public half."""
        return RsaPssPublic(self._scheme, self._key.public_key())

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise rsa_keys.no_raw_encoding()


@dataclass(frozen=True, slots=True)
class RsaPssScheme(Scheme[RsaPssPrivate, RsaPssPublic]):
    """RSASSA-PSS with one hash."""

    hash: hashes.HashAlgorithm

    def generate(self) -> RsaPssPrivate:
        """Make a new key pair."""
        return RsaPssPrivate(self, rsa_keys.generate())

    def from_raw(self, material: bytes, *, private: bool) -> RsaPssPrivate | RsaPssPublic:
        """Refuse: RSA keys have no raw encoding."""
        del material, private
        raise rsa_keys.no_raw_encoding()

    def adopt_private(self, key: PrivateKeyTypes) -> RsaPssPrivate:
        """Take an RSA private key of allowed size whose parts belong together, as one signature proves."""
        private = RsaPssPrivate(self, rsa_keys.checked_private(key))
        if not _signs_for_itself(private):
            raise rsa_keys.inconsistent()
        return private

    def adopt_public(self, key: PublicKeyTypes) -> RsaPssPublic:
        """Take an RSA public key of allowed size."""
        return RsaPssPublic(self, rsa_keys.checked_public(key))

    def padding(self) -> padding.PSS:
        """Give the padding of this scheme."""
        return padding.PSS(padding.MGF1(self.hash), self.hash.digest_size)


def _signs_for_itself(private: RsaPssPrivate) -> bool:
    """Sign a message and verify it: with factors that are not prime this fails but by a negligible chance."""
    try:
        return private.public().verify(b"", private.sign(b""))
    except (ValueError, InternalError):
        return False


SHA256: Final = RsaPssScheme(hashes.SHA256())
SHA384: Final = RsaPssScheme(hashes.SHA384())
