"""The bytes of an attestation report before its signature, by fields: the other direction of the verifier's parser."""

from dataclasses import dataclass, field
from typing import Final

from elastic_hal.reference_impl.verify.snp.report import SIGNED_BYTES
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb, encode_tcb

PLAIN_POLICY: Final = 0x30000
"""Guest policy of a guest without debugging: multithreading allowed, and the bit that must be one."""

CPUID: Final = {Product.MILAN: (0x19, 0x01, 1), Product.GENOA: (0x19, 0x11, 1), Product.TURIN: (0x1A, 0x02, 1)}
_VERSION_WITH_CPUID: Final = 3
_VERSION_WITH_MITIGATIONS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFields:
    """What a report states. Fields that a version does not have are left out of its bytes.

    Current and committed versions that are None are those that are reported.
    """

    product: Product
    version: int
    tcb: Tcb
    report_data: bytes = bytes(64)
    measurement: bytes = bytes(48)
    host_data: bytes = bytes(32)
    policy: int = PLAIN_POLICY
    guest_svn: int = 0
    family_id: bytes = bytes(16)
    image_id: bytes = bytes(16)
    vmpl: int = 0
    platform_info: int = 0x27
    key_info: int = 0
    id_key_digest: bytes = bytes(48)
    author_key_digest: bytes = bytes(48)
    report_id: bytes = bytes(32)
    report_id_ma: bytes = b"\xff" * 32
    chip_id: bytes = bytes(64)
    firmware: tuple[int, int, int] = (1, 55, 40)
    current_tcb: Tcb | None = None
    committed_tcb: Tcb | None = None
    committed_firmware: tuple[int, int, int] | None = None
    launch_mitigations: int = 0
    current_mitigations: int = 0
    cpuid: tuple[int, int, int] | None = field(default=None)


def unsigned_report(fields: ReportFields) -> bytes:
    """Lay the fields out as AMD publication 56860 says; a signature over the result completes the report."""
    tcb = encode_tcb(fields.tcb, fields.product)
    current = encode_tcb(fields.current_tcb or fields.tcb, fields.product)
    committed = encode_tcb(fields.committed_tcb or fields.tcb, fields.product)
    firmware = bytes(reversed(fields.firmware)) + b"\0"
    committed_firmware = bytes(reversed(fields.committed_firmware or fields.firmware)) + b"\0"
    parts: dict[int, bytes] = {
        0x00: _number(fields.version, 4) + _number(fields.guest_svn, 4) + _number(fields.policy, 8),
        0x10: fields.family_id + fields.image_id,
        0x30: _number(fields.vmpl, 4) + _number(1, 4) + current + _number(fields.platform_info, 8),
        0x48: _number(fields.key_info, 4),
        0x50: fields.report_data + fields.measurement + fields.host_data,
        0xE0: fields.id_key_digest + fields.author_key_digest + fields.report_id + fields.report_id_ma,
        0x180: tcb,
        0x1A0: fields.chip_id + committed + firmware + committed_firmware + tcb,
    }
    if fields.version >= _VERSION_WITH_CPUID:
        parts[0x188] = bytes(fields.cpuid or CPUID[fields.product])
    if fields.version >= _VERSION_WITH_MITIGATIONS:
        parts[0x1F8] = _number(fields.launch_mitigations, 8) + _number(fields.current_mitigations, 8)
    report = bytearray(SIGNED_BYTES)
    for start, content in parts.items():
        report[start : start + len(content)] = content
    return bytes(report)


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "little")
