"""A guest on AMD SEV-SNP: evidence is the processor's report over the claims, with the certificates of its key."""

import logging
from typing import Final

from elastic_hal.reference_impl.eat import HardwareEvidence, encode_hardware_evidence, report_data
from elastic_hal.runtime.platform import (
    Evidence,
    EvidenceRequest,
    Measurement,
    NoSealingKeyError,
    SealingKey,
    SealingRequest,
    SealingSource,
)

from ..kernel.devices import is_usable
from ..kernel.errors import KernelInterfaceError
from ..kernel.places import Places
from ..kernel.stated_claims import state_claims
from ..kernel.tsm_reports import TsmReport, request_report
from . import device
from .certificates import CertificateSource, CertificatesUnavailableError, in_chain_order
from .report_fields import OwnReport, read_own_report
from .sealing import DerivedKeys

PROVIDER: Final = "sev_guest"
_log = logging.getLogger(__name__)


class SevSnpPlatform:
    """The platform as its kernel shows it below one root. Safe to use from several threads."""

    name: Final = "sev-snp"
    platform_type: Final = "sev-snp"

    def __init__(self, places: Places, vmpl: int, certificates: CertificateSource) -> None:
        """Ask for a first report. Raises `PlatformError`."""
        self._places = places
        self._vmpl = vmpl
        self._certificates = certificates
        self._own = read_own_report(self._report(bytes(64)).report)
        self._keys = DerivedKeys(places.sev_guest, vmpl) if is_usable(places.sev_guest) else None

    @property
    def debug(self) -> bool:
        """True where the guest's policy lets the host debug it."""
        return self._own.debug

    @property
    def sealing_source(self) -> SealingSource | None:
        """The processor, where the device that derives keys may be opened."""
        return None if self._keys is None else SealingSource.PLATFORM

    @property
    def own_report(self) -> OwnReport:
        """What the processor says of this guest."""
        return self._own

    def measurements(self) -> tuple[Measurement, ...]:
        """Give the launch measurement."""
        return (Measurement("platform", "sha-384", self._own.measurement),)

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Have the processor sign the claims. Raises `PlatformError`."""
        claims = state_claims(request, self.platform_type)
        given = self._report(report_data(claims))
        table = self._table(given)
        data = encode_hardware_evidence(HardwareEvidence(claims, given.report, table))
        return Evidence("eat", data, () if table is None else in_chain_order(table))

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Give a key that the processor derives. Raises `PlatformError`."""
        if self._keys is None:
            raise NoSealingKeyError(f"{self._places.sev_guest} cannot be opened, and keys are derived nowhere else")
        return self._keys.key(request, self._own)

    def _report(self, data: bytes) -> TsmReport:
        """Ask for a report in the newer way where the kernel has it, else by the device."""
        if self._places.reports.is_dir():
            given = request_report(self._places.reports, PROVIDER, data, self._vmpl)
        else:
            given = device.request_report(self._places.sev_guest, data, self._vmpl)
        if read_own_report(given.report).report_data != data:
            raise KernelInterfaceError("the driver gave a report over other data than it was asked for")
        return given

    def _table(self, given: TsmReport) -> bytes | None:
        """Give the table of certificates; evidence without one is good, but its verifier needs them from elsewhere."""
        try:
            return self._certificates.table(given, read_own_report(given.report))
        except CertificatesUnavailableError as error:
            _log.warning("evidence goes out without certificates: %s", error)
            return None
