"""Appraisal of evidence for a relying party: importable on its own, without the WebAssembly engine.

`verify` judges evidence and lists every check; it never raises for the evidence that it is given.
"""

from elastic_hal.reference_impl.eat import Claims, DebugStatus, EvidenceError

from .appraisal import Appraisal, Check, EvidenceFormat, StatedClaims, Verdict, VerificationError
from .certificate_files import CertificateFileError, load_certificates, load_der_certificate, load_revocation_lists
from .dispatch import MAX_EVIDENCE_BYTES, evidence_format, verify
from .policy import AppraisalPolicy, AppraisalPolicyError, ReferenceValue

__all__ = [
    "MAX_EVIDENCE_BYTES",
    "Appraisal",
    "AppraisalPolicy",
    "AppraisalPolicyError",
    "CertificateFileError",
    "Check",
    "Claims",
    "DebugStatus",
    "EvidenceError",
    "EvidenceFormat",
    "ReferenceValue",
    "StatedClaims",
    "Verdict",
    "VerificationError",
    "evidence_format",
    "load_certificates",
    "load_der_certificate",
    "load_revocation_lists",
    "verify",
]
