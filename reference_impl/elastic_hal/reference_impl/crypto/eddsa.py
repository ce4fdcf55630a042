"""Ed25519 and Ed448 (RFC 8032, pure form, empty context)."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from . import edwards
from .asymmetric import MaterialError, Scheme, SigningHalf, VerifyingHalf


class EdwardsPublic(VerifyingHalf):
    """A public key, known to be a strong point."""

    def __init__(self, key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) -> None:
        self._key = key

    @property
    def library_key(self) -> ed25519.Ed25519PublicKey | ed448.Ed448PublicKey:
        """The key as the library has it."""
        return self._key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def raw(self) -> bytes:
        """Give the encoded point."""
        return self._key.public_bytes_raw()


class EdwardsPrivate(SigningHalf):
    """A private key, which is a seed."""

    def __init__(self, key: ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) -> None:
        self._key = key

    @property
    def library_key(self) -> ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey:
        """The key as the library has it."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """Sign deterministically."""
        return self._key.sign(message)

    def public(self) -> EdwardsPublic:
        """Give the public half."""
        return EdwardsPublic(self._key.public_key())

    def raw(self) -> bytes:
        """Give the seed."""
        return self._key.private_bytes_raw()


@dataclass(frozen=True, slots=True)
class EdwardsScheme(Scheme[EdwardsPrivate, EdwardsPublic]):
    """One of the two curves."""

    name: str
    curve: edwards.Curve
    private_class: type[ed25519.Ed25519PrivateKey] | type[ed448.Ed448PrivateKey]
    public_class: type[ed25519.Ed25519PublicKey] | type[ed448.Ed448PublicKey]

    def generate(self) -> EdwardsPrivate:
        """Make a new key pair."""
        return EdwardsPrivate(self.private_class.generate())

    def from_raw(self, material: bytes, *, private: bool) -> EdwardsPrivate | EdwardsPublic:
        """Read a seed or an encoded point: both are equally long, so the use decides."""
        if len(material) != self.curve.encoded_bytes:
            raise MaterialError(f"a raw {self.name} key has {self.curve.encoded_bytes} bytes")
        if private:
            return EdwardsPrivate(self.private_class.from_private_bytes(material))
        self._check_point(material)
        return EdwardsPublic(self.public_class.from_public_bytes(material))

    def adopt_private(self, key: PrivateKeyTypes) -> EdwardsPrivate:
        """Take a private key of this curve."""
        if isinstance(key, self.private_class):
            return EdwardsPrivate(key)
        raise MaterialError(f"the material is a private key, but not of {self.name}")

    def adopt_public(self, key: PublicKeyTypes) -> EdwardsPublic:
        """Take a strong public key of this curve."""
        if isinstance(key, self.public_class):
            self._check_point(key.public_bytes_raw())
            return EdwardsPublic(key)
        raise MaterialError(f"the material is a public key, but not of {self.name}")

    def _check_point(self, encoded: bytes) -> None:
        if not edwards.is_strong_public_key(self.curve, encoded):
            raise MaterialError(f"the {self.name} public key is not a point of the curve, or of small order")


ED25519: Final = EdwardsScheme("Ed25519", edwards.ED25519, ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)
ED448: Final = EdwardsScheme("Ed448", edwards.ED448, ed448.Ed448PrivateKey, ed448.Ed448PublicKey)
