"""The kinds of private keys that certificates of either end may have."""

from __future__ import annotations

from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

LEAST_RSA_BITS: Final = 2048
CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")

CertificateKey: TypeAlias = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)


def certificate_key(key: object) -> CertificateKey | None:
    """Give a key back where it is of one of these kinds."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key if key.key_size >= LEAST_RSA_BITS else None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key if key.curve.name in CURVES else None
    return key if isinstance(key, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else None
