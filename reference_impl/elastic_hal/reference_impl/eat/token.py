"""The COSE_Sign1 envelope (RFC 9052 section 4.2) around the claims, with the signer's certificates in it.

Signing goes through `cwt`; reading goes through the strict decoder, so the two ends are independent of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cwt import COSE, COSEKey

from .cbor import Tagged, Value, decode, is_integer
from .errors import EvidenceError

MAX_TOKEN_BYTES: Final = 65_536
"""Longer input is refused before it is read."""
MAX_CERTIFICATES: Final = 8

_COSE_SIGN1_TAG: Final = 18
_ALGORITHM, _TYPE, _CERTIFICATES = 1, 16, 33
_MEDIA_TYPE: Final = "application/eat+cwt"
_ES384: Final = -35


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart, nothing of it believed yet."""

    algorithm: int
    certificates: tuple[bytes, ...]
    protected: bytes
    payload: bytes
    signature: bytes

    def signed_bytes(self) -> bytes:
        """Give what the signature covers: the Sig_structure of RFC 9052 section 4.4."""
        return bytes(cbor2.dumps(["Signature1", self.protected, b"", self.payload]))


def sign_token(payload: bytes, key: ec.EllipticCurvePrivateKey, certificates: Sequence[bytes]) -> bytes:
    """Sign `payload` with a P-384 key. `certificates` are DER, the signing key's own first."""
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    cose_key = COSEKey.from_pem(pem, alg="ES384")
    # RFC 9360: a single certificate stands alone, several form an array.
    chain = certificates[0] if len(certificates) == 1 else list(certificates)
    header = {_ALGORITHM: _ES384, _TYPE: _MEDIA_TYPE, _CERTIFICATES: chain}
    signer = COSE.new(deterministic_header=True)
    return bytes(signer.encode(payload, cose_key, protected=header, unprotected={}))


def parse_token(data: bytes) -> Token:
    """Take a token apart, or raise `EvidenceError`. Every byte of `data` is accounted for."""
    if len(data) > MAX_TOKEN_BYTES:
        raise EvidenceError(f"the evidence has {len(data)} bytes, more than {MAX_TOKEN_BYTES}")
    envelope = decode(data)
    if not isinstance(envelope, Tagged) or envelope.number != _COSE_SIGN1_TAG:
        raise EvidenceError("the evidence is not a COSE_Sign1 message")
    parts = envelope.value
    if not isinstance(parts, list) or len(parts) != 4:
        raise EvidenceError("the COSE_Sign1 message does not have its four parts")
    protected, unprotected, payload, signature = parts
    if not isinstance(protected, bytes) or not isinstance(payload, bytes) or not isinstance(signature, bytes):
        raise EvidenceError("the COSE_Sign1 message has a part of the wrong type")
    if unprotected != {}:
        raise EvidenceError("the COSE_Sign1 message has unprotected headers")
    header = decode(protected)
    if not isinstance(header, dict) or set(header) != {_ALGORITHM, _TYPE, _CERTIFICATES}:
        raise EvidenceError("the protected header does not have exactly algorithm, type and certificates")
    if header[_TYPE] != _MEDIA_TYPE:
        raise EvidenceError(f"the type of the message is not {_MEDIA_TYPE}")
    algorithm = header[_ALGORITHM]
    if not is_integer(algorithm):
        raise EvidenceError("the algorithm of the message is not an integer")
    return Token(algorithm, _certificates(header[_CERTIFICATES]), protected, payload, signature)


def _certificates(value: Value) -> tuple[bytes, ...]:
    listed = [value] if isinstance(value, bytes) else value
    if not isinstance(listed, list) or (isinstance(value, list) and len(value) < 2) or len(listed) > MAX_CERTIFICATES:
        raise EvidenceError(f"the certificate chain is not one certificate or a list of 2 to {MAX_CERTIFICATES}")
    certificates = tuple(entry for entry in listed if isinstance(entry, bytes) and entry)
    if len(certificates) != len(listed):
        raise EvidenceError("the certificate chain has an entry that is not a certificate")
    return certificates
