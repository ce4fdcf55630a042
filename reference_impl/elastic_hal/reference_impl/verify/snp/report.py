"""The attestation report itself, of versions 2, 3 and 5: 1184 bytes, taken apart without believing any of them.

What a version does not define must be zero, signed or not: a value there means something that this code does not know,
or was put there by somebody on the way.
"""

import struct
from dataclasses import dataclass
from typing import Final

from .errors import SnpError
from .tcb import Product, product_of_cpuid

REPORT_BYTES: Final = 0x4A0
SIGNED_BYTES: Final = 0x2A0
VERSIONS: Final = (2, 3, 5)
_UNPUBLISHED: Final = 4

SIGNING_KEYS: Final = {0: "vcek", 1: "vlek"}
"""Values of the field that says which kind of key signed: one of the chip, or one that a provider has loaded."""

HOST_VMPL: Final = 0xFFFF_FFFF
"""Stands in reports that the host asked for, not the guest."""

POLICY_DEBUG: Final = 1 << 19
POLICY_MIGRATION_AGENT: Final = 1 << 18
GUEST_POLICY_BITS: Final = {
    "smt": 16,
    "migration-agent": 18,
    "debug": 19,
    "single-socket": 20,
    "cxl": 21,
    "aes-256-xts": 22,
    "rapl-disabled": 23,
    "ciphertext-hiding": 24,
    "page-swap-disabled": 25,
}
PLATFORM_BITS: Final = {
    "smt": 0,
    "tsme": 1,
    "ecc": 2,
    "rapl-disabled": 3,
    "ciphertext-hiding": 4,
    "alias-check": 5,
    "tio": 7,
}

_ECDSA_P384_SHA384: Final = 1
_POLICY_MUST_BE_ONE: Final = 1 << 17
_POLICY_KNOWN: Final = 0xFFFF | _POLICY_MUST_BE_ONE | sum(1 << bit for bit in GUEST_POLICY_BITS.values())
_KEY_INFO_KNOWN: Final = 0x1F
_NO_SIGNING_KEY: Final = 7
_NUMBER_BYTES: Final = 72
_P384_BYTES: Final = 48
_P384_ORDER: Final = int(
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
)

# Ranges that no version defines, and those that only later versions do.
_ALWAYS_ZERO: Final = ((0x4C, 0x50), (0x1EB, 0x1EC), (0x1EF, 0x1F0), (SIGNED_BYTES + 2 * _NUMBER_BYTES, REPORT_BYTES))
_ZERO_IN: Final = {
    2: ((0x188, 0x1A0), (0x1F8, SIGNED_BYTES)),
    3: ((0x18B, 0x1A0), (0x1F8, SIGNED_BYTES)),
    5: ((0x18B, 0x1A0), (0x208, SIGNED_BYTES)),
}
_HEAD: Final = struct.Struct("<IIQ16s16sII8sQI4x64s48s32s48s48s32s32s8s3B21x64s8s")
_VERSIONS: Final = struct.Struct("<3Bx3Bx8sQQ")
_VERSIONS_AT: Final = 0x1E8


@dataclass(frozen=True, slots=True)
class SnpReport:
    """A report by its fields, under AMD's names. The four TCB versions are raw: only the product says how to read them.

    `cpuid` (family, model, stepping) is there from version 3 on, the two mitigation vectors from version 5 on.
    `current` and `committed` are firmware versions: major, minor, build.
    """

    version: int
    guest_svn: int
    policy: int
    family_id: bytes
    image_id: bytes
    vmpl: int
    current_tcb: bytes
    platform_info: int
    author_key_enabled: bool
    mask_chip_key: bool
    signing_key: int
    report_data: bytes
    measurement: bytes
    host_data: bytes
    id_key_digest: bytes
    author_key_digest: bytes
    report_id: bytes
    report_id_ma: bytes
    reported_tcb: bytes
    cpuid: tuple[int, int, int] | None
    chip_id: bytes
    committed_tcb: bytes
    current: tuple[int, int, int]
    committed: tuple[int, int, int]
    launch_tcb: bytes
    launch_mitigations: int | None
    current_mitigations: int | None
    signature: tuple[int, int]
    signed: bytes

    @property
    def product(self) -> Product | None:
        """The product that the processor says it is; None in version 2, which does not say."""
        return None if self.cpuid is None else product_of_cpuid(*self.cpuid[:2])


