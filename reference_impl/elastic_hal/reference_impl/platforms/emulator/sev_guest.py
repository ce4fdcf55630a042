"""An emulated SEV-SNP guest: reports signed by a test hierarchy, the ioctls of `/dev/sev-guest`, derived keys."""

import errno
import hashlib
import hmac
import struct
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify.snp.certificate_table import ARK_GUID, ASK_GUID, VCEK_GUID, VLEK_GUID
from elastic_hal.reference_impl.verify.snp.certificates import read_signing_key
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb, encode_tcb

from .amd_authority import EndorsementKey
from .errors import CallError
from .guest import CallerMemory, SignedReport
from .snp_report import PLAIN_POLICY, ReportFields, unsigned_report

GET_REPORT: Final = 0xC020_5300
GET_DERIVED_KEY: Final = 0xC020_5301
GET_EXTENDED_REPORT: Final = 0xC020_5302

IMAGE: Final = b"elastic-hal emulated SEV-SNP guest, image 1"
"""What stands for the guest's image: its SHA-384 is the launch measurement."""

_CALL: Final = struct.Struct("<B7xQQQ")
_EXIT_INFO_AT: Final = 24
_REPORT_REQUEST: Final = struct.Struct("<64sI28x")
_CERTIFICATES_REQUEST: Final = struct.Struct("<QI")
_REPORT_RESPONSE: Final = struct.Struct("<II24x3968s")
_KEY_REQUEST: Final = struct.Struct("<IIQIIQ")
_KEY_RESPONSE: Final = struct.Struct("<I28x32s")
_PAGE_BYTES: Final = 4096
_CERTIFICATES_TOO_LARGE: Final = 1 << 32
_INVALID_PARAMETER: Final = 0x16
"""Status of the firmware for a request that it will not serve."""
_FIELDS: Final = 0x3F
_VLEK_SIGNS: Final = 1 << 2


