"""Checks of what authentic evidence claims: freshness, platform, debug state, measurements, attested key."""

import dataclasses
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from elastic_hal.common.text import counted
from elastic_hal.reference_impl.eat import PLATFORM_SIMULATED, Claims, DebugStatus, WorkloadClaims
from elastic_hal.runtime.platform import EvidencePurpose, Measurement

from .appraisal import Check, Verdict
from .policy import AppraisalPolicy, ReferenceValue
from .policy_reader import NamedBytes

CLOCK_SKEW_SECONDS: Final = 300
"""How far the attester's clock may be ahead of the verifier's."""

MEASURED: Final = ("platform", "runtime", "workload")
_BOOTED: Final = ("measurement platform", "mrtd", "identity key", "author key")
"""Checks by which the processor tells what was booted, or who signed it."""
_STARTED: Final = ("rtmr1", "rtmr2")
_STATED: Final = ("measurement runtime", "measurement workload", "attested key", "purpose")
_UNKNOWN_IMAGE: Final = (
    "only the software in the guest says so, and the policy does not tell which that must be: name what is booted in"
    " [measurements.platform], on TDX in tdx.rtmr1 and tdx.rtmr2 too, or set allow_unknown_image to believe it"
)
CLAIM_CHECK_NAMES: Final = (
    "nonce",
    "time of issue",
    "platform type",
    "debug state",
    *(f"measurement {name}" for name in MEASURED),
    "attested key",
    "purpose",
)


def check_claims(claims: Claims, nonce: bytes | None, policy: AppraisalPolicy, at: datetime) -> list[Check]:
    """Judge the claims, in the order of `CLAIM_CHECK_NAMES`."""
    measured = {entry.name: entry for entry in claims.measurements}
    return [
        check_nonce(claims.nonce, nonce),
        check_time(claims.issued_at, policy, at),
        _check_platform_type(claims, policy),
        _check_debug(claims, policy),
        *(check_measurement(name, measured.get(name), policy) for name in MEASURED),
        check_attested_key(claims.attested_key, policy),
        check_purpose(claims, policy),
    ]


def check_nonce(answered: bytes, nonce: bytes | None) -> Check:
    """Compare the challenge that the evidence answers with the one that was given."""
    name, value = "nonce", answered.hex()
    if nonce is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "no nonce was given: the evidence may be a replay")
    if not hmac.compare_digest(answered, nonce):
        return Check(name, Verdict.FAIL, value, nonce.hex(), "the evidence answers another challenge")
    return Check(name, Verdict.PASS, value, nonce.hex())


def check_time(issued_at: int, policy: AppraisalPolicy, at: datetime) -> Check:
    """Judge the age of the evidence by the attester's clock."""
    name = "time of issue"
    issued = datetime.fromtimestamp(issued_at, UTC)
    value = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
    age = at.timestamp() - issued_at
    oldest = (
        f"at most {policy.max_age_seconds:g} seconds old" if policy.max_age_seconds is not None else "not in the future"
    )
    if age < -CLOCK_SKEW_SECONDS:
        return Check(name, Verdict.FAIL, value, oldest, "the evidence was issued in the future")
    if policy.max_age_seconds is not None and age > policy.max_age_seconds:
        return Check(name, Verdict.FAIL, value, oldest, f"the evidence is {counted(int(age), 'second')} old")
    return Check(name, Verdict.PASS, value, oldest)


def _check_platform_type(claims: Claims, policy: AppraisalPolicy) -> Check:
    name, value = "platform type", claims.platform_type
    if value != PLATFORM_SIMULATED:
        # Hardware speaks for itself in its own evidence; a token alone cannot claim to be one.
        return Check(
            name, Verdict.FAIL, value, PLATFORM_SIMULATED, "this profile does not carry evidence of that platform"
        )
    refusal = policy.refusal_of(value)
    if refusal is not None:
        return Check(name, Verdict.FAIL, value, ", ".join(policy.platforms or policy.bound_to), refusal)
    if not policy.allow_simulated:
        detail = "a simulated platform proves nothing about hardware; set allow_simulated to accept it"
        return Check(name, Verdict.FAIL, value, "a hardware platform", detail)
    return Check(
        name, Verdict.PASS, value, "simulated platforms are allowed", "simulated, proves nothing about hardware"
    )