def parse_report(data: bytes) -> SnpReport:
    """Take a report apart, or raise `SnpError`. Every byte of `data` is accounted for."""
    if len(data) != REPORT_BYTES:
        raise SnpError(f"a report has {REPORT_BYTES} bytes, not {len(data)}")
    version = int.from_bytes(data[:4], "little")
    if version == _UNPUBLISHED:
        raise SnpError(f"AMD has not published what report version {version} means; newer firmware makes version 5")
    if version not in VERSIONS:
        raise SnpError(f"report version {version} is unknown; known are {', '.join(map(str, VERSIONS))}")
    for start, end in (*_ALWAYS_ZERO, *_ZERO_IN[version]):
        if data.count(0, start, end) != end - start:
            raise SnpError(f"bytes {start:#x} to {end:#x} are reserved in version {version}, but not all are zero")
    (
        *_,
        guest_svn,
        policy,
        family_id,
        image_id,
        vmpl,
        algorithm,
        current_tcb,
        platform_info,
        key_info,
        report_data,
        measurement,
        host_data,
        id_key_digest,
        author_key_digest,
        report_id,
        report_id_ma,
        reported_tcb,
        family,
        model,
        stepping,
        chip_id,
        committed_tcb,
    ) = _HEAD.unpack_from(data)
    _check_numbers(policy, vmpl, algorithm, key_info)
    versions = _VERSIONS.unpack_from(data, _VERSIONS_AT)
    report = SnpReport(
        version=version,
        guest_svn=guest_svn,
        policy=policy,
        family_id=family_id,
        image_id=image_id,
        vmpl=vmpl,
        current_tcb=current_tcb,
        platform_info=platform_info,
        author_key_enabled=bool(key_info & 1),
        mask_chip_key=bool(key_info & 2),
        signing_key=key_info >> 2,
        report_data=report_data,
        measurement=measurement,
        host_data=host_data,
        id_key_digest=id_key_digest,
        author_key_digest=author_key_digest,
        report_id=report_id,
        report_id_ma=report_id_ma,
        reported_tcb=reported_tcb,
        cpuid=(family, model, stepping) if version >= 3 else None,
        chip_id=chip_id,
        committed_tcb=committed_tcb,
        current=(versions[2], versions[1], versions[0]),
        committed=(versions[5], versions[4], versions[3]),
        launch_tcb=versions[6],
        launch_mitigations=versions[7] if version >= 5 else None,
        current_mitigations=versions[8] if version >= 5 else None,
        signature=(_number(data, SIGNED_BYTES, "r"), _number(data, SIGNED_BYTES + _NUMBER_BYTES, "s")),
        signed=data[:SIGNED_BYTES],
    )
    _ = report.product  # refuses a processor of no known product
    return report


def _check_numbers(policy: int, vmpl: int, algorithm: int, key_info: int) -> None:
    if not policy & _POLICY_MUST_BE_ONE:
        raise SnpError("bit 17 of the guest policy is not set, as it must be")
    unknown = policy & ~_POLICY_KNOWN
    if unknown:
        # Some bits of a guest policy permit the host more, so that one of unknown meaning cannot be passed over.
        raise SnpError(f"bits {unknown:#x} of the guest policy are unknown")
    if vmpl > 3 and vmpl != HOST_VMPL:
        raise SnpError(f"VMPL {vmpl} does not exist")
    if algorithm != _ECDSA_P384_SHA384:
        raise SnpError(f"signature algorithm {algorithm} is unknown; known is 1, ECDSA P-384 with SHA-384")
    if key_info & ~_KEY_INFO_KNOWN:
        raise SnpError(f"bits {key_info & ~_KEY_INFO_KNOWN:#x} of the key information are reserved, but not zero")
    if key_info >> 2 == _NO_SIGNING_KEY:
        raise SnpError("the report says that no key signed it")
    if key_info >> 2 not in SIGNING_KEYS:
        raise SnpError(f"signing key {key_info >> 2} is reserved")


def _number(data: bytes, start: int, name: str) -> int:
    """Read one half of the signature: little-endian, with zeros above the 48 bytes that P-384 needs."""
    if any(data[start + _P384_BYTES : start + _NUMBER_BYTES]):
        raise SnpError(f"{name} of the signature is not padded with zeros")
    number = int.from_bytes(data[start : start + _P384_BYTES], "little")
    if not 0 < number < _P384_ORDER:
        raise SnpError(f"{name} of the signature is out of range")
    return number
