"""Diffie-Hellman on X25519 (RFC 7748) and the NIST curves (SP 800-56A): key pairs for agreement and for HPKE."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from ..bindings.elastic_hal import crypto as wit
from .asymmetric import MaterialError, PrivateHalf, PublicHalf, Scheme
from .nist_curves import P256, P384, P521, NistCurve, point

X25519_BYTES: Final = 32


class DhPublic(PublicHalf):
    """A public key, known to be in the group."""


class DhPrivate(PrivateHalf):
    """A private key."""

    @abstractmethod
    def exchange(self, peer: DhPublic) -> bytes:
        """Give the shared secret with the owner of a public key of the same group."""

    @abstractmethod
    def public(self) -> DhPublic:
        """Give the public half."""


class X25519Public(DhPublic):
    """A public key of X25519 whose order is not small."""

    def __init__(self, key: x25519.X25519PublicKey) -> None:
        self._key = key

    @property
    def library_key(self) -> x25519.X25519PublicKey:
        """The key as the library has it."""
        return self._key

    def raw(self) -> bytes:
        """Give the u coordinate."""
        return self._key.public_bytes_raw()


class X25519Private(DhPrivate):
    """A private key of X25519."""

    def __init__(self, key: x25519.X25519PrivateKey) -> None:
        self._key = key

    @property
    def library_key(self) -> x25519.X25519PrivateKey:
        """The key as the library has it."""
        return self._key

    def exchange(self, peer: DhPublic) -> bytes:
        """Give the shared secret."""
        if not isinstance(peer, X25519Public):
            raise TypeError("the keys are of different groups")
        return self._key.exchange(peer.library_key)

    def public(self) -> X25519Public:
        """Give the public half."""
        return X25519Public(self._key.public_key())

    def raw(self) -> bytes:
        """Give the scalar, as it was before its bits are fixed."""
        return self._key.private_bytes_raw()


@dataclass(frozen=True, slots=True)
class X25519Scheme(Scheme[X25519Private, X25519Public]):
    """X25519."""

    def generate(self) -> X25519Private:
        """Make a new key pair."""
        return X25519Private(x25519.X25519PrivateKey.generate())

    def from_raw(self, material: bytes, *, private: bool) -> X25519Private | X25519Public:
        """Read a scalar or a coordinate: both are equally long, so the use decides."""
        if len(material) != X25519_BYTES:
            raise MaterialError(f"a raw X25519 key has {X25519_BYTES} bytes")
        if private:
            return X25519Private(x25519.X25519PrivateKey.from_private_bytes(material))
        return self.adopt_public(x25519.X25519PublicKey.from_public_bytes(material))

    def adopt_private(self, key: PrivateKeyTypes) -> X25519Private:
        """Take a private key of X25519."""
        if isinstance(key, x25519.X25519PrivateKey):
            return X25519Private(key)
        raise MaterialError("the material is a private key, but not of X25519")

    def adopt_public(self, key: PublicKeyTypes) -> X25519Public:
        """Take a public key of X25519 that is not of small order.

        Every private key is a multiple of the cofactor, so that one exchange shows the order: the library refuses the
        zero that comes of a small one (RFC 7748, section 6.1).
        """
        if not isinstance(key, x25519.X25519PublicKey):
            raise MaterialError("the material is a public key, but not of X25519")
        try:
            x25519.X25519PrivateKey.generate().exchange(key)
        except ValueError:
            raise MaterialError("the X25519 public key is of small order") from None
        return X25519Public(key)


class EcdhPublic(DhPublic):
    """A public key on a NIST curve."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePublicKey:
        """The key as the library has it."""
        return self._key

    def raw(self) -> bytes:
        """Give the uncompressed point."""
        return point(self._key)


class EcdhPrivate(DhPrivate):
    """A private key on a NIST curve."""

    def __init__(self, curve: NistCurve, key: ec.EllipticCurvePrivateKey) -> None:
        self._curve = curve
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePrivateKey:
        """The key as the library has it."""
        return self._key

    def exchange(self, peer: DhPublic) -> bytes:
        """Give the x coordinate of the shared point."""
        if not isinstance(peer, EcdhPublic):
            raise TypeError("the keys are of different groups")
        return self._key.exchange(ec.ECDH(), peer.library_key)

    def public(self) -> EcdhPublic:
        """Give the public half."""
        return EcdhPublic(self._key.public_key())

    def raw(self) -> bytes:
        """Give the scalar."""
        return self._curve.scalar(self._key)


@dataclass(frozen=True, slots=True)
class EcdhScheme(Scheme[EcdhPrivate, EcdhPublic]):
    """ECDH on one curve."""

    curve: NistCurve

    def generate(self) -> EcdhPrivate:
        """Make a new key pair."""
        return EcdhPrivate(self.curve, ec.generate_private_key(self.curve.library_curve))

    def from_raw(self, material: bytes, *, private: bool) -> EcdhPrivate | EcdhPublic:
        """Read a scalar or an uncompressed point."""
        del private
        key = self.curve.read(material)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return EcdhPrivate(self.curve, key)
        return EcdhPublic(key)

    def adopt_private(self, key: PrivateKeyTypes) -> EcdhPrivate:
        """Take a private key of this curve."""
        return EcdhPrivate(self.curve, self.curve.adopt_private(key))

    def adopt_public(self, key: PublicKeyTypes) -> EcdhPublic:
        """Take a public key of this curve."""
        return EcdhPublic(self.curve.adopt_public(key))


X25519: Final = X25519Scheme()
ECDH_P256: Final = EcdhScheme(P256)
ECDH_P384: Final = EcdhScheme(P384)
ECDH_P521: Final = EcdhScheme(P521)

AGREEMENTS: Final[dict[wit.AgreementAlgorithm, Scheme[DhPrivate, DhPublic]]] = {
    wit.AgreementAlgorithm.X25519: X25519,
    wit.AgreementAlgorithm.ECDH_P256: ECDH_P256,
    wit.AgreementAlgorithm.ECDH_P384: ECDH_P384,
    wit.AgreementAlgorithm.ECDH_P521: ECDH_P521,
}
