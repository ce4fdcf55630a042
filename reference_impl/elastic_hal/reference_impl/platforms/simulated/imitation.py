"""The simulated platform in the clothes of hardware: its evidence has the form of a SEV-SNP report or a TDX quote.

It is signed by the hierarchy that the emulator of that machine has, from the same files, and each certificate carries
the emulator's mark: a verifier takes it for what it is, and needs to be told to accept it. All else is as on the
simulated platform, which it says it is: the sealing key, and that its owner can look inside.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from elastic_hal.reference_impl.eat import HardwareEvidence, encode_hardware_evidence, report_data
from elastic_hal.reference_impl.verify.tdx.event_log import WORKLOAD, LoggedEvent, encode_log, own_event
from elastic_hal.runtime.platform import Evidence, EvidenceRequest, Measurement, SealingKey, SealingRequest

from ..emulator.guest import EmulatedGuest
from ..emulator.machines import open_snp_guest, open_tdx_guest, trust_files
from ..errors import PlatformOptionError
from ..kernel.stated_claims import state_claims
from ..sev_snp.certificates import in_chain_order
from ..tdx.certificates import certificates_of_quote
from ..tdx.measuring import REGISTER
from .platform import SimulatedPlatform


class ImitatingPlatform:
    """A simulated platform that gives another's form of evidence. Safe to use from several threads."""

    def __init__(
        self, simulated: SimulatedPlatform, imitated: str, guest: EmulatedGuest, trust: Mapping[str, Path]
    ) -> None:
        """Imitate a guest; `trust` are the files by which a verifier judges its evidence."""
        self.trust = trust
        self._lock = threading.Lock()
        self._events: list[LoggedEvent] = []
        self._simulated = simulated
        self._imitated = imitated
        self._guest = guest
        self.name: Final = f"{simulated.name}:{imitated}"
        self.platform_type: Final = simulated.platform_type
        self.debug: Final = simulated.debug
        self.sealing_source: Final = simulated.sealing_source

    def measurements(self) -> tuple[Measurement, ...]:
        """Give the launch measurement that the evidence states."""
        return (Measurement("platform", "sha-384", self._guest.launch_measurement),)

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Sign the claims as the imitated machine would. Raises `PlatformError` for what claims cannot state."""
        claims = state_claims(request, self._imitated)
        with self._lock:
            signed = self._guest.sign(report_data(claims), 0)
            event_log = encode_log(self._events) if self._events else None
        table = signed.auxiliary
        certificates = certificates_of_quote(signed.report) if table is None else in_chain_order(table)
        return Evidence(
            "eat", encode_hardware_evidence(HardwareEvidence(claims, signed.report, table, event_log)), certificates
        )

    def measure_workload(self, workload: Measurement) -> None:
        """Measure a workload into a register, where the imitated machine has any."""
        event = own_event(REGISTER, WORKLOAD, workload.value)
        with self._lock:
            if self._guest.registers() and event not in self._events:
                self._guest.extend_register(self._guest.registers()[REGISTER], event.digest)
                self._events.append(event)

    def boot_log(self) -> bytes | None:
        """Give the log of the boot; None where the imitated machine has none."""
        return self._guest.boot_log()

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Give the key that the simulated platform gives. Raises `SealingParametersError`."""
        return self._simulated.sealing_key(request)


def imitate(simulated: SimulatedPlatform, imitated: object, states: Path) -> ImitatingPlatform:
    """Make a machine ready to be imitated, with its keys where the emulator has them, in a directory below `states`.

    Raises `PlatformOptionError` for what cannot be imitated, and `StateError`.
    """
    directory = states / f"emulated-{imitated}"
    guest: EmulatedGuest
    match imitated:
        case "sev-snp":
            guest = open_snp_guest(directory)
        case "tdx":
            guest = open_tdx_guest(directory)
        case _:
            raise PlatformOptionError(f"platform simulated cannot imitate {imitated!r}; it can sev-snp and tdx")
    return ImitatingPlatform(simulated, str(imitated), guest, trust_files(directory, guest))
