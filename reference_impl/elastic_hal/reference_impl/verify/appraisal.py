"""What an appraisal found: one entry a check, so that a person and a program read the same reasons."""

from dataclasses import dataclass
from enum import Enum

from elastic_hal.reference_impl.eat import Claims


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
    claims: Claims | None = None
    warnings: tuple[str, ...] = ()

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

    def require(self) -> Claims:
        """Give the claims of accepted evidence, or raise `VerificationError` with the reason."""
        if self.verdict is not Verdict.PASS or self.claims is None:
            raise VerificationError(self.reason or "the evidence was not appraised")
        return self.claims

    def to_json(self) -> dict[str, object]:
        """Give the appraisal in the form of a JSON document."""
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "warnings": list(self.warnings),
            "checks": [check.to_json() for check in self.checks],
            "claims": None if self.claims is None else _claims_to_json(self.claims),
        }


def _claims_to_json(claims: Claims) -> dict[str, object]:
    return {
        "profile": claims.profile,
        "platform-type": claims.platform_type,
        "debug": claims.debug.name.lower().replace("_", "-"),
        "device": claims.device.hex(),
        "nonce": claims.nonce.hex(),
        "issued-at": claims.issued_at,
        "measurements": {
            measured.name: f"{measured.algorithm}:{measured.value.hex()}" for measured in claims.measurements
        },
        "attested-key": None if claims.attested_key is None else claims.attested_key.hex(),
    }
