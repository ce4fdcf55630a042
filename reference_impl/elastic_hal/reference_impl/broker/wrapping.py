"""Wrapping a secret to an attested key: HPKE in base mode (RFC 9180), one message, with the request as its info.

The KEM follows the kind of key: DHKEM(X25519, HKDF-SHA256) or DHKEM(P-256, HKDF-SHA256). KDF and AEAD are HKDF-SHA256
and AES-256-GCM. The info ties the ciphertext to one request, so that it cannot be passed off as the answer to another.
"""

from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import load_der_public_key

_INFO: Final = b"elastic-hal broker release 1\0"
_X25519: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_P256: Final = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_ENCAPSULATED_BYTES: Final = {_X25519: 32, _P256: 65}

RecipientKey = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey


class WrappingError(Exception):
    """Nothing can be wrapped to that key, or what came was not wrapped to ours. The text is the reason."""


def wrap(secret: bytes, spki: bytes, name: str, nonce: bytes) -> tuple[bytes, bytes]:
    """Encrypt `secret` to a public key (DER of SubjectPublicKeyInfo): the encapsulated key, and the ciphertext."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise WrappingError("the attested key is not a valid public key") from None
    try:
        if isinstance(key, x25519.X25519PublicKey):
            return _split(_X25519, _X25519.encrypt(secret, key, info=release_info(name, nonce)))
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            return _split(_P256, _P256.encrypt(secret, key, info=release_info(name, nonce)))
    except ValueError:  # of small order
        raise WrappingError("the attested key is of a group in which there are no secrets") from None
    raise WrappingError("the attested key is neither of X25519 nor of P-256, so that nothing can be wrapped to it")


def unwrap(key: RecipientKey, encapsulated: bytes, ciphertext: bytes, name: str, nonce: bytes) -> bytes:
    """Decrypt what was wrapped to our key for this request, or raise `WrappingError`."""
    suite = _X25519 if isinstance(key, x25519.X25519PrivateKey) else _P256
    try:
        if len(encapsulated) != _ENCAPSULATED_BYTES[suite]:
            raise WrappingError("the encapsulated key does not have its length")
        return suite.decrypt(encapsulated + ciphertext, key, info=release_info(name, nonce))
    except (InvalidTag, ValueError):
        raise WrappingError("what the broker sent is not wrapped to our key for this request") from None


def release_info(name: str, nonce: bytes) -> bytes:
    """Give the info of the encryption: domain, nonce with its length, name."""
    return _INFO + bytes([len(nonce)]) + nonce + name.encode()


def _split(suite: Suite, wrapped: bytes) -> tuple[bytes, bytes]:
    size = _ENCAPSULATED_BYTES[suite]
    return wrapped[:size], wrapped[size:]
