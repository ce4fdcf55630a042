"""The quote itself, of versions 4 and 5, taken apart without believing any of it.

Every byte is accounted for: lengths must agree with each other, and behind the signature only zeros may stand, which
kernels leave there and which are cut off.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

from .errors import TdxError

VERSIONS: Final = (4, 5)
BODY_TYPES: Final = {2: "TdReport10", 3: "TdReport15", 4: "TdReport15Ex"}
"""Bodies by their names in Intel's code: of TDX 1.0, of 1.5, and of 1.5 with the extension."""

INTEL_QE_VENDOR: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
DEBUG: Final = 1
"""Bit 0 of the guest's attributes."""

_HEADER: Final = struct.Struct("<HHIHH16s20s")
_BODY_HEAD: Final = struct.Struct("<HI")
_REPORT: Final = struct.Struct("<16s48s48s8s8s8s48s48s48s48s48s48s48s48s64s")
_SERVICE: Final = struct.Struct("<16s48s")
_EXTENSION: Final = struct.Struct("<B32s48s48s8s16s16s12s48s8s")
_BODY_BYTES: Final = {
    2: _REPORT.size,
    3: _REPORT.size + _SERVICE.size,
    4: _REPORT.size + _SERVICE.size + _EXTENSION.size,
}
_ENCLAVE: Final = struct.Struct("<16sI28x16s32s32x32s96xHH60x64s")
_CERTIFICATION: Final = struct.Struct("<HI")
_LENGTH: Final = struct.Struct("<I")
_SHORT_LENGTH: Final = struct.Struct("<H")

_ECDSA_P256: Final = 2
_KEY_TYPES: Final = {2: "ECDSA P-256", 3: "ECDSA P-384"}
_TDX: Final = 0x81
_SGX: Final = 0x00
_SIGNATURE_BYTES: Final = 64
_QE_REPORT, _PCK_CHAIN = 6, 5


@dataclass(frozen=True, slots=True)
class TdReportExtension:
    """What bodies of type 4 add: which start of the guest this is, its devices, and the service TDs bound to it.

    The fields have Intel's names. `init_` is the state when the guest was created, `cur_` the one now.
    """

    vmid: int
    td_id: bytes
    dev_info: bytes
    init_service_td_hash: bytes
    init_service_td_attributes: bytes
    init_cpu_svn: bytes
    init_tee_tcb_svn: bytes
    init_tee_fmspc: bytes
    cur_service_td_hash: bytes
    cur_service_td_attributes: bytes


@dataclass(frozen=True, slots=True)
class TdReport:
    """What the TDX module states about the guest. Body type 2 ends before `tee_tcb_svn2`, 3 before `extension`."""

    tee_tcb_svn: bytes
    mr_seam: bytes
    mr_signer_seam: bytes
    seam_attributes: bytes
    td_attributes: bytes
    xfam: bytes
    mrtd: bytes
    mr_config_id: bytes
    mr_owner: bytes
    mr_owner_config: bytes
    rtmrs: tuple[bytes, bytes, bytes, bytes]
    report_data: bytes
    tee_tcb_svn2: bytes | None = None
    mr_service_td: bytes | None = None
    extension: TdReportExtension | None = None


@dataclass(frozen=True, slots=True)
class Enclave:
    """What the quoting enclave's report states about the enclave that signed."""

    cpu_svn: bytes
    misc_select: int
    attributes: bytes
    mr_enclave: bytes
    mr_signer: bytes
    product: int
    svn: int
    report_data: bytes


@dataclass(frozen=True, slots=True)
class TdxQuote:
    """A quote by its fields. `exact` is the quote without the zeros behind it, of which there were `trailing`."""

    version: int
    body_type: int
    qe_svn: int
    pce_svn: int
    user_data: bytes
    report: TdReport
    enclave: Enclave
    certificates: bytes
    exact: bytes
    trailing: int

    @property
    def debug(self) -> bool:
        """Whether the host may debug the guest."""
        return bool(self.report.td_attributes[0] & DEBUG)