@dataclass(frozen=True, slots=True)
class EmulatedSnpGuest:
    """A guest on an emulated processor. `secret` stands for what the processor derives keys from."""

    product: Product
    key: EndorsementKey
    tcb: Tcb
    chip_id: bytes
    secret: bytes
    measurement: bytes = hashlib.sha384(IMAGE).digest()
    policy: int = PLAIN_POLICY
    guest_svn: int = 1
    vmpl: int = 0
    certificates_in_pem: bool = False

    provider = "sev_guest"
    device = "sev-guest"
    has_privilege_levels = True

    @property
    def launch_measurement(self) -> bytes:
        """Give the measurement that reports state."""
        return self.measurement

    def sign(self, report_data: bytes, privilege: int) -> SignedReport:
        """Make a report for a privilege level, with the table of certificates."""
        is_provider_key = read_signing_key(self.key.certificate).kind == "vlek"
        fields = ReportFields(
            product=self.product,
            version=5 if self.product is Product.TURIN else 3,
            tcb=self.tcb,
            report_data=report_data,
            measurement=self.measurement,
            policy=self.policy,
            guest_svn=self.guest_svn,
            vmpl=privilege,
            key_info=_VLEK_SIGNS if is_provider_key else 0,
            chip_id=self.chip_id.ljust(64, b"\0"),
            report_id=hashlib.sha256(b"report id" + self.secret).digest(),
        )
        return SignedReport(self.key.sign(unsigned_report(fields)), self._certificate_table(is_provider_key))

    def call(self, command: int, argument: bytes, address: int, memory: CallerMemory) -> bytes:
        """Answer the three ioctls of the device."""
        if command not in (GET_REPORT, GET_DERIVED_KEY, GET_EXTENDED_REPORT):
            raise CallError(errno.ENOTTY)
        version, request, response, _ = _CALL.unpack(argument)
        if not version:
            raise CallError(errno.EINVAL)
        if not request or not response:
            raise CallError(errno.EINVAL)
        if command == GET_DERIVED_KEY:
            content = memory.read(request, _KEY_REQUEST.size)
            key = self._derived_key(content)
            if key is None:
                memory.write(response, _KEY_RESPONSE.pack(_INVALID_PARAMETER, bytes(32)))
                self._fail(address, _INVALID_PARAMETER, memory)
            else:
                memory.write(response, _KEY_RESPONSE.pack(0, key))
            return argument
        report_data, vmpl = _REPORT_REQUEST.unpack(memory.read(request, _REPORT_REQUEST.size))
        if not self.vmpl <= vmpl <= 3:
            memory.write(response, _REPORT_RESPONSE.pack(_INVALID_PARAMETER, 0, b""))
            self._fail(address, _INVALID_PARAMETER, memory)
        signed = self.sign(report_data, vmpl)
        if command == GET_EXTENDED_REPORT:
            self._hand_out_certificates(signed.auxiliary or b"", request + _REPORT_REQUEST.size, address, memory)
        memory.write(response, _REPORT_RESPONSE.pack(0, len(signed.report), signed.report))
        return argument

    def boot_log(self) -> None:
        """Give none: the log of a SEV-SNP guest's boot is in no table."""
        return

    def registers(self) -> tuple[str, ...]:
        """Give none: SEV-SNP has no registers for measurements at run time."""
        return ()

    def read_register(self, name: str) -> bytes:
        """Refuse."""
        raise CallError(errno.ENOENT)

    def extend_register(self, name: str, digest: bytes) -> None:
        """Refuse."""
        raise CallError(errno.ENOENT)

    def _hand_out_certificates(self, table: bytes, place: int, address: int, memory: CallerMemory) -> None:
        table = table.ljust(-(-len(table) // _PAGE_BYTES) * _PAGE_BYTES, b"\0")
        target, room = _CERTIFICATES_REQUEST.unpack(memory.read(place, _CERTIFICATES_REQUEST.size))
        if room % _PAGE_BYTES or (room and not target):
            raise CallError(errno.EINVAL)
        if room < len(table):
            memory.write(place + 8, struct.pack("<I", len(table)))
            self._fail(address, _CERTIFICATES_TOO_LARGE, memory)
        memory.write(target, table)

    def _fail(self, address: int, exit_information: int, memory: CallerMemory) -> None:
        memory.write(address + _EXIT_INFO_AT, struct.pack("<Q", exit_information))
        raise CallError(errno.EIO)

    def _derived_key(self, request: bytes) -> bytes | None:
        """Derive as the firmware does: the fields that are selected go in, the others count as zero."""
        root, reserved, selected, vmpl, svn, tcb = _KEY_REQUEST.unpack(request)
        newest = encode_tcb(self.tcb, self.product)
        if reserved or root & ~0x7 or selected & ~_FIELDS or not self.vmpl <= vmpl <= 3 or svn > self.guest_svn:
            return None
        if any(asked > there for asked, there in zip(tcb.to_bytes(8, "little"), newest, strict=True)):
            return None
        values = (
            self.policy.to_bytes(8, "little"),
            bytes(16),
            bytes(16),
            self.measurement,
            svn.to_bytes(4, "little"),
            tcb.to_bytes(8, "little"),
        )
        parts = [value if selected >> bit & 1 else bytes(len(value)) for bit, value in enumerate(values)]
        head = struct.pack("<IQI", root, selected, vmpl)
        return hmac.digest(self.secret, head + b"".join(parts), "sha256")

    def _certificate_table(self, is_provider_key: bool) -> bytes:
        encoding = Encoding.PEM if self.certificates_in_pem else Encoding.DER
        intermediate, root = self.key.chain
        guids = (VLEK_GUID if is_provider_key else VCEK_GUID, ASK_GUID, ARK_GUID)
        contents = [certificate.public_bytes(encoding) for certificate in (self.key.certificate, intermediate, root)]
        start = 24 * (len(guids) + 1)
        head = b""
        for guid, content in zip(guids, contents, strict=True):
            head += guid.bytes + struct.pack("<II", start, len(content))
            start += len(content)
        return head + bytes(24) + b"".join(contents)
