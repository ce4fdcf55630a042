"""TDX quotes as a quoting enclave makes them, with keys that lie in memory."""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .intel_authority import ProvisioningKey

INTEL_QE_VENDOR: Final = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
TD_ATTRIBUTES: Final = (1 << 28).to_bytes(8, "little")
"""What ordinary guests have: no debugging, and no exceptions for pages that the host took away."""

_DIGEST: Final = bytes(48)
_PCK_CHAIN, _QE_REPORT = 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TdReport:
    """What a TDX module states about a guest. The last two fields are in bodies of type 3 only."""

    tee_tcb_svn: bytes = bytes((6, 1, 3)).ljust(16, b"\0")
    mr_seam: bytes = b"\x33" * 48
    mr_signer_seam: bytes = _DIGEST
    seam_attributes: bytes = bytes(8)
    td_attributes: bytes = TD_ATTRIBUTES
    xfam: bytes = bytes.fromhex("e702060000000000")
    mrtd: bytes = _DIGEST
    mr_config_id: bytes = _DIGEST
    mr_owner: bytes = _DIGEST
    mr_owner_config: bytes = _DIGEST
    rtmrs: tuple[bytes, bytes, bytes, bytes] = (_DIGEST,) * 4
    report_data: bytes = bytes(64)
    tee_tcb_svn2: bytes = bytes((6, 1, 3)).ljust(16, b"\0")
    mr_service_td: bytes = _DIGEST

    def body(self, body_type: int = 2) -> bytes:
        """Give the body of a quote: type 2 (584 bytes) or 3 (648 bytes)."""
        parts = (
            (self.tee_tcb_svn, 16),
            (self.mr_seam, 48),
            (self.mr_signer_seam, 48),
            (self.seam_attributes, 8),
            (self.td_attributes, 8),
            (self.xfam, 8),
            (self.mrtd, 48),
            (self.mr_config_id, 48),
            (self.mr_owner, 48),
            (self.mr_owner_config, 48),
            *((register, 48) for register in self.rtmrs),
            (self.report_data, 64),
            *(((self.tee_tcb_svn2, 16), (self.mr_service_td, 48)) if body_type == 3 else ()),
        )
        for value, size in parts:
            if len(value) != size:
                raise ValueError(f"a field of the report has {len(value)} bytes, not {size}")
        return b"".join(value for value, _ in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotingEnclave:
    """What a quoting enclave states about itself."""

    cpu_svn: bytes = bytes.fromhex("0303191b04ff0006").ljust(16, b"\0")
    attributes: bytes = bytes.fromhex("1500000000000000e700000000000000")
    mr_enclave: bytes = b"\x44" * 32
    mr_signer: bytes = b"\x55" * 32
    product: int = 2
    svn: int = 6

    def report(self, report_data: bytes) -> bytes:
        """Give the enclave's report of 384 bytes."""
        head = self.cpu_svn + bytes(32) + self.attributes + self.mr_enclave + bytes(32) + self.mr_signer + bytes(96)
        return head + struct.pack("<HH", self.product, self.svn) + bytes(60) + report_data.ljust(64, b"\0")


@dataclass(frozen=True, slots=True)
class QuoteSigner:
    """A machine that signs quotes: its provisioning key vouches for the enclave, and the enclave for the key."""

    provisioning: ProvisioningKey
    attestation_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    enclave: QuotingEnclave = field(default_factory=QuotingEnclave)
    authentication_data: bytes = bytes(range(32))

    def quote(self, report: TdReport, version: int = 4, body_type: int = 2, padding: int = 0) -> bytes:
        """Sign a quote of version 4, or 5 with a body of type 2 or 3, with `padding` zero bytes behind it."""
        header = struct.pack("<HHIHH16s20s", version, 2, 0x81, 0, 0, INTEL_QE_VENDOR, bytes(20))
        body = report.body(body_type)
        head = struct.pack("<HI", body_type, len(body)) if version == 5 else b""
        return self.sign(header + head + body) + bytes(padding)

    def sign(self, signed: bytes) -> bytes:
        """Complete a quote whose header and body are given."""
        attestation_key = _raw(self.attestation_key)
        digest = hashlib.sha256(attestation_key + self.authentication_data).digest()
        enclave_report = self.enclave.report(digest)
        chain = self.provisioning.pem() + b"\0"
        certification = (
            enclave_report
            + _sign(self.provisioning.key, enclave_report)
            + struct.pack("<H", len(self.authentication_data))
            + self.authentication_data
            + struct.pack("<HI", _PCK_CHAIN, len(chain))
            + chain
        )
        signature = (
            _sign(self.attestation_key, signed)
            + attestation_key
            + struct.pack("<HI", _QE_REPORT, len(certification))
            + certification
        )
        return signed + struct.pack("<I", len(signature)) + signature


def _raw(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
