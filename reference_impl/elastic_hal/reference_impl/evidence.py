"""Evidence from the host's side: asking a platform for it. What it looks like is in `elastic_hal.reference_impl.eat`.

What is kept in a file is `Evidence.data` alone: the certificates are inside it too.
"""

import secrets
from pathlib import Path
from typing import Protocol, runtime_checkable

from cryptography import x509

from elastic_hal.common.files import FileError, read_file
from elastic_hal.common.text import counted
from elastic_hal.runtime.contents.bounds import MAX_COMPONENT_BYTES
from elastic_hal.runtime.errors import WorkloadNameError
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.platform import (
    Evidence,
    EvidencePurpose,
    EvidenceRequest,
    Measurement,
    Platform,
    PlatformError,
)

from .eat import EvidenceError, decode_tee_claims, parse_hardware_evidence
from .eat.claim_values import NONCE_BYTES
from .platforms.simulated import SimulatedPlatform
from .verify import CertificateFileError, EvidenceFormat, evidence_format, load_der_certificate
from .verify.tdx.errors import TdxError
from .verify.tdx.quote import parse_quote


class AttestationInputError(ValueError):
    """The nonce or the workload cannot be attested. The text says why."""


@runtime_checkable
class _BootLogged(Protocol):
    """A platform whose firmware leaves a log of the boot."""

    def boot_log(self) -> bytes | None:
        """Give the log; None where there is none."""
        ...


def boot_log(platform: Platform) -> bytes:
    """Give the log of what firmware and boot loader measured, which explains registers in the platform's evidence.

    Raises `AttestationInputError` for a platform that has none, and `PlatformError` where it cannot be read.
    """
    log = platform.boot_log() if isinstance(platform, _BootLogged) else None
    if log is None:
        raise AttestationInputError(f"platform {platform.name} leaves no log of its boot; tdx does")
    return log


def attest(platform: Platform, nonce: bytes, workload: Path | None = None) -> Evidence:
    """Get evidence over `nonce`: of the platform alone, or of platform, runtime and the component in a file.

    The workload is what the caller says it is, not something that runs: evidence of a running workload is what the
    workload itself asks for, and the purpose in it tells the two apart.

    Raises `AttestationInputError` for a nonce out of bounds or a file that cannot be read.
    """
    least, most = NONCE_BYTES
    if not least <= len(nonce) <= most:
        raise AttestationInputError(f"the nonce has {counted(len(nonce), 'byte')}; it must have {least} to {most}")
    if workload is None:
        return platform.evidence(_statement(nonce))
    try:
        identity = Identity(workload.stem, content_digest(read_file(workload, MAX_COMPONENT_BYTES)))
    except (FileError, WorkloadNameError) as error:
        raise AttestationInputError(str(error)) from None
    measurements = (runtime_measurement(), workload_measurement(identity))
    return platform.evidence(_statement(nonce, measurements))


def root_certificate(platform: Platform) -> x509.Certificate:
    """Get the root that evidence of a platform leads to, for whoever is to trust this very machine.

    Raises `PlatformError` where the platform's evidence comes without it.
    """
    if isinstance(platform, SimulatedPlatform):
        return platform.root_certificate
    chain = platform.evidence(_statement(secrets.token_bytes(NONCE_BYTES[1]))).certificates
    try:
        root = load_der_certificate(chain[-1]) if chain else None
    except CertificateFileError as error:
        raise PlatformError(f"the last certificate of the platform's evidence {error}") from None
    if root is None or root.subject != root.issuer:
        raise PlatformError("the evidence of this platform comes without its root certificate; get it from the vendor")
    return root


def registers_of_boot(platform: Platform) -> dict[str, bytes]:
    """Get what tells which software was booted besides the platform's measurement: on TDX, the registers by name.

    Empty elsewhere. Raises `PlatformError` where the platform makes no evidence that can be read.
    """
    evidence = platform.evidence(_statement(secrets.token_bytes(NONCE_BYTES[1]))).data
    if evidence_format(evidence) is not EvidenceFormat.HARDWARE:
        return {}
    try:
        parts = parse_hardware_evidence(evidence)
        if decode_tee_claims(parts.claims).platform_type != "tdx":
            return {}
        registers = parse_quote(parts.report).report.rtmrs
    except (EvidenceError, TdxError) as error:
        raise PlatformError(f"the evidence of this platform cannot be read: {error}") from None
    return {f"rtmr{number}": registers[number] for number in (1, 2) if any(registers[number])}


def _statement(nonce: bytes, measurements: tuple[Measurement, ...] = ()) -> EvidenceRequest:
    return EvidenceRequest(nonce, measurements, purpose=EvidencePurpose.HOST_STATEMENT)
