"""Evidence of this project, shared by signer and verifier: the entity attestation token (RFC 9711), and reports of
hardware with the claims that they bind.

It says how evidence looks, byte by byte; whether to believe it is the business of `elastic_hal.reference_impl.verify`.
"""

from .binding import (
    MAX_HARDWARE_EVIDENCE_BYTES,
    HardwareEvidence,
    encode_hardware_evidence,
    parse_hardware_evidence,
    report_data,
)
from .claim_sets import WorkloadClaims
from .claims import PLATFORM_SIMULATED, PROFILE, Claims, DebugStatus, decode_claims, encode_claims
from .errors import EvidenceError
from .tee_claims import TEE_PROFILE, TeeClaims, decode_tee_claims, encode_tee_claims
from .token import MAX_TOKEN_BYTES, Token, parse_token, sign_token

__all__ = [
    "MAX_HARDWARE_EVIDENCE_BYTES",
    "MAX_TOKEN_BYTES",
    "PLATFORM_SIMULATED",
    "PROFILE",
    "TEE_PROFILE",
    "Claims",
    "DebugStatus",
    "EvidenceError",
    "HardwareEvidence",
    "TeeClaims",
    "Token",
    "WorkloadClaims",
    "decode_claims",
    "decode_tee_claims",
    "encode_claims",
    "encode_hardware_evidence",
    "encode_tee_claims",
    "parse_hardware_evidence",
    "parse_token",
    "report_data",
    "sign_token",
]
