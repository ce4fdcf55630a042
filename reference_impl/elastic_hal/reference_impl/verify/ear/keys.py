"""Keys that sign and verify attestation results: ECDSA on P-256, P-384 and P-521, and Ed25519, each with one name."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_KINDS: Final = "an EC key on P-256, P-384 or P-521, or an Ed25519 key"


class ResultKeyError(ValueError):
    """The key cannot be used for attestation results. The text says why."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A signature algorithm by its names in JOSE and COSE."""

    name: str
    number: int
    digest: hashes.HashAlgorithm
    half_bytes: int


_ECDSA: Final = {
    "secp256r1": Algorithm("ES256", -7, hashes.SHA256(), 32),
    "secp384r1": Algorithm("ES384", -35, hashes.SHA384(), 48),
    "secp521r1": Algorithm("ES512", -36, hashes.SHA512(), 66),
}
_EDDSA: Final = Algorithm("EdDSA", -8, hashes.SHA512(), 32)


def load_signing_key(content: bytes) -> SigningKey:
    """Read a private key in PEM without a password, or raise `ResultKeyError`."""
    try:
        key = serialization.load_pem_private_key(content, None)
    except TypeError:
        raise ResultKeyError("the key is protected by a password; give one without") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ResultKeyError(f"it holds no private key in PEM; needed is {_KINDS}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise ResultKeyError(f"the key is of another kind; needed is {_KINDS}")
    algorithm_of(key)
    return key


def load_public_key(content: bytes) -> PublicKey:
    """Read a public key, or that of a certificate, in PEM, or raise `ResultKeyError`."""
    try:
        if b"BEGIN CERTIFICATE" in content:
            key = x509.load_pem_x509_certificate(content).public_key()
        else:
            loaded = serialization.load_pem_public_key(content)
            key = loaded  # type: ignore[assignment]
    except (ValueError, UnsupportedAlgorithm):
        raise ResultKeyError(f"it holds no public key in PEM; needed is {_KINDS}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise ResultKeyError(f"the key is of another kind; needed is {_KINDS}")
    algorithm_of(key)
    return key


def algorithm_of(key: SigningKey | PublicKey) -> Algorithm:
    """Give the one algorithm that a key is used with."""
    if isinstance(key, ed25519.Ed25519PrivateKey | ed25519.Ed25519PublicKey):
        return _EDDSA
    algorithm = _ECDSA.get(key.curve.name)
    if algorithm is None:
        raise ResultKeyError(f"the curve {key.curve.name} is not used; needed is {_KINDS}")
    return algorithm


def sign(key: SigningKey, message: bytes) -> bytes:
    """Sign: with ECDSA r and s one behind the other, as JOSE and COSE have them."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    algorithm = algorithm_of(key)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(algorithm.digest)))
    return r.to_bytes(algorithm.half_bytes, "big") + s.to_bytes(algorithm.half_bytes, "big")


def is_signed(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether the key's owner signed the message."""
    algorithm = algorithm_of(key)
    if len(signature) != 2 * algorithm.half_bytes:
        return False
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        else:
            r = int.from_bytes(signature[: algorithm.half_bytes], "big")
            s = int.from_bytes(signature[algorithm.half_bytes :], "big")
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(algorithm.digest))
    except InvalidSignature:
        return False
    return True
