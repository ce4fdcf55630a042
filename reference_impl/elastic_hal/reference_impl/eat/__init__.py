"""The entity attestation token (RFC 9711) of this project, shared by signer and verifier: claims, envelope, CBOR.

It says how evidence looks, byte by byte; whether to believe it is the business of `elastic_hal.reference_impl.verify`.
"""

from .claims import PLATFORM_SIMULATED, PROFILE, Claims, DebugStatus, decode_claims, encode_claims
from .errors import EvidenceError
from .token import MAX_TOKEN_BYTES, Token, parse_token, sign_token

__all__ = [
    "MAX_TOKEN_BYTES",
    "PLATFORM_SIMULATED",
    "PROFILE",
    "Claims",
    "DebugStatus",
    "EvidenceError",
    "Token",
    "decode_claims",
    "encode_claims",
    "parse_token",
    "sign_token",
]
