"""The claims beside a hardware report: what the runtime states, and what the hardware signs a digest of.

What the hardware states itself (its measurement, whether debugging is enabled, which device it is) is in its report and
nowhere else.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from .claim_sets import ClaimSet, WorkloadClaims, encode, read
from .errors import EvidenceError

TEE_PROFILE: Final = "tag:elastic-hal,2026:tee-2"
EARLIER_TEE_PROFILE: Final = "tag:elastic-hal,2026:tee"
"""Of evidence that states no purpose."""
HARDWARE_PLATFORMS: Final = ("sev-snp", "tdx")
TEE_SUBMODULES: Final = ("runtime", "workload")

_SET: Final = ClaimSet(TEE_PROFILE, EARLIER_TEE_PROFILE, TEE_SUBMODULES)


@dataclass(frozen=True, slots=True)
class TeeClaims(WorkloadClaims):
    """What the runtime states beside a hardware report. Measurements are those of runtime and workload, or none."""

    kind: ClassVar[ClaimSet] = _SET


def encode_tee_claims(claims: TeeClaims) -> bytes:
    """Encode deterministically. Raises `ValueError` for claims that the decoder would not take back."""
    encoded = encode(claims, {})
    if decode_tee_claims(encoded) != claims:
        order = ", ".join(TEE_SUBMODULES)
        raise ValueError(f"the claims cannot be stated: the measurements are not in the order {order}")
    return encoded


def decode_tee_claims(encoded: bytes) -> TeeClaims:
    """Decode claims of this profile, or raise `EvidenceError`."""
    _, shared = read(encoded, _SET)
    if shared["platform_type"] not in HARDWARE_PLATFORMS:
        raise EvidenceError(f"the platform type is none of {', '.join(HARDWARE_PLATFORMS)}")
    return TeeClaims(**shared)
