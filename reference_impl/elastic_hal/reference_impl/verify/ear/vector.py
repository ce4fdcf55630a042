"""The trustworthiness vector of an appraisal (draft-ietf-rats-ar4si): what was found, aspect by aspect, as numbers.

A missing aspect means that nothing is said of it, since nothing was compared: what was only found is never affirmed.
2 to 31 affirm, 32 to 95 warn, and from 96 on there is reason not to trust.
"""

from enum import IntEnum
from typing import Final

from elastic_hal.reference_impl.verify.appraisal import Appraisal, Check, EvidenceFormat, Verdict
from elastic_hal.reference_impl.verify.claim_checks import is_known_image
from elastic_hal.reference_impl.verify.freshness import REPORT_DATA

IDENTITY, CONFIGURATION, EXECUTABLES, HARDWARE, RUNTIME_OPAQUE = (
    "instance-identity",
    "configuration",
    "executables",
    "hardware",
    "runtime-opaque",
)

_AFFIRMED: Final = 2
_APPROVED_BOOT: Final = 3
_VULNERABLE: Final = 32
_UNRECOGNIZED_EXECUTABLES: Final = 33
_CONTRAINDICATED: Final = 96
_UNRECOGNIZED: Final = 97
_CRYPTOGRAPHY_FAILED: Final = 99

_UP_TO_DATE: Final = "UpToDate"
_RECOGNITION: Final = ("certificate chain", "revocation", "product", "TCB of the key", "chip", "collateral")
_KNOWN_INSTANCE: Final = ("chip identifier", "ppid", "attested key")
_KNOWN_KIND: Final = ("fmspc", "allowed key", "allowed product")
_TCB: Final = (
    "TCB status",
    "advisories",
    "TCB evaluation",
    "minimum TCB",
    "minimum firmware",
    "provisional firmware",
    "mitigations",
)
_MODULE: Final = ("mr_seam", "mr_signer_seam")
_MINIMUM_TCB: Final = ("TCB status", "minimum TCB", "minimum firmware")
_NOT_ALLOWED: Final = ("debug state", "migration agent", "VMPL")
"""Checks that are always made; that a guest passes them says nothing of how it is configured."""
_CONFIGURED: Final = (
    "guest policy",
    "platform state",
    "host data",
    "mr_config_id",
    "mr_owner",
    "mr_owner_config",
    "mr_service_td",
    "td_attributes",
    "xfam",
)
_MEASURED: Final = ("measurement ", "mrtd", "rtmr", "identity key", "author key")
"""Checks that compare what runs, or whoever signed it, with reference values."""
_RESTRICTED: Final = ("event log", "image identifier", "family identifier", "minimum guest")
"""Checks that can tell against what runs, and say nothing for it: a host chooses such values, and a log explains."""
_DEBUG: Final = "debug state"
_PLATFORM: Final = "platform type"


class Tier(IntEnum):
    """How far to trust, with the numbers that stand for it in CBOR."""

    NONE = 0
    AFFIRMING = 2
    WARNING = 32
    CONTRAINDICATED = 96

    @classmethod
    def of(cls, value: int) -> "Tier":
        """Give the tier that a number of the vector lies in."""
        if value < _AFFIRMED:
            return cls.NONE
        return (
            cls.AFFIRMING if value < _VULNERABLE else cls.WARNING if value < _CONTRAINDICATED else cls.CONTRAINDICATED
        )


def trustworthiness(appraisal: Appraisal) -> tuple[Tier, dict[str, int]]:
    """Give the tier of an appraisal as a whole, and its vector. A refused one is never better than contraindicated.

    It is affirmed where the evidence is fresh and what runs was compared. It is warned of where it may be a replay, and
    nothing is said where what runs may be anything.
    """
    vector = _authentic(appraisal) if appraisal.claims is not None else {IDENTITY: _identity_failure(appraisal)}
    if appraisal.verdict is not Verdict.PASS:
        return Tier.CONTRAINDICATED, vector
    worst = max((Tier.of(value) for value in vector.values()), default=Tier.NONE)
    if worst in (Tier.WARNING, Tier.CONTRAINDICATED):
        return worst, vector
    if not _is_fresh(appraisal.checks):
        return Tier.WARNING, vector
    return (worst if EXECUTABLES in vector else Tier.NONE), vector


