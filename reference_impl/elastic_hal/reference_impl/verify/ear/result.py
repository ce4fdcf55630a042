"""The claims of an attestation result, in the names that JSON has for them."""

import base64
import dataclasses
import enum
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from elastic_hal.reference_impl.verify.appraisal import Appraisal, EvidenceFormat
from elastic_hal.reference_impl.verify.policy import AppraisalPolicy

from .vector import trustworthiness

PROFILE: Final = "tag:ietf.org,2026:rats/ear#04"
DEVELOPER: Final = "elastic-hal"

LABELS: Final = {
    EvidenceFormat.TOKEN: "token",
    EvidenceFormat.HARDWARE: "guest",
    EvidenceFormat.SNP_REPORT: "sev-snp",
    EvidenceFormat.TDX_QUOTE: "tdx",
    EvidenceFormat.UNKNOWN: "unknown",
}
"""The label of the one submodule, by the format of the evidence."""

_LEAST_NONCE, _MOST_NONCE = 8, 64


def attestation_result(
    appraisal: Appraisal,
    evidence: bytes,
    *,
    policy: AppraisalPolicy,
    at: datetime,
    issued: datetime,
    nonce: bytes | None = None,
) -> dict[str, object]:
    """Make the claims of a result: `at` is the time that the evidence was judged by, `issued` the present one.

    The nonce is repeated where the evidence answered it and it has the 8 to 64 bytes that results carry.
    """
    tier, vector = trustworthiness(appraisal)
    statement: dict[str, object] = {
        "ear_status": tier.name.lower(),
        "ear_trustworthiness_vector": dict(vector),
        "ear_appraisal_policy_ids": [policy_identifier(policy)],
        "ear_verifier_claims": {
            "evidence_format": appraisal.format.value,
            "evidence_sha256": hashlib.sha256(evidence).hexdigest(),
            "judged_at": int(at.timestamp()),
            "verdict": appraisal.verdict.value,
            "reason": appraisal.reason,
            "warnings": list(appraisal.warnings),
            "checks": [check.to_json() for check in appraisal.checks],
        },
    }
    if appraisal.claims is not None:
        statement["ear_attester_claims"] = appraisal.claims.to_json()
    result: dict[str, object] = {
        "eat_profile": PROFILE,
        "iat": int(issued.astimezone(UTC).timestamp()),
        "ear_verifier_id": {"developer": DEVELOPER, "build": f"elastic-hal {_version()}"},
        "submods": {LABELS[appraisal.format]: statement},
    }
    if nonce is not None and appraisal.claims is not None and _LEAST_NONCE <= len(nonce) <= _MOST_NONCE:
        result["eat_nonce"] = base64.urlsafe_b64encode(nonce).rstrip(b"=").decode("ascii")
    return result


def policy_identifier(policy: AppraisalPolicy) -> str:
    """Name a policy by its content (RFC 6920): the same demands have the same name, wherever they were read from."""
    canonical = json.dumps(_plain(policy), sort_keys=True, separators=(",", ":"))
    digest = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=")
    return f"ni:///sha-256;{digest.decode('ascii')}"


def _plain(value: object) -> object:
    """Turn values of a policy into those of JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _version() -> str:
    try:
        return version("elastic-hal")
    except PackageNotFoundError:
        return "from source"
