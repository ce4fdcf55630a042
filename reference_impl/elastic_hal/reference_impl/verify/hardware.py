"""The appraisal of hardware evidence: claims of a runtime, and the report in which the processor signs their digest."""

import dataclasses
from dataclasses import dataclass
from typing import Final

from elastic_hal.reference_impl.eat import (
    EvidenceError,
    HardwareEvidence,
    TeeClaims,
    decode_tee_claims,
    parse_hardware_evidence,
    report_data,
)
from elastic_hal.runtime.platform import Measurement

from .appraisal import Appraisal, Check, EvidenceFormat, StatedClaims, Verdict
from .claim_checks import believe_stated, check_attested_key, check_measurement, check_nonce, check_purpose, check_time
from .context import Context
from .snp.appraise import appraise_report
from .tdx.appraise import appraise_quote

_WRAPPER: Final = "wrapper"
_SEV_SNP: Final = "sev-snp"
_NAMES: Final = ("nonce", "time of issue", "measurement runtime", "measurement workload", "attested key", "purpose")


@dataclass(frozen=True, slots=True)
class HardwareClaims:
    """What the runtime states, bound by what the hardware states."""

    token: TeeClaims
    hardware: StatedClaims

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The platform's by the hardware, then what the runtime states."""
        return (self.hardware.measurements[0], *self.token.measurements)

    def to_json(self) -> dict[str, object]:
        """Give both sets of claims in the form of a JSON document."""
        return {**self.token.to_json(), "hardware": self.hardware.to_json()}


def appraise_hardware(data: bytes, context: Context) -> Appraisal:
    """Appraise hardware evidence and list every check: the wrapper, the report inside, and the claims that it binds."""
    expected = "claims, and the report that binds them"
    try:
        evidence, claims = _parse(data)
    except EvidenceError as error:
        failed = Check(_WRAPPER, Verdict.FAIL, f"{len(data)} bytes", expected, str(error))
        skipped = (Check(name, Verdict.NOT_CHECKED) for name in _NAMES)
        return Appraisal((failed, *skipped), format=EvidenceFormat.HARDWARE)
    wrapper = Check(_WRAPPER, Verdict.PASS, f"{claims.platform_type}, {len(data)} bytes", expected)
    inner = _appraise_inside(evidence, claims, context)
    if inner.claims is None:
        skipped = (Check(name, Verdict.NOT_CHECKED) for name in _NAMES)
        return Appraisal((wrapper, *inner.checks, *skipped), format=EvidenceFormat.HARDWARE)
    stated = believe_stated(_check_claims(claims, context), inner.checks, context.policy)
    checks = (wrapper, *inner.checks, *stated)
    return Appraisal(checks, HardwareClaims(claims, inner.claims), inner.warnings, EvidenceFormat.HARDWARE)


def _parse(data: bytes) -> tuple[HardwareEvidence, TeeClaims]:
    evidence = parse_hardware_evidence(data)
    claims = decode_tee_claims(evidence.claims)
    if claims.platform_type == _SEV_SNP and evidence.aux is not None:
        raise EvidenceError("evidence of SEV-SNP has nothing beside claims, report and certificates")
    return evidence, claims


def _appraise_inside(evidence: HardwareEvidence, claims: TeeClaims, context: Context) -> Appraisal:
    logs = (*context.event_logs, *(() if evidence.aux is None else (evidence.aux,)))
    bound = dataclasses.replace(context, report_data=report_data(evidence.claims), event_logs=logs)
    if claims.platform_type == _SEV_SNP:
        return appraise_report(evidence.report, bound, evidence.certificates or b"")
    return appraise_quote(evidence.report, bound)


def _check_claims(claims: TeeClaims, context: Context) -> list[Check]:
    """Judge the claims, in the order of `_NAMES`. They count only where the report data binds them."""
    measured = {entry.name: entry for entry in claims.measurements}
    return [
        check_nonce(claims.nonce, context.nonce),
        check_time(claims.issued_at, context.policy, context.at),
        check_measurement("runtime", measured.get("runtime"), context.policy),
        check_measurement("workload", measured.get("workload"), context.policy),
        check_attested_key(claims.attested_key, context.policy),
        check_purpose(claims, context.policy),
    ]
