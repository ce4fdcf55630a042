"""The trustworthiness vector of an appraisal (draft-ietf-rats-ar4si): what was found, aspect by aspect, as numbers.

A missing aspect means that nothing is said of it. 2 to 31 affirm, 32 to 95 warn, and from 96 on there is reason not to
trust.
"""

from enum import IntEnum
from typing import Final

from elastic_hal.reference_impl.verify.appraisal import Appraisal, Check, Verdict

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
_CONTRAINDICATED: Final = 96
_UNRECOGNIZED: Final = 97
_CRYPTOGRAPHY_FAILED: Final = 99

_UP_TO_DATE: Final = "UpToDate"
_RECOGNITION: Final = ("certificate chain", "revocation", "product", "TCB of the key", "chip", "collateral")
_KNOWN_INSTANCE: Final = ("chip identifier", "fmspc", "ppid", "attested key", "allowed key", "allowed product")
_TCB: Final = ("TCB status", "advisories", "TCB evaluation", "minimum TCB", "minimum firmware", "mitigations")
_MODULE: Final = ("mr_seam", "mr_signer_seam")
_CONFIGURED: Final = (
    "debug state",
    "guest policy",
    "platform state",
    "migration agent",
    "VMPL",
    "host data",
    "mr_config_id",
    "mr_owner",
    "mr_owner_config",
    "mr_service_td",
    "td_attributes",
    "xfam",
)
_MEASURED: Final = (
    "measurement ",
    "mrtd",
    "rtmr",
    "event log",
    "image identifier",
    "family identifier",
    "minimum guest",
)
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
    """Give the tier of an appraisal as a whole, and its vector. A refused one is never better than contraindicated."""
    vector = _authentic(appraisal) if appraisal.claims is not None else {IDENTITY: _identity_failure(appraisal)}
    worst = max((Tier.of(value) for value in vector.values()), default=Tier.NONE)
    return (worst if appraisal.verdict is Verdict.PASS else Tier.CONTRAINDICATED), vector


def _authentic(appraisal: Appraisal) -> dict[str, int]:
    checks = appraisal.checks
    vector = {
        IDENTITY: _CONTRAINDICATED if _any_failed(checks, _KNOWN_INSTANCE) else _AFFIRMED,
        CONFIGURATION: _CONTRAINDICATED if _any_failed(checks, _CONFIGURED) else _AFFIRMED,
        HARDWARE: _hardware(appraisal),
    }
    executables = _executables(checks)
    if executables is not None:
        vector[EXECUTABLES] = executables
    opaque = _runtime_opaque(appraisal)
    if opaque is not None:
        vector[RUNTIME_OPAQUE] = opaque
    return vector


def _identity_failure(appraisal: Appraisal) -> int:
    """Tell a signer that nobody vouches for from bytes that are wrong."""
    return _UNRECOGNIZED if _any_failed(appraisal.checks, _RECOGNITION) else _CRYPTOGRAPHY_FAILED


def _hardware(appraisal: Appraisal) -> int:
    checks = appraisal.checks
    if _any_failed(checks, (_PLATFORM,)):
        return _UNRECOGNIZED
    if _any_failed(checks, (*_TCB, *_MODULE)):
        return _CONTRAINDICATED
    status = next((check.value for check in checks if check.name == "TCB status"), None)
    # A platform that the relying party allows although it is no hardware, or is known to be vulnerable, is no more
    # than tolerated.
    tolerated = not _is_hardware(checks) or (status is not None and not status.startswith(_UP_TO_DATE))
    return _VULNERABLE if tolerated else _AFFIRMED


def _executables(checks: tuple[Check, ...]) -> int | None:
    measured = [check for check in checks if check.name.startswith(_MEASURED)]
    if any(check.verdict is Verdict.FAIL for check in measured):
        return _CONTRAINDICATED
    approved = {check.name for check in measured if check.verdict is Verdict.PASS and _has_reference(check)}
    if not approved:
        return None
    return _AFFIRMED if "measurement workload" in approved else _APPROVED_BOOT


def _has_reference(check: Check) -> bool:
    return not check.name.startswith("event log")


def _runtime_opaque(appraisal: Appraisal) -> int | None:
    """Tell whether the memory is hidden from the host: on hardware it is, but for guests under a debugger."""
    debug = next((check.value for check in appraisal.checks if check.name == _DEBUG), None)
    if not _is_hardware(appraisal.checks) or debug is None:
        return None
    return _AFFIRMED if debug == "disabled" else _CONTRAINDICATED


def _is_hardware(checks: tuple[Check, ...]) -> bool:
    value = next((check.value for check in checks if check.name == _PLATFORM), None) or ""
    return bool(value) and "simulated" not in value and "emulated" not in value


def _any_failed(checks: tuple[Check, ...], names: tuple[str, ...]) -> bool:
    return any(check.verdict is Verdict.FAIL and check.name in names for check in checks)
