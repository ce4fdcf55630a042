"""The claims of the token: those of every set, the device, and whether somebody can look inside.

`docs/evidence.md` is the prose of this module.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, Final

from .cbor import Value, is_integer
from .claim_sets import ClaimSet, WorkloadClaims, encode, read
from .claim_values import DEBUG_STATUS, UEID, sized_bytes
from .errors import EvidenceError

PROFILE: Final = "tag:elastic-hal,2026:eat-2"
EARLIER_PROFILE: Final = "tag:elastic-hal,2026:eat"
"""Of tokens that state no purpose."""
PLATFORM_SIMULATED: Final = "simulated"
SUBMODULES: Final = ("platform", "runtime", "workload")

_SET: Final = ClaimSet(PROFILE, EARLIER_PROFILE, SUBMODULES, frozenset({UEID, DEBUG_STATUS}))


class DebugStatus(Enum):
    """Whether somebody can look into the environment (RFC 9711 section 4.2.9)."""

    ENABLED = 0
    DISABLED = 1
    DISABLED_SINCE_BOOT = 2
    DISABLED_PERMANENTLY = 3
    DISABLED_FULLY_AND_PERMANENTLY = 4


@dataclass(frozen=True, slots=True)
class Claims(WorkloadClaims):
    """What the token states. Its measurements come in the order platform, runtime, workload."""

    device: bytes = field(kw_only=True)
    debug: DebugStatus = field(kw_only=True)

    kind: ClassVar[ClaimSet] = _SET

    @property
    def token(self) -> "Claims":
        """These claims themselves: evidence of other formats has them beside what its hardware states."""
        return self

    def to_json(self) -> dict[str, object]:
        """Give the claims in the form of a JSON document."""
        own = {"debug": self.debug.name.lower().replace("_", "-"), "device": self.device.hex()}
        return {**WorkloadClaims.to_json(self), **own}


def encode_claims(claims: Claims) -> bytes:
    """Encode deterministically. Raises `ValueError` for claims that the decoder would not take back."""
    encoded = encode(claims, {UEID: claims.device, DEBUG_STATUS: claims.debug.value})
    if decode_claims(encoded) != claims:
        raise ValueError(f"the claims cannot be stated: the measurements are not in the order {', '.join(SUBMODULES)}")
    return encoded


def decode_claims(encoded: bytes) -> Claims:
    """Decode claims of our profile, or raise `EvidenceError`."""
    document, shared = read(encoded, _SET)
    if not any(measured.name == SUBMODULES[0] for measured in shared["measurements"]):
        raise EvidenceError("the submodules have no entry for the platform")
    return Claims(**shared, device=_device(document[UEID]), debug=_debug_status(document[DEBUG_STATUS]))


def _device(value: Value) -> bytes:
    identifier = sized_bytes(value, "device identifier", 17, 33)
    if identifier[0] != 1 or len(identifier) not in (17, 25, 33):
        raise EvidenceError("the device identifier is not a UEID of type RAND")
    return identifier


def _debug_status(value: Value) -> DebugStatus:
    if not is_integer(value) or value not in [status.value for status in DebugStatus]:
        raise EvidenceError("the debug status is none of RFC 9711")
    return DebugStatus(value)
