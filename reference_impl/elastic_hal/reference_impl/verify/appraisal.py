"""What an appraisal found: one entry a check, so that a person and a program read the same reasons."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from elastic_hal.reference_impl.eat import WorkloadClaims
from elastic_hal.runtime.platform import Measurement


class StatedClaims(Protocol):
    """What authentic evidence states, whatever its format."""

    @property
    def token(self) -> WorkloadClaims | None:
        """What a runtime of this project states, where the evidence carries it."""
        ...

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What was measured, in the order platform, runtime, workload: the platform always, the others where stated."""
        ...

    def to_json(self) -> dict[str, object]:
        """Give every claim in the form of a JSON document."""
        ...


class EvidenceFormat(Enum):
    """The formats that evidence comes in, told apart by content."""

    TOKEN = "elastic-hal token"  # noqa: S105 - a format, not a secret
    HARDWARE = "elastic-hal hardware evidence"
    SNP_REPORT = "SEV-SNP report"
    TDX_QUOTE = "TDX quote"
    UNKNOWN = "unknown"


class VerificationError(Exception):
    """The evidence was refused. The text is the reason."""


class Verdict(Enum):
    """How a check, or the whole appraisal, came out."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, what had to be found, and why it failed or was left out."""

    name: str
    verdict: Verdict
    value: str | None = None
    expected: str | None = None
    detail: str | None = None

    def to_json(self) -> dict[str, str | None]:
        """Give the check in the form of JSON documents."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "value": self.value,
            "expected": self.expected,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Appraisal:
    """All checks, in the order they were made. `claims` are there only where signature and chain were good."""

    checks: tuple[Check, ...]
    claims: StatedClaims | None = None
    warnings: tuple[str, ...] = ()
    format: EvidenceFormat = EvidenceFormat.TOKEN

    @property
    def verdict(self) -> Verdict:
        """`PASS` where no check failed and the evidence was authentic; `FAIL` otherwise."""
        failed = any(check.verdict is Verdict.FAIL for check in self.checks)
        return Verdict.FAIL if failed or self.claims is None else Verdict.PASS

    @property
    def reason(self) -> str | None:
        """Why the evidence was refused: the first failed check; None where it was accepted."""
        for check in self.checks:
            if check.verdict is Verdict.FAIL:
                return f"{check.name}: {check.detail}" if check.detail else check.name
        return None

    def require(self) -> StatedClaims:
        """Give the claims of accepted evidence, or raise `VerificationError` with the reason."""
        if self.verdict is not Verdict.PASS or self.claims is None:
            raise VerificationError(self.reason or "the evidence was not appraised")
        return self.claims

    def require_token(self) -> WorkloadClaims:
        """Give what the runtime states in accepted evidence, or raise `VerificationError` with the reason."""
        token = self.require().token
        if token is None:
            raise VerificationError(f"a {self.format.value} does not say which workload or key it speaks for")
        return token

    def to_json(self) -> dict[str, object]:
        """Give the appraisal in the form of a JSON document."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "format": self.format.value,
            "warnings": list(self.warnings),
            "checks": [check.to_json() for check in self.checks],
            "claims": None if self.claims is None else self.claims.to_json(),
        }
