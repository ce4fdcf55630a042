"""What an authentic report states, with the product known and so every TCB version readable."""

from dataclasses import dataclass

from elastic_hal.runtime.platform import Measurement

from .certificates import SigningKey
from .report import GUEST_POLICY_BITS, PLATFORM_BITS, SnpReport
from .tcb import Product, Tcb

_ECDSA_P384_SHA384 = 1


@dataclass(frozen=True, slots=True)
class SnpClaims:
    """The report, the key that signed it, and the TCB versions by name: reported, current, committed, launch."""

    report: SnpReport
    key: SigningKey
    product: Product
    tcb: dict[str, Tcb]
    emulated: bool

    @property
    def token(self) -> None:
        """Nothing: a report by itself does not speak of workloads or keys."""
        return

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """The launch measurement, as that of the platform."""
        return (Measurement("platform", "sha-384", self.report.measurement),)

    @property
    def is_provisional(self) -> bool:
        """Whether newer firmware runs than the platform has committed to."""
        report = self.report
        return bool(self.tcb["current"].parts_above(self.tcb["committed"])) or report.current > report.committed

    def chip_id(self) -> bytes | None:
        """Tell the chip: by the report, else, where the host masks it there, by the key's certificate."""
        return self.report.chip_id if any(self.report.chip_id) else self.key.chip_id

    def to_json(self) -> dict[str, object]:
        """Give every field under AMD's name for it, bytes as hexadecimal digits."""
        report = self.report
        return {
            "version": report.version,
            "guest_svn": report.guest_svn,
            "policy": report.policy,
            "policy_bits": set_bits(report.policy, GUEST_POLICY_BITS),
            "policy_abi": f"{report.policy >> 8 & 0xFF}.{report.policy & 0xFF}",
            "family_id": report.family_id.hex(),
            "image_id": report.image_id.hex(),
            "vmpl": report.vmpl,
            "sig_algo": _ECDSA_P384_SHA384,
            "platform_info": report.platform_info,
            "platform_bits": set_bits(report.platform_info, PLATFORM_BITS),
            "author_key_en": int(report.author_key_enabled),
            "mask_chip_key": int(report.mask_chip_key),
            "signing_key": report.signing_key,
            "report_data": report.report_data.hex(),
            "measurement": report.measurement.hex(),
            "host_data": report.host_data.hex(),
            "id_key_digest": report.id_key_digest.hex(),
            "author_key_digest": report.author_key_digest.hex(),
            "report_id": report.report_id.hex(),
            "report_id_ma": report.report_id_ma.hex(),
            "chip_id": report.chip_id.hex(),
            "cpuid": None if report.cpuid is None else list(report.cpuid),
            "product": self.product.value,
            **{f"{name}_tcb": tcb.to_json() for name, tcb in self.tcb.items()},
            "current_ver": bytes(report.current).hex(),
            "committed_ver": bytes(report.committed).hex(),
            "launch_mit_vector": report.launch_mitigations,
            "current_mit_vector": report.current_mitigations,
            "emulated": self.emulated,
            "vek": {
                "type": self.key.kind,
                "struct_version": self.key.structure_version,
                **self.key.tcb.to_json(),
                "product": self.key.product_name,
                "hwid": None if self.key.hardware_id is None else self.key.hardware_id.hex(),
                "csp_id": self.key.provider,
            },
        }


def set_bits(value: int, names: dict[str, int]) -> list[str]:
    """Name the bits that are set."""
    return [name for name, bit in names.items() if value >> bit & 1]
