"""Evidence that a relying party can verify (CRY-15, CRY-16): what runs where, and which key it vouches for; and
appraising that of others.
"""

from __future__ import annotations

import base64

from .bindings.elastic_hal import attestation as _attestation
from .bindings.elastic_hal.attestation import (
    Appraisal,
    AttestationContext,
    Evidence,
    EvidenceFormat,
    Measurement,
    Target,
)
from .keys import HostKey

__all__ = [
    "Appraisal",
    "AttestationContext",
    "Evidence",
    "EvidenceFormat",
    "Measurement",
    "Target",
    "appraise",
    "attest",
    "measurements",
    "to_document",
]


def attest(nonce: bytes, *, key: HostKey | None = None, target: Target = Target.WORKLOAD) -> Evidence:
    """Gives evidence over the relying party's challenge of 8 to 64 bytes.

    With `key`, a private or public key, the evidence names its public part: whoever trusts the evidence can trust what
    the key signs. Raises AccessDenied where the policy does not grant attestation of that target.
    """
    with AttestationContext.load(target, None if key is None else key.handle) as context:
        return context.get_evidence(nonce)


def measurements(target: Target = Target.WORKLOAD) -> list[Measurement]:
    """The digests that evidence of the target states, in the order platform, runtime, workload."""
    with AttestationContext.load(target, None) as context:
        return context.measurements()


def appraise(policy: str, evidence: Evidence, nonce: bytes) -> Appraisal:
    """What evidence of somebody else proves, by a verification policy that the host's policy grants under that name.

    Raises VerificationFailed where the evidence is not authentic, does not answer `nonce`, or is not what the policy
    asks for; AccessDenied where there is no such grant. Nobody holds the key that evidence names only because they
    sent it: have them prove that too, as `attested_tls` does.
    """
    return _attestation.appraise(policy, evidence, nonce)


def to_document(evidence: Evidence) -> dict[str, object]:
    """The evidence as a value for JSON; bytes are base64."""
    return {
        "format": evidence.format.value,
        "evidence": base64.b64encode(evidence.data).decode(),
        "certificates": [base64.b64encode(certificate).decode() for certificate in evidence.certificates],
    }
