"""Appraisal of evidence for a relying party: importable on its own, without the WebAssembly engine.

`verify` judges evidence and lists every check; it never raises for the evidence that it is given.
"""

from elastic_hal.reference_impl.eat import Claims, DebugStatus, EvidenceError

from .appraisal import Appraisal, Check, Verdict, VerificationError
from .eat_evidence import verify
from .policy import AppraisalPolicy, AppraisalPolicyError, ReferenceValue

__all__ = [
    "Appraisal",
    "AppraisalPolicy",
    "AppraisalPolicyError",
    "Check",
    "Claims",
    "DebugStatus",
    "EvidenceError",
    "ReferenceValue",
    "Verdict",
    "VerificationError",
    "verify",
]