def _check_debug(claims: Claims, policy: AppraisalPolicy) -> Check:
    name, value = "debug state", claims.debug.name.lower().replace("_", " ")
    if claims.debug is not DebugStatus.ENABLED:
        if claims.platform_type == PLATFORM_SIMULATED:
            detail = "a simulated platform is always in debug state, whatever it says"
            return Check(name, Verdict.FAIL, value, "enabled", detail)
        return Check(name, Verdict.PASS, value, "disabled")
    if policy.allow_debug:
        return Check(name, Verdict.PASS, value, "debug is allowed")
    if claims.platform_type == PLATFORM_SIMULATED and policy.allow_simulated:
        return Check(name, Verdict.PASS, value, "debug is allowed", "a simulated platform is always in debug state")
    detail = "the owner of the machine can look into the environment; set allow_debug to accept it"
    return Check(name, Verdict.FAIL, value, "disabled", detail)


def check_measurement(measured_name: str, measured: Measurement | None, policy: AppraisalPolicy) -> Check:
    """Compare a measurement, or its absence, with the reference values of its name."""
    name = f"measurement {measured_name}"
    value = None if measured is None else f"{measured.algorithm}:{measured.value.hex()}"
    trusted = policy.measurements.get(measured_name)
    if trusted is None:
        detail = "not stated by the evidence" if measured is None else "no reference value was given"
        return Check(name, Verdict.NOT_CHECKED, value, None, detail)
    expected = listed(trusted)
    if measured is None:
        return Check(name, Verdict.FAIL, None, expected, "the evidence does not state it")
    for reference in trusted:
        if (reference.algorithm, reference.value) == (measured.algorithm, measured.value):
            return Check(name, Verdict.PASS, value, expected, f"is {reference.label!r}")
    return Check(name, Verdict.FAIL, value, expected, "it is none of the reference values")


def check_attested_key(key: bytes | None, policy: AppraisalPolicy) -> Check:
    """Compare the key (DER of SubjectPublicKeyInfo) that the evidence vouches for, or its absence, with the policy."""
    name = "attested key"
    value = None if key is None else f"sha-256:{hashlib.sha256(key).hexdigest()}"
    if not policy.attested_keys:
        detail = "the evidence names no key" if key is None else "no reference value was given"
        return Check(name, Verdict.NOT_CHECKED, value, None, detail)
    expected = listed(policy.attested_keys)
    if key is None:
        return Check(name, Verdict.FAIL, None, expected, "the evidence names no key")
    for reference in policy.attested_keys:
        if hashlib.new(reference.algorithm.replace("-", ""), key).digest() == reference.value:
            return Check(name, Verdict.PASS, value, expected, f"is {reference.label!r}")
    return Check(name, Verdict.FAIL, value, expected, "it is none of the reference values")


def check_purpose(claims: WorkloadClaims, policy: AppraisalPolicy) -> Check:
    """Judge for whom and for what the evidence was made. Evidence that does not say so counts as a guest's."""
    name, purpose = "purpose", claims.judged_purpose.value
    value = purpose if claims.purpose is not None else f"not stated, so that it counts as {purpose}"
    if not policy.purposes:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no purpose")
    expected = ", ".join(policy.purposes)
    family, _, _ = purpose.partition("/")
    if purpose in policy.purposes or family in policy.purposes:
        return Check(name, Verdict.PASS, value, expected)
    if claims.judged_purpose is EvidencePurpose.GUEST:
        detail = "a guest asked for this evidence, and what is demanded is the host's own"
    else:
        detail = "the host made this evidence for something else"
    return Check(name, Verdict.FAIL, value, expected, detail)


def believe_stated(checks: Iterable[Check], hardware: Iterable[Check], policy: AppraisalPolicy) -> list[Check]:
    """Let no demand be met by the word of software of which nothing is known.

    A runtime states its own measurement, the workload's, the key and the purpose. The processor signs that something
    in the guest said so; that it was this runtime follows only from what was booted, which `hardware` are the checks
    of.
    """
    if policy.allow_unknown_image or is_known_image(list(hardware)):
        return list(checks)
    return [
        dataclasses.replace(check, verdict=Verdict.FAIL, detail=_UNKNOWN_IMAGE)
        if check.name in _STATED and check.verdict is Verdict.PASS
        else check
        for check in checks
    ]


def is_known_image(hardware: Sequence[Check]) -> bool:
    """Tell whether the policy compared what was booted, down to the software that states the claims."""
    if not any(check.name in _BOOTED and check.verdict is Verdict.PASS for check in hardware):
        return False
    # The MRTD of a TDX guest is of its firmware. What the firmware went on to start is in two registers, where it
    # started anything.
    started = (check for check in hardware if check.name in _STARTED)
    return all(check.verdict is Verdict.PASS or not check.value or not int(check.value, 16) for check in started)


def listed(references: Sequence[ReferenceValue | NamedBytes]) -> str:
    """Show trusted values with the names that an operator knows them by."""
    return ", ".join(f"{reference.label!r} {reference}" for reference in references)