def _authentic(appraisal: Appraisal) -> dict[str, int]:
    checks = appraisal.checks
    aspects = {
        IDENTITY: _compared(checks, _KNOWN_INSTANCE, (*_KNOWN_INSTANCE, *_KNOWN_KIND)),
        CONFIGURATION: _compared(checks, _CONFIGURED, (*_CONFIGURED, *_NOT_ALLOWED)),
        HARDWARE: _hardware(appraisal),
        EXECUTABLES: _executables(appraisal),
        RUNTIME_OPAQUE: _runtime_opaque(appraisal),
    }
    return {aspect: value for aspect, value in aspects.items() if value is not None}


def _compared(checks: tuple[Check, ...], affirming: tuple[str, ...], failing: tuple[str, ...]) -> int | None:
    """Judge an aspect by checks that compare with what the policy names; None where it names nothing."""
    if _any_failed(checks, failing):
        return _CONTRAINDICATED
    return _AFFIRMED if _any_passed(checks, affirming) else None


def _identity_failure(appraisal: Appraisal) -> int:
    """Tell a signer that nobody vouches for from bytes that are wrong."""
    return _UNRECOGNIZED if _any_failed(appraisal.checks, _RECOGNITION) else _CRYPTOGRAPHY_FAILED


def _hardware(appraisal: Appraisal) -> int | None:
    checks = appraisal.checks
    if _any_failed(checks, (_PLATFORM,)):
        return _UNRECOGNIZED
    if _any_failed(checks, (*_TCB, *_MODULE)):
        return _CONTRAINDICATED
    status = next((check.value for check in checks if check.name == "TCB status"), None)
    # A platform that the relying party allows although it is no hardware, or is known to be vulnerable, is no more
    # than tolerated.
    if not _is_hardware(checks) or (status is not None and not status.startswith(_UP_TO_DATE)):
        return _VULNERABLE
    return _AFFIRMED if _any_passed(checks, _MINIMUM_TCB) else None


def _executables(appraisal: Appraisal) -> int | None:
    checks = appraisal.checks
    if any(check.verdict is Verdict.FAIL and check.name.startswith((*_MEASURED, *_RESTRICTED)) for check in checks):
        return _CONTRAINDICATED
    approved = {check.name for check in checks if check.verdict is Verdict.PASS and check.name.startswith(_MEASURED)}
    if not approved:
        return None
    stated = approved & {"measurement runtime", "measurement workload"}
    if stated and appraisal.format is not EvidenceFormat.TOKEN and not is_known_image(checks):
        return _UNRECOGNIZED_EXECUTABLES
    return _AFFIRMED if "measurement workload" in stated else _APPROVED_BOOT


def _is_fresh(checks: tuple[Check, ...]) -> bool:
    """Tell whether the evidence answers a challenge: as a claim, else as the report data itself."""
    answers = {check.name: check.verdict for check in checks if check.name in ("nonce", REPORT_DATA)}
    return answers.get("nonce", answers.get(REPORT_DATA)) is Verdict.PASS


def _runtime_opaque(appraisal: Appraisal) -> int | None:
    """Tell whether the memory is hidden from the host: on hardware it is, but for guests under a debugger."""
    debug = next((check.value for check in appraisal.checks if check.name == _DEBUG), None)
    if not _is_hardware(appraisal.checks) or debug is None:
        return None
    return _AFFIRMED if debug == "disabled" else _CONTRAINDICATED


def _is_hardware(checks: tuple[Check, ...]) -> bool:
    value = next((check.value for check in checks if check.name == _PLATFORM), None) or ""
    return bool(value) and "simulated" not in value and "emulated" not in value


def _any_passed(checks: tuple[Check, ...], names: tuple[str, ...]) -> bool:
    return any(check.verdict is Verdict.PASS and check.name in names for check in checks)


def _any_failed(checks: tuple[Check, ...], names: tuple[str, ...]) -> bool:
    return any(check.verdict is Verdict.FAIL and check.name in names for check in checks)
