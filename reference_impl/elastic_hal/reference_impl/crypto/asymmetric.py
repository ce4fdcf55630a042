"""The two halves of a key pair as every signature scheme has them, and strict readers of their encodings.

A scheme accepts a key in exactly one encoding a format: what another format or another spelling of the same key would
be is refused, so that two parties never disagree on what was imported.
"""

from abc import ABC, abstractmethod
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

AnyPrivateKey: TypeAlias = (
    ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
)
AnyPublicKey: TypeAlias = ed25519.Ed25519PublicKey | ed448.Ed448PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_SEQUENCE, _INTEGER = 0x30, 0x02
_ALGORITHMS: Final = {
    bytes.fromhex("06092a864886f70d010101"),  # rsaEncryption, RFC 8017 appendix C
    bytes.fromhex("06072a8648ce3d0201"),  # id-ecPublicKey, RFC 5480 section 2.1.1
    bytes.fromhex("06032b6570"),  # id-Ed25519, RFC 8410 section 3
    bytes.fromhex("06032b6571"),  # id-Ed448
}
"""Object identifiers in DER."""


class MaterialError(ValueError):
    """The material is not a key of the scheme, or the key has no such encoding. The text never holds material."""


class PublicHalf(ABC):
    """A public key of one scheme."""

    @property
    @abstractmethod
    def library_key(self) -> AnyPublicKey:
        """The key as the `cryptography` library has it."""

    @abstractmethod
    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` is one of `message`; False too for a signature of the wrong form."""

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
    def sign(self, message: bytes) -> bytes:
        """Sign `message`."""

    @abstractmethod
    def public(self) -> PublicHalf:
        """Give the public half."""

    @abstractmethod
    def raw(self) -> bytes:
        """Give the bare bytes, or raise `MaterialError` where the scheme has none."""

    def pkcs8(self) -> bytes:
        """Give DER of PKCS#8, not encrypted."""
        return self.library_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class Scheme(ABC):
    """One signature algorithm: how its keys come to be."""

    @abstractmethod
    def generate(self) -> PrivateHalf:
        """Make a new key pair."""

    @abstractmethod
    def from_raw(self, material: bytes, *, may_sign: bool) -> PrivateHalf | PublicHalf:
        """Read bare bytes. `may_sign` decides where a private and a public key have the same length."""

    @abstractmethod
    def adopt_private(self, key: PrivateKeyTypes) -> PrivateHalf:
        """Take a private key that was read, or raise `MaterialError` for one of another scheme."""

    @abstractmethod
    def adopt_public(self, key: PublicKeyTypes) -> PublicHalf:
        """Take a public key that was read, or raise `MaterialError` for one of another scheme."""


def read_pkcs8(material: bytes) -> PrivateKeyTypes:
    """Read PKCS#8. An RSA key is not validated yet: the library takes seconds for it, so its scheme does that."""
    if not _is_of_known_algorithm(material, has_version=True):
        raise MaterialError("the material is not one PKCS#8 structure in DER, with a key of a known algorithm")
    try:
        return load_der_private_key(material, None, unsafe_skip_rsa_key_validation=True)
    except Exception:  # hostile keys make the library fail in ways that it does not document
        raise MaterialError("the material is not an unencrypted private key in PKCS#8") from None


def read_spki(material: bytes) -> PublicKeyTypes:
    """Read SubjectPublicKeyInfo in its one DER encoding."""
    if not _is_of_known_algorithm(material, has_version=False):
        raise MaterialError("the material is not one SubjectPublicKeyInfo in DER, with a key of a known algorithm")
    try:
        key = load_der_public_key(material)
        encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # as above
        raise MaterialError("the material is not a public key in SubjectPublicKeyInfo") from None
    if encoded != material:
        raise MaterialError("the material is not SubjectPublicKeyInfo in the one encoding that DER has for it")
    return key


def _is_of_known_algorithm(material: bytes, *, has_version: bool) -> bool:
    """Look at the head of the structure before the library does.

    Both structures are a sequence that names the algorithm first, PKCS#8 after a version. What else the library reads
    under the same names is told apart by that: traditional encodings, other algorithms, bytes behind the end.
    """
    outer = _element(material, 0)
    if outer is None or outer[0] != _SEQUENCE or outer[2] != len(material):
        return False
    start = outer[1]
    if has_version:
        version = _element(material, start)
        if version is None or version[0] != _INTEGER:
            return False
        start = version[2]
    algorithm = _element(material, start)
    if algorithm is None or algorithm[0] != _SEQUENCE:
        return False
    identifier = _element(material, algorithm[1])
    return identifier is not None and material[algorithm[1] : identifier[2]] in _ALGORITHMS


def _element(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Read the head of a DER element: its tag, where its content starts, and where it ends."""
    if start + 2 > len(data):
        return None
    tag, length, content = data[start], data[start + 1], start + 2
    if length >= 0x80:
        width = length - 0x80
        if not 1 <= width <= 4 or content + width > len(data):
            return None
        length = int.from_bytes(data[content : content + width], "big")
        content += width
    end = content + length
    return (tag, content, end) if end <= len(data) else None
