"""The curves of NIST (SP 800-186): reading and writing scalars and points, for signatures and for key agreement."""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .asymmetric import MaterialError

_UNCOMPRESSED: Final = 4


@dataclass(frozen=True, slots=True)
class NistCurve:
    """A curve with the order of its group."""

    name: str
    library_curve: ec.EllipticCurve
    order: int

    @property
    def width(self) -> int:
        """Bytes of a scalar and of a coordinate; on these three curves they are equally long."""
        return (self.order.bit_length() + 7) // 8

    def read(self, material: bytes) -> ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey:
        """Read a scalar or an uncompressed point: their lengths differ."""
        if len(material) == self.width:
            scalar = int.from_bytes(material, "big")
            if not 1 <= scalar < self.order:
                raise MaterialError(f"the {self.name} private key is not between 1 and the order of the curve")
            return ec.derive_private_key(scalar, self.library_curve)
        if len(material) == 1 + 2 * self.width and material[0] == _UNCOMPRESSED:
            return self.read_point(material)
        raise MaterialError(
            f"a raw {self.name} key is a scalar of {self.width} or an uncompressed point of {1 + 2 * self.width} bytes"
        )

    def read_point(self, material: bytes) -> ec.EllipticCurvePublicKey:
        """Read an uncompressed point. The groups have prime order, so that a point of the curve is in the group."""
        if len(material) != 1 + 2 * self.width or material[0] != _UNCOMPRESSED:
            raise MaterialError(f"the {self.name} public key is not an uncompressed point")
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(self.library_curve, material)
        except ValueError:
            raise MaterialError(f"the {self.name} public key is not a point of the curve") from None

    def adopt_private(self, key: PrivateKeyTypes) -> ec.EllipticCurvePrivateKey:
        """Take a private key of this curve."""
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == self.library_curve.name:
            return key
        raise MaterialError(f"the material is a private key, but not of {self.name}")

    def adopt_public(self, key: PublicKeyTypes) -> ec.EllipticCurvePublicKey:
        """Take a public key of this curve; the library has checked that it is on it."""
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == self.library_curve.name:
            return key
        raise MaterialError(f"the material is a public key, but not of {self.name}")

    def scalar(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        """Give the scalar of a private key."""
        return key.private_numbers().private_value.to_bytes(self.width, "big")


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Give the uncompressed point of a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


# Orders of the groups: SP 800-186, sections 3.2.1.3 to 3.2.1.5.
P256: Final = NistCurve(
    "P-256",
    ec.SECP256R1(),
    0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
)
P384: Final = NistCurve(
    "P-384",
    ec.SECP384R1(),
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_C7634D81_F4372DDF_581A0DB2_48B0A77A_ECEC196A_CCC52973,
)
P521: Final = NistCurve(
    "P-521",
    ec.SECP521R1(),
    int(
        "01FF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFA"
        "_51868783_BF2F966B_7FCC0148_F709A5D0_3BB5C9B8_899C47AE_BB6FB71E_91386409",
        16,
    ),
)
