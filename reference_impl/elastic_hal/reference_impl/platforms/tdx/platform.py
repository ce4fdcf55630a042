"""A guest on Intel TDX: evidence is a quote over the claims. There is no sealing key: that takes a key broker."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from elastic_hal.reference_impl.eat import HardwareEvidence, encode_hardware_evidence, report_data
from elastic_hal.runtime.platform import (
    Evidence,
    EvidenceRequest,
    Measurement,
    NoSealingKeyError,
    SealingKey,
    SealingRequest,
)

from ..kernel.devices import is_usable
from ..kernel.errors import KernelInterfaceError
from ..kernel.places import Places
from ..kernel.stated_claims import state_claims
from ..kernel.tsm_reports import request_report
from .boot_log import read_boot_log
from .certificates import certificates_of_quote
from .local_report import OwnTdReport, local_report, read_quote
from .measuring import WorkloadRegister, explains

PROVIDER: Final = "tdx_guest"
_log = logging.getLogger(__name__)


class TdxPlatform:
    """The platform as its kernel shows it below one root. Safe to use from several threads."""

    name: Final = "tdx"
    platform_type: Final = "tdx"
    sealing_source: Final = None

    def __init__(self, places: Places, register: WorkloadRegister) -> None:
        """Ask for a first report. Raises `PlatformError`."""
        self._places = places
        self._register = register
        nothing = bytes(64)
        if is_usable(places.tdx_guest):
            self._own = local_report(places.tdx_guest, nothing)
        else:
            self._own = read_quote(self._quote(nothing))

    @property
    def debug(self) -> bool:
        """True where the guest's attributes let the host debug it."""
        return self._own.debug

    @property
    def own_report(self) -> OwnTdReport:
        """What the TDX module says of this guest."""
        return self._own

    def measurements(self) -> tuple[Measurement, ...]:
        """Give MRTD, the measurement of what the guest was built from."""
        return (Measurement("platform", "sha-384", self._own.mrtd),)

    def measure_workload(self, workload: Measurement) -> None:
        """Measure a workload into its register, where the kernel has it."""
        if not self._register.is_usable:
            return
        try:
            self._register.measure(workload.value)
        except KernelInterfaceError as error:
            _log.warning("a workload is not measured into a register: %s", error)

    def boot_log(self) -> bytes:
        """Give what firmware and boot loader measured into the other registers. Raises `KernelInterfaceError`."""
        return read_boot_log(self._places.boot_log)

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Have the claims quoted, with the log of all workloads so far. Raises `PlatformError`."""
        claims = state_claims(request, self.platform_type)
        with self._event_log() as event_log:
            quote = self._quote(report_data(claims))
        if event_log is not None and not explains(event_log, read_quote(quote).workload_register):
            event_log = None  # somebody extended the register at this very moment
        data = encode_hardware_evidence(HardwareEvidence(claims, quote, None, event_log))
        return Evidence("eat", data, certificates_of_quote(quote))

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Refuse: TDX derives no keys. Raises `NoSealingKeyError`."""
        raise NoSealingKeyError("TDX has no key to seal with; a key broker can release one to attested guests")

    @contextlib.contextmanager
    def _event_log(self) -> Iterator[bytes | None]:
        """Keep the register as the log says until the quote is made."""
        if not self._register.is_usable:
            yield None
            return
        with contextlib.ExitStack() as stack:
            try:
                event_log = stack.enter_context(self._register.log())
            except KernelInterfaceError as error:
                # The claims name the workload too, so that evidence is good without the register.
                _log.warning("evidence goes out without the log of workloads: %s", error)
                event_log = None
            yield event_log

    def _quote(self, data: bytes) -> bytes:
        """Ask for a quote; zeros that drivers leave behind it are cut off by whoever reads it."""
        quote = request_report(self._places.reports, PROVIDER, data).report
        if read_quote(quote).report_data != data:
            raise KernelInterfaceError("the driver gave a quote over other data than it was asked for")
        return quote
