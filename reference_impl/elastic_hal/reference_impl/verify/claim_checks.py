"""Checks of what authentic evidence claims: freshness, platform, debug state, measurements, attested key."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from elastic_hal.reference_impl.eat import PLATFORM_SIMULATED, Claims, DebugStatus

from .appraisal import Check, Verdict
from .policy import AppraisalPolicy, ReferenceValue

CLOCK_SKEW_SECONDS: Final = 300
"""How far the attester's clock may be ahead of the verifier's."""

_MEASURED: Final = ("platform", "runtime", "workload")
CLAIM_CHECK_NAMES: Final = (
    "nonce",
    "time of issue",
    "platform type",
    "debug state",
    *(f"measurement {name}" for name in _MEASURED),
    "attested key",
)


def check_claims(claims: Claims, nonce: bytes | None, policy: AppraisalPolicy, at: datetime) -> list[Check]:
    """Judge the claims, in the order of `CLAIM_CHECK_NAMES`."""
    return [
        _check_nonce(claims, nonce),
        _check_time(claims, policy, at),
        _check_platform_type(claims, policy),
        _check_debug(claims, policy),
        *(_check_measurement(claims, name, policy) for name in _MEASURED),
        _check_attested_key(claims, policy),
    ]


def _check_nonce(claims: Claims, nonce: bytes | None) -> Check:
    name, value = "nonce", claims.nonce.hex()
    if nonce is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "no nonce was given: the evidence may be a replay")
    if not hmac.compare_digest(claims.nonce, nonce):
        return Check(name, Verdict.FAIL, value, nonce.hex(), "the evidence answers another challenge")
    return Check(name, Verdict.PASS, value, nonce.hex())


def _check_time(claims: Claims, policy: AppraisalPolicy, at: datetime) -> Check:
    name = "time of issue"
    issued = datetime.fromtimestamp(claims.issued_at, UTC)
    value = f"{issued:%Y-%m-%dT%H:%M:%SZ}"
    age = at.timestamp() - claims.issued_at
    oldest = (
        f"at most {policy.max_age_seconds:g} seconds old" if policy.max_age_seconds is not None else "not in the future"
    )
    if age < -CLOCK_SKEW_SECONDS:
        return Check(name, Verdict.FAIL, value, oldest, "the evidence was issued in the future")
    if policy.max_age_seconds is not None and age > policy.max_age_seconds:
        return Check(name, Verdict.FAIL, value, oldest, f"the evidence is {int(age)} seconds old")
    return Check(name, Verdict.PASS, value, oldest)


def _check_platform_type(claims: Claims, policy: AppraisalPolicy) -> Check:
    name, value = "platform type", claims.platform_type
    if value != PLATFORM_SIMULATED:
        # Hardware speaks for itself in its own evidence; a token alone cannot claim to be one.
        return Check(
            name, Verdict.FAIL, value, PLATFORM_SIMULATED, "this profile does not carry evidence of that platform"
        )
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


def _check_measurement(claims: Claims, measured_name: str, policy: AppraisalPolicy) -> Check:
    name = f"measurement {measured_name}"
    measured = next((entry for entry in claims.measurements if entry.name == measured_name), None)
    value = None if measured is None else f"{measured.algorithm}:{measured.value.hex()}"
    trusted = policy.measurements.get(measured_name)
    if trusted is None:
        detail = "not stated by the evidence" if measured is None else "no reference value was given"
        return Check(name, Verdict.NOT_CHECKED, value, None, detail)
    expected = _listed(trusted)
    if measured is None:
        return Check(name, Verdict.FAIL, None, expected, "the evidence does not state it")
    for reference in trusted:
        if (reference.algorithm, reference.value) == (measured.algorithm, measured.value):
            return Check(name, Verdict.PASS, value, expected, f"is {reference.label!r}")
    return Check(name, Verdict.FAIL, value, expected, "it is none of the reference values")


def _check_attested_key(claims: Claims, policy: AppraisalPolicy) -> Check:
    name = "attested key"
    key = claims.attested_key
    value = None if key is None else f"sha-256:{hashlib.sha256(key).hexdigest()}"
    if not policy.attested_keys:
        detail = "the evidence names no key" if key is None else "no reference value was given"
        return Check(name, Verdict.NOT_CHECKED, value, None, detail)
    expected = _listed(policy.attested_keys)
    if key is None:
        return Check(name, Verdict.FAIL, None, expected, "the evidence names no key")
    for reference in policy.attested_keys:
        if hashlib.new(reference.algorithm.replace("-", ""), key).digest() == reference.value:
            return Check(name, Verdict.PASS, value, expected, f"is {reference.label!r}")
    return Check(name, Verdict.FAIL, value, expected, "it is none of the reference values")


def _listed(references: Sequence[ReferenceValue]) -> str:
    return ", ".join(f"{reference.label!r} {reference}" for reference in references)
