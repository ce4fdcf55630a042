"""What an authentic quote states, with what the collateral says about the machine."""

from dataclasses import asdict, dataclass

from elastic_hal.runtime.platform import Measurement

from .quote import BODY_TYPES, TdReportExtension, TdxQuote

PLATFORM_BITS = ("dynamic-platform", "cached-keys", "smt")
"""What a machine's certificate may say of its configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcbState:
    """What the collateral says about the TCB. `status` is the worse of the machine's and its quoting enclave's."""

    status: str
    machine_status: str
    enclave_status: str
    advisories: tuple[str, ...]
    evaluation: int
    tcb_date: int
    expires: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the machine's certificate states. `platform` maps `PLATFORM_BITS` to yes, no, or None where not stated."""

    fmspc: bytes
    ppid: bytes
    instance_id: bytes | None
    cpu_svn: bytes
    pce_svn: int
    pce_id: bytes
    authority: str
    platform: dict[str, bool | None]


@dataclass(frozen=True, slots=True)
class TdxClaims:
    """The quote, the TCB, the machine, and the workload where an event log that replays names exactly one."""

    quote: TdxQuote
    tcb: TcbState
    machine: Machine
    emulated: bool
    workload: Measurement | None = None

    @property
    def token(self) -> None:
        """None: a quote by itself says nothing of tokens or keys."""
        return

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """MRTD, as that of the platform, and the workload where the event log tells it."""
        platform = Measurement("platform", "sha-384", self.quote.report.mrtd)
        return (platform,) if self.workload is None else (platform, self.workload)

    def to_json(self) -> dict[str, object]:
        """Give every field, bytes as hexadecimal digits."""
        quote, report, enclave = self.quote, self.quote.report, self.quote.enclave
        return {
            "quote_version": quote.version,
            "body": BODY_TYPES[quote.body_type],
            "trailing_bytes": quote.trailing,
            "qe_svn": quote.qe_svn,
            "pce_svn": quote.pce_svn,
            "user_data": quote.user_data.hex(),
            "tee_tcb_svn": report.tee_tcb_svn.hex(),
            "mr_seam": report.mr_seam.hex(),
            "mr_signer_seam": report.mr_signer_seam.hex(),
            "seam_attributes": report.seam_attributes.hex(),
            "td_attributes": report.td_attributes.hex(),
            "debug": quote.debug,
            "xfam": report.xfam.hex(),
            "mrtd": report.mrtd.hex(),
            "mr_config_id": report.mr_config_id.hex(),
            "mr_owner": report.mr_owner.hex(),
            "mr_owner_config": report.mr_owner_config.hex(),
            **{f"rtmr{number}": register.hex() for number, register in enumerate(report.rtmrs)},
            "report_data": report.report_data.hex(),
            "tee_tcb_svn2": None if report.tee_tcb_svn2 is None else report.tee_tcb_svn2.hex(),
            "mr_service_td": None if report.mr_service_td is None else report.mr_service_td.hex(),
            "extension": None if report.extension is None else _extension(report.extension),
            "tcb_status": self.tcb.status,
            "advisory_ids": list(self.tcb.advisories),
            "machine_tcb_status": self.tcb.machine_status,
            "enclave_tcb_status": self.tcb.enclave_status,
            "tcb_evaluation": self.tcb.evaluation,
            "tcb_date": self.tcb.tcb_date,
            "collateral_expires": self.tcb.expires,
            "fmspc": self.machine.fmspc.hex(),
            "ppid": self.machine.ppid.hex(),
            "platform_instance_id": None if self.machine.instance_id is None else self.machine.instance_id.hex(),
            "cpu_svn": self.machine.cpu_svn.hex(),
            "pck_pce_svn": self.machine.pce_svn,
            "pce_id": self.machine.pce_id.hex(),
            "pck_ca": self.machine.authority,
            "platform": self.machine.platform,
            "quoting_enclave": {
                "cpu_svn": enclave.cpu_svn.hex(),
                "attributes": enclave.attributes.hex(),
                "mr_enclave": enclave.mr_enclave.hex(),
                "mr_signer": enclave.mr_signer.hex(),
                "product": enclave.product,
                "svn": enclave.svn,
            },
            "workload": None if self.workload is None else self.workload.value.hex(),
            "emulated": self.emulated,
        }


def _extension(extension: TdReportExtension) -> dict[str, object]:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in asdict(extension).items()}
