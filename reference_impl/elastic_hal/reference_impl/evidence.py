"""Evidence from the host's side: asking a platform for it. What it looks like is in `elastic_hal.reference_impl.eat`.

What is kept in a file is `Evidence.data` alone: the certificates are inside it too.
"""

from pathlib import Path

from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.platform import Evidence, EvidenceRequest, Platform

from .eat.claim_values import NONCE_BYTES


class AttestationInputError(ValueError):
    """The nonce or the workload cannot be attested. The text says why."""


def attest(platform: Platform, nonce: bytes, workload: Path | None = None) -> Evidence:
    """Get evidence over `nonce`: of the platform alone, or of platform, runtime and the component in a file.

    The workload is what the caller says it is, not something that runs: evidence of a running workload is what the
    workload itself asks for. Raises `AttestationInputError` for a nonce out of bounds or a file that cannot be read.
    """
    least, most = NONCE_BYTES
    if not least <= len(nonce) <= most:
        raise AttestationInputError(f"the nonce has {len(nonce)} bytes; it must have {least} to {most}")
    if workload is None:
        return platform.evidence(EvidenceRequest(nonce=nonce))
    try:
        identity = Identity(workload.stem, content_digest(workload.read_bytes()))
    except OSError as error:
        raise AttestationInputError(f"{workload}: cannot read the workload: {error.strerror}") from None
    measurements = (runtime_measurement(), workload_measurement(identity))
    return platform.evidence(EvidenceRequest(nonce=nonce, measurements=measurements))
