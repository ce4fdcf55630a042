"""The two halves of a key pair as every scheme has them, whatever it is for."""

from abc import ABC, abstractmethod
from typing import Generic, TypeAlias, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

AnyPrivateKey: TypeAlias = (
    ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
    | ec.EllipticCurvePrivateKey
    | rsa.RSAPrivateKey
    | x25519.X25519PrivateKey
)
AnyPublicKey: TypeAlias = (
    ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | ec.EllipticCurvePublicKey
    | rsa.RSAPublicKey
    | x25519.X25519PublicKey
)


class MaterialError(ValueError):
    """The material is not a key of the scheme, or the key has no such encoding. The text never holds material."""


class PublicHalf(ABC):
    """A public key of one scheme."""

    @property
    @abstractmethod
    def library_key(self) -> AnyPublicKey:
        """The key as the `cryptography` library has it."""

    @abstractmethod
    def raw(self) -> bytes:
        """Give the bare bytes, or raise `MaterialError` where the scheme has none."""

    def spki(self) -> bytes:
        """Give DER of SubjectPublicKeyInfo."""
        return self.library_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class PrivateHalf(ABC):
    """A private key of one scheme. The default repr shows no material, and stays."""

    @property
    @abstractmethod
    def library_key(self) -> AnyPrivateKey:
        """The key as the `cryptography` library has it."""

    @abstractmethod
    def public(self) -> PublicHalf:
        """Give the public half."""

    @abstractmethod
    def raw(self) -> bytes:
        """Give the bare bytes, or raise `MaterialError` where the scheme has none."""

    def pkcs8(self) -> bytes:
        """Give DER of PKCS#8, not encrypted."""
        return self.library_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class VerifyingHalf(PublicHalf):
    """A public key for signatures."""

    @abstractmethod
    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is one of `message`; False too for a signature of the wrong form."""


class SigningHalf(PrivateHalf):
    """A private key for signatures."""

    @abstractmethod
    def sign(self, message: bytes) -> bytes:
        """Sign `message`."""

    @abstractmethod
    def public(self) -> VerifyingHalf:
        """Give the public half."""


PrivateT_co = TypeVar("PrivateT_co", bound=PrivateHalf, covariant=True)
PublicT_co = TypeVar("PublicT_co", bound=PublicHalf, covariant=True)


class Scheme(ABC, Generic[PrivateT_co, PublicT_co]):
    """One algorithm with key pairs: how its keys come to be."""

    @abstractmethod
    def generate(self) -> PrivateT_co:
        """Make a new key pair."""

    @abstractmethod
    def from_raw(self, material: bytes, *, private: bool) -> PrivateT_co | PublicT_co:
        """Read bare bytes. `private` decides where a private and a public key have the same length."""

    @abstractmethod
    def adopt_private(self, key: PrivateKeyTypes) -> PrivateT_co:
        """Take a private key that was read, or raise `MaterialError` for one of another scheme."""

    @abstractmethod
    def adopt_public(self, key: PublicKeyTypes) -> PublicT_co:
        """Take a public key that was read, or raise `MaterialError` for one of another scheme."""
