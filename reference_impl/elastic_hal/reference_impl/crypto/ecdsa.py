"""ECDSA on the NIST curves (FIPS 186-5), with signatures as r and s, each as wide as the order (IEEE P1363)."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from .asymmetric import Scheme, SigningHalf, VerifyingHalf
from .nist_curves import P256, P384, P521, NistCurve, point


class EcdsaPublic(VerifyingHalf):
    """A public key on its curve."""

    def __init__(self, scheme: "EcdsaScheme", key: ec.EllipticCurvePublicKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePublicKey:
        """The key as the library has it."""
        return self._key

    @property
    def stream_hash(self) -> hashes.HashAlgorithm:
        """The hash that a message in parts goes through."""
        return self._scheme.hash

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid."""
        return self._is_valid(message, signature, ec.ECDSA(self._scheme.hash))

    def verify_digest(self, digest: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid for the message with that digest."""
        return self._is_valid(digest, signature, ec.ECDSA(utils.Prehashed(self._scheme.hash)))

    def raw(self) -> bytes:
        """Give the uncompressed point."""
        return point(self._key)

    def _is_valid(self, data: bytes, signature: bytes, algorithm: ec.ECDSA) -> bool:
        """Check the length of the signature and the ranges of r and s before the library sees them."""
        width, order = self._scheme.curve.width, self._scheme.curve.order
        if len(signature) != 2 * width:
            return False
        r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
        if not (1 <= r < order and 1 <= s < order):
            return False
        try:
            self._key.verify(utils.encode_dss_signature(r, s), data, algorithm)
        except InvalidSignature:
            return False
        return True


class EcdsaPrivate(SigningHalf):
    """A private key of its curve."""

    def __init__(self, scheme: "EcdsaScheme", key: ec.EllipticCurvePrivateKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePrivateKey:
        """The key as the library has it."""
        return self._key

    @property
    def stream_hash(self) -> hashes.HashAlgorithm:
        """The hash that a message in parts goes through."""
        return self._scheme.hash

    def sign(self, message: bytes) -> bytes:
        """Sign under a fresh random nonce."""
        return self._fixed_length(self._key.sign(message, ec.ECDSA(self._scheme.hash)))

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign the message with that digest."""
        return self._fixed_length(self._key.sign(digest, ec.ECDSA(utils.Prehashed(self._scheme.hash))))

    def public(self) -> EcdsaPublic:
        """Give the public half."""
        return EcdsaPublic(self._scheme, self._key.public_key())

    def raw(self) -> bytes:
        """Give the scalar."""
        return self._scheme.curve.scalar(self._key)

    def _fixed_length(self, signature: bytes) -> bytes:
        width = self._scheme.curve.width
        r, s = utils.decode_dss_signature(signature)
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")


@dataclass(frozen=True, slots=True)
class EcdsaScheme(Scheme[EcdsaPrivate, EcdsaPublic]):
    """A curve together with the hash that it is used with."""

    curve: NistCurve
    hash: hashes.HashAlgorithm

    def generate(self) -> EcdsaPrivate:
        """Make a new key pair."""
        return EcdsaPrivate(self, ec.generate_private_key(self.curve.library_curve))

    def from_raw(self, material: bytes, *, private: bool) -> EcdsaPrivate | EcdsaPublic:
        """Read a scalar or an uncompressed point."""
        del private
        key = self.curve.read(material)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return EcdsaPrivate(self, key)
        return EcdsaPublic(self, key)

    def adopt_private(self, key: PrivateKeyTypes) -> EcdsaPrivate:
        """Take a private key of this curve."""
        return EcdsaPrivate(self, self.curve.adopt_private(key))

    def adopt_public(self, key: PublicKeyTypes) -> EcdsaPublic:
        """Take a public key of this curve."""
        return EcdsaPublic(self, self.curve.adopt_public(key))


P256_SHA256: Final = EcdsaScheme(P256, hashes.SHA256())
P384_SHA384: Final = EcdsaScheme(P384, hashes.SHA384())
P521_SHA512: Final = EcdsaScheme(P521, hashes.SHA512())