class _Reader:
    """Takes fields from the front, and never more than are there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    def take(self, size: int, what: str) -> bytes:
        left = len(self._data) - self.position
        if size > left:
            raise TdxError(f"{what} needs {size} bytes at {self.position:#x}, but {left} are left")
        self.position += size
        return self._data[self.position - size : self.position]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self.position, "the rest")


def parse_quote(data: bytes) -> TdxQuote:
    """Take a quote apart, or raise `TdxError`. Every byte of `data` is accounted for."""
    reader = _Reader(data)
    version, qe_svn, pce_svn, user_data = _header(reader.take(_HEADER.size, "the header"))
    body_type = 2
    if version == 5:
        body_type, size = _BODY_HEAD.unpack(reader.take(_BODY_HEAD.size, "the head of the body"))
        if body_type not in BODY_TYPES:
            known = ", ".join(map(str, BODY_TYPES))
            raise TdxError(f"the body is of type {body_type}, which is unknown; known are {known}")
        if size != _BODY_BYTES[body_type]:
            raise TdxError(f"a body of type {body_type} has {_BODY_BYTES[body_type]} bytes, not {size}")
    report = _report(reader.take(_BODY_BYTES[body_type], "the body"), body_type)
    (length,) = _LENGTH.unpack(reader.take(_LENGTH.size, "the length of the signature"))
    enclave, certificates = _signature(reader.take(length, "the signature"))
    end = reader.position
    trailing = reader.rest()
    if any(trailing):
        raise TdxError(f"{len(trailing)} bytes stand behind the signature, and not all of them are zero")
    return TdxQuote(
        version=version,
        body_type=body_type,
        qe_svn=qe_svn,
        pce_svn=pce_svn,
        user_data=user_data,
        report=report,
        enclave=enclave,
        certificates=certificates,
        exact=data[:end],
        trailing=len(trailing),
    )


def _header(encoded: bytes) -> tuple[int, int, int, bytes]:
    version, key_type, tee_type, qe_svn, pce_svn, vendor, user_data = _HEADER.unpack(encoded)
    # Quotes of enclaves have versions of their own, so that what they are is said before what version they are.
    if tee_type != _TDX:
        what = "is of a SGX enclave" if tee_type == _SGX else f"has the unknown environment type {tee_type:#x}"
        raise TdxError(f"the quote {what}, not of a TDX guest")
    if version not in VERSIONS:
        raise TdxError(f"quote version {version} is unknown; known are {', '.join(map(str, VERSIONS))}")
    if key_type != _ECDSA_P256:
        what = _KEY_TYPES.get(key_type, f"of unknown type {key_type}")
        raise TdxError(f"the attestation key is {what}; known is {_KEY_TYPES[_ECDSA_P256]}")
    if vendor != INTEL_QE_VENDOR:
        raise TdxError(f"the quoting enclave's vendor {vendor.hex()} is unknown; known is Intel")
    return version, qe_svn, pce_svn, user_data


def _report(encoded: bytes, body_type: int) -> TdReport:
    *measured, rtmr0, rtmr1, rtmr2, rtmr3, report_data = _REPORT.unpack_from(encoded)
    fields: list[Any] = [*measured, (rtmr0, rtmr1, rtmr2, rtmr3), report_data]
    if body_type >= 3:
        fields += _SERVICE.unpack_from(encoded, _REPORT.size)
    if body_type == 4:
        fields.append(TdReportExtension(*_EXTENSION.unpack_from(encoded, _REPORT.size + _SERVICE.size)))
    return TdReport(*fields)


def _signature(encoded: bytes) -> tuple[Enclave, bytes]:
    """Take the signature apart: of the quote, its key, and what vouches for the key."""
    reader = _Reader(encoded)
    reader.take(_SIGNATURE_BYTES, "the quote's signature")
    reader.take(_SIGNATURE_BYTES, "the attestation key")
    inner = _Reader(_certification(reader, _QE_REPORT))
    report = inner.take(_ENCLAVE.size, "the quoting enclave's report")
    inner.take(_SIGNATURE_BYTES, "the signature of the quoting enclave's report")
    (length,) = _SHORT_LENGTH.unpack(inner.take(_SHORT_LENGTH.size, "the length of the authentication data"))
    inner.take(length, "the authentication data")
    return Enclave(*_ENCLAVE.unpack(report)), _certification(inner, _PCK_CHAIN)


def _certification(reader: _Reader, expected: int) -> bytes:
    """Take certification data, which is the last of what it stands in."""
    kind, size = _CERTIFICATION.unpack(reader.take(_CERTIFICATION.size, "the head of the certification data"))
    if kind != expected:
        raise TdxError(f"certification data of type {kind} stands where type {expected} is known")
    content = reader.take(size, "the certification data")
    behind = len(reader.rest())
    if behind:
        raise TdxError(f"{behind} bytes of the signature stand behind the certification data")
    return content
