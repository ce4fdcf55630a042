"""What the sets of claims share: the values that each has, and how a set is written down and read.

A set is closed: a verifier cannot judge what it does not know, so that a new claim means a new profile.
"""

from dataclasses import dataclass
from typing import ClassVar, Final, TypedDict

import cbor2

from elastic_hal.runtime.platform import EvidencePurpose, Measurement

from .cbor import Key, Value, decode
from .claim_values import (
    CONFIRMATION,
    COSE_KEY,
    DIGEST,
    EAT_PROFILE,
    ISSUED_AT,
    NONCE,
    NONCE_BYTES,
    PLATFORM_TYPE,
    PURPOSE,
    SUBMODULES_KEY,
    confirmation,
    encode_digest,
    measurement,
    purpose,
    short_text,
    sized_bytes,
    time_of_issue,
)
from .cose_key import cose_key_from_spki
from .errors import EvidenceError

_SHARED: Final = frozenset({ISSUED_AT, NONCE, EAT_PROFILE, SUBMODULES_KEY, PLATFORM_TYPE})


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """A set: its profile, what may be measured, in order, and the claims that it requires beside the shared ones.

    `earlier_profile` is the one under which the same claims were stated before evidence had a purpose.
    """

    profile: str
    earlier_profile: str
    measured: tuple[str, ...]
    own: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class WorkloadClaims:
    """What a runtime states of itself and of the workload that asked, in a token or beside a hardware report.

    `issued_at` counts seconds since 1970 by the attester's clock; `attested_key` is DER of SubjectPublicKeyInfo;
    `measurements` come in the order of the set. `purpose` is None in evidence of the earlier profile alone.
    """

    nonce: bytes
    issued_at: int
    platform_type: str
    measurements: tuple[Measurement, ...] = ()
    attested_key: bytes | None = None
    purpose: EvidencePurpose | None = None

    kind: ClassVar[ClaimSet]

    @property
    def profile(self) -> str:
        """The profile that the claims are stated under."""
        return self.kind.earlier_profile if self.purpose is None else self.kind.profile

    @property
    def judged_purpose(self) -> EvidencePurpose:
        """The purpose to judge by. Where none is stated, a guest may have asked, who is trusted least."""
        return EvidencePurpose.GUEST if self.purpose is None else self.purpose

    def to_json(self) -> dict[str, object]:
        """Give the claims in the form of a JSON document."""
        return {
            "profile": self.profile,
            "purpose": None if self.purpose is None else self.purpose.value,
            "platform-type": self.platform_type,
            "nonce": self.nonce.hex(),
            "issued-at": self.issued_at,
            "measurements": {
                measured.name: f"{measured.algorithm}:{measured.value.hex()}" for measured in self.measurements
            },
            "attested-key": None if self.attested_key is None else self.attested_key.hex(),
        }


class SharedValues(TypedDict):
    """The values of `WorkloadClaims` by their names."""

    nonce: bytes
    issued_at: int
    platform_type: str
    measurements: tuple[Measurement, ...]
    attested_key: bytes | None
    purpose: EvidencePurpose | None


def encode(claims: WorkloadClaims, own: dict[int, object]) -> bytes:
    """Encode deterministically; `own` are the values of the claims that only this set has."""
    document: dict[int, object] = {
        ISSUED_AT: claims.issued_at,
        NONCE: claims.nonce,
        EAT_PROFILE: claims.profile,
        SUBMODULES_KEY: {measured.name: {DIGEST: encode_digest(measured)} for measured in claims.measurements},
        PLATFORM_TYPE: claims.platform_type,
        **own,
    }
    if claims.attested_key is not None:
        document[CONFIRMATION] = {COSE_KEY: cose_key_from_spki(claims.attested_key)}
    if claims.purpose is not None:
        document[PURPOSE] = claims.purpose.value
    return cbor2.dumps(document, canonical=True)


def read(encoded: bytes, kind: ClaimSet) -> tuple[dict[Key, Value], SharedValues]:
    """Read what has every claim of a set and no other, and the shared values in it, or raise `EvidenceError`."""
    document = decode(encoded)
    if not isinstance(document, dict):
        raise EvidenceError("the claims are not a map")
    # The profile is read first: of another profile, nothing else can be said.
    profile = document.get(EAT_PROFILE)
    if profile not in (kind.profile, kind.earlier_profile):
        raise EvidenceError(f"the claims are not of profile {kind.profile}, nor of {kind.earlier_profile}")
    has_purpose = profile == kind.profile
    required = _SHARED | kind.own | ({PURPOSE} if has_purpose else frozenset())
    missing = sorted(required - set(document), key=str)
    if missing:
        raise EvidenceError(f"claim {missing[0]} is missing")
    unknown = sorted(set(document) - required - {CONFIRMATION}, key=str)
    if unknown:
        raise EvidenceError(f"claim {unknown[0]!r} is not of profile {profile}")
    return document, {
        "nonce": sized_bytes(document[NONCE], "nonce", *NONCE_BYTES),
        "issued_at": time_of_issue(document[ISSUED_AT]),
        "platform_type": short_text(document[PLATFORM_TYPE], "platform type"),
        "measurements": _measurements(document[SUBMODULES_KEY], kind),
        "attested_key": confirmation(document[CONFIRMATION]) if CONFIRMATION in document else None,
        "purpose": purpose(document[PURPOSE]) if has_purpose else None,
    }


def _measurements(value: Value, kind: ClaimSet) -> tuple[Measurement, ...]:
    if not isinstance(value, dict):
        raise EvidenceError("the submodules are not a map")
    unknown = sorted(set(value) - set(kind.measured), key=str)
    if unknown:
        raise EvidenceError(f"submodule {unknown[0]!r} is not of profile {kind.profile}")
    return tuple(measurement(name, value[name]) for name in kind.measured if name in value)
