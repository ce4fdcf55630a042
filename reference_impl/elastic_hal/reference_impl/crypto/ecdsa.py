"""ECDSA on the NIST curves (FIPS 186-5), with signatures as r and s, each as wide as the order (IEEE P1363)."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .asymmetric import MaterialError, PrivateHalf, PublicHalf, Scheme

_UNCOMPRESSED: Final = 4


@dataclass(frozen=True, slots=True)
class EcdsaScheme(Scheme):
    """A curve together with the hash that it is used with."""

    name: str
    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm
    order: int

    @property
    def width(self) -> int:
        """Bytes of a scalar and of a coordinate; on these three curves they are equally long."""
        return (self.order.bit_length() + 7) // 8

    def generate(self) -> "EcdsaPrivate":
        """Make a new key pair."""
        return EcdsaPrivate(self, ec.generate_private_key(self.curve))

    def from_raw(self, material: bytes, *, may_sign: bool) -> "EcdsaPrivate | EcdsaPublic":
        """Read a scalar or an uncompressed point: their lengths differ."""
        del may_sign
        if len(material) == self.width:
            return self._private_from_scalar(int.from_bytes(material, "big"))
        if len(material) == 1 + 2 * self.width and material[0] == _UNCOMPRESSED:
            try:
                return EcdsaPublic(self, ec.EllipticCurvePublicKey.from_encoded_point(self.curve, material))
            except ValueError:
                raise MaterialError(f"the {self.name} public key is not a point of the curve") from None
        raise MaterialError(
            f"a raw {self.name} key is a scalar of {self.width} or an uncompressed point of {1 + 2 * self.width} bytes"
        )

    def adopt_private(self, key: PrivateKeyTypes) -> "EcdsaPrivate":
        """Take a private key of this curve."""
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == self.curve.name:
            return EcdsaPrivate(self, key)
        raise MaterialError(f"the material is a private key, but not of {self.name}")

    def adopt_public(self, key: PublicKeyTypes) -> "EcdsaPublic":
        """Take a public key of this curve; the library has checked that it is on it."""
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == self.curve.name:
            return EcdsaPublic(self, key)
        raise MaterialError(f"the material is a public key, but not of {self.name}")

    def _private_from_scalar(self, scalar: int) -> "EcdsaPrivate":
        if not 1 <= scalar < self.order:
            raise MaterialError(f"the {self.name} private key is not between 1 and the order of the curve")
        return EcdsaPrivate(self, ec.derive_private_key(scalar, self.curve))


class EcdsaPublic(PublicHalf):
    """A public key on its curve."""

    def __init__(self, scheme: EcdsaScheme, key: ec.EllipticCurvePublicKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePublicKey:
        """The key as the library has it."""
        return self._key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid; its length and the ranges of r and s are checked before."""
        width, order = self._scheme.width, self._scheme.order
        if len(signature) != 2 * width:
            return False
        r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
        if not (1 <= r < order and 1 <= s < order):
            return False
        try:
            self._key.verify(encode_dss_signature(r, s), message, ec.ECDSA(self._scheme.hash))
        except InvalidSignature:
            return False
        return True

    def raw(self) -> bytes:
        """Give the uncompressed point."""
        return self._key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


class EcdsaPrivate(PrivateHalf):
    """A private key of its curve."""

    def __init__(self, scheme: EcdsaScheme, key: ec.EllipticCurvePrivateKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> ec.EllipticCurvePrivateKey:
        """The key as the library has it."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """Sign under a fresh random nonce."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(self._scheme.hash)))
        return r.to_bytes(self._scheme.width, "big") + s.to_bytes(self._scheme.width, "big")

    def public(self) -> EcdsaPublic:
        """Give the public half."""
        return EcdsaPublic(self._scheme, self._key.public_key())

    def raw(self) -> bytes:
        """Give the scalar."""
        return self._key.private_numbers().private_value.to_bytes(self._scheme.width, "big")


# Orders of the groups: SP 800-186, sections 3.2.1.3 to 3.2.1.5.
P256_SHA256: Final = EcdsaScheme(
    "P-256",
    ec.SECP256R1(),
    hashes.SHA256(),
    0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
)
P384_SHA384: Final = EcdsaScheme(
    "P-384",
    ec.SECP384R1(),
    hashes.SHA384(),
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_C7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
)
P521_SHA512: Final = EcdsaScheme(
    "P-521",
    ec.SECP521R1(),
    hashes.SHA512(),
    int(
        "01FF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFA"
        "_51868783_BF2F966B_7FCC0148_F709A5D0_3BB5C9B8_899C47AE_BB6FB71E_91386409",
        16,
    ),
)
