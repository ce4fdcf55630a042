"""The signature of a token: which algorithms are allowed, and whether the key of a certificate made it.

An algorithm stands for curve and hash together, so that no header can pair a strong name with a weak key.
"""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from elastic_hal.reference_impl.eat import Token


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """An ECDSA algorithm of RFC 9053 section 2.1 on the one curve that it is allowed with here."""

    name: str
    curve: str
    hash: hashes.HashAlgorithm
    half_bytes: int


ALLOWED_ALGORITHMS: Final = {
    -7: SignatureAlgorithm("ES256", "secp256r1", hashes.SHA256(), 32),
    -35: SignatureAlgorithm("ES384", "secp384r1", hashes.SHA384(), 48),
    -36: SignatureAlgorithm("ES512", "secp521r1", hashes.SHA512(), 66),
}


def is_signed_by(token: Token, algorithm: SignatureAlgorithm, certificate: x509.Certificate) -> bool:
    """Tell whether the key of `certificate` signed the token with `algorithm`."""
    try:
        key = certificate.public_key()
    except Exception:  # a certificate's key is parsed here first, and a hostile one can fail in any way
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != algorithm.curve:
        return False
    if len(token.signature) != 2 * algorithm.half_bytes:
        return False
    r = int.from_bytes(token.signature[: algorithm.half_bytes], "big")
    s = int.from_bytes(token.signature[algorithm.half_bytes :], "big")
    try:
        key.verify(encode_dss_signature(r, s), token.signed_bytes(), ec.ECDSA(algorithm.hash))
    except InvalidSignature:
        return False
    return True
