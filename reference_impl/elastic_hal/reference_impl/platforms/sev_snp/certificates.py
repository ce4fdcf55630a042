"""Certificates of the key that signs reports: from the host, from files, or from AMD's key service, in this order.

The key service is asked only where the configuration names its address. What comes from anywhere is believed no
further than the verifier finds its signatures good; here it only has to be certificates.
"""

import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.common.files import FileError, read_file
from elastic_hal.common.text import shown
from elastic_hal.reference_impl.verify.certificate_files import CertificateFileError, load_certificates
from elastic_hal.reference_impl.verify.snp.certificate_table import (
    ARK_GUID,
    ASK_GUID,
    VCEK_GUID,
    VLEK_GUID,
    parse_certificate_table,
)
from elastic_hal.reference_impl.verify.snp.certificates import common_name
from elastic_hal.reference_impl.verify.snp.errors import SnpError
from elastic_hal.reference_impl.verify.snp.tcb import Product, decode_tcb, product_of_cpuid

from ..errors import PlatformOptionError
from ..kernel.tsm_reports import TsmReport
from .report_fields import OwnReport

KEY_SERVICE: Final = "https://kdsintf.amd.com"
"""Address of AMD's own service, for configurations that want it."""

_MOST_BYTES: Final = 1024 * 1024
_SECONDS: Final = 10
_ENTRY_BYTES: Final = 24
_SHORT: Final = {"fmc": "fmcSPL", "bootloader": "blSPL", "tee": "teeSPL", "snp": "snpSPL", "microcode": "ucodeSPL"}


class CertificatesUnavailableError(Exception):
    """There are no certificates for the key that signs this machine's reports. The text says how to get them."""


@dataclass(slots=True)
class CertificateSource:
    """Where certificates come from besides the host: files, and the address of a key service."""

    files: tuple[Path, ...] = ()
    key_service: str | None = None
    _fetched: dict[bytes, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def table(self, given: TsmReport, own: OwnReport) -> bytes:
        """Give a table with the key's certificate and the chain above it. Raises `CertificatesUnavailableError`."""
        if given.auxiliary is not None:
            try:
                if parse_certificate_table(given.auxiliary):
                    return given.auxiliary
            except SnpError as error:
                raise CertificatesUnavailableError(f"the host's table of certificates is broken: {error}") from None
        if self.files:
            return _table([certificate for path in self.files for certificate in load_file(path)])
        if self.key_service is not None:
            return self._from_service(self.key_service, own)
        raise CertificatesUnavailableError(
            "the host hands out none; give files in ELASTIC_HAL_SNP_CERTIFICATES, or name AMD's key service: "
            f"ELASTIC_HAL_SNP_KEY_SERVICE={KEY_SERVICE}"
        )

    def _from_service(self, address: str, own: OwnReport) -> bytes:
        with self._lock:
            known = self._fetched.get(own.reported_tcb)
            if known is None:
                known = self._fetched[own.reported_tcb] = _fetch(address, own)
            return known


MAX_CERTIFICATE_FILE_BYTES: Final = 1 << 20


def load_file(path: Path) -> list[x509.Certificate]:
    """Read a file of certificates, in PEM or DER. Raises `PlatformOptionError`."""
    try:
        content = read_file(path, MAX_CERTIFICATE_FILE_BYTES)
    except FileError as error:
        raise PlatformOptionError(f"{shown(path)}: the file of certificates {error.reason}") from None
    try:
        return list(load_certificates(content))
    except CertificateFileError as error:
        raise PlatformOptionError(f"{path}: {error}") from None


def in_chain_order(table: bytes) -> tuple[bytes, ...]:
    """Give the certificates of a table as DER, from the signing key's towards the root's."""
    certificates = sorted(parse_certificate_table(table), key=lambda certificate: _rank(certificate)[0])
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates)


def key_addresses(address: str, own: OwnReport) -> tuple[str, str]:
    """Give the addresses of the key's certificate and of the chain above it. Raises `CertificatesUnavailableError`."""
    try:
        product = product_of_cpuid(*own.cpuid)
        tcb = decode_tcb(own.reported_tcb, product, "reported TCB")
    except SnpError as error:
        raise CertificatesUnavailableError(f"the key service cannot be asked: {error}") from None
    if not any(own.chip_id):
        raise CertificatesUnavailableError("the host masks the chip's identifier, by which the key service finds keys")
    chip = own.chip_id[:8] if product is Product.TURIN else own.chip_id
    query = "&".join(f"{_SHORT[name]}={value:02}" for name, value in tcb.fields().items())
    base = f"{address.rstrip('/')}/vcek/v1/{product.value}"
    return f"{base}/{chip.hex()}?{query}", f"{base}/cert_chain"


def _fetch(address: str, own: OwnReport) -> bytes:
    certificates: list[x509.Certificate] = []
    for place in key_addresses(address, own):
        try:
            certificates += load_certificates(_get(place))
        except CertificateFileError as error:
            raise CertificatesUnavailableError(f"{place}: {error}") from None
    return _table(certificates)


def _get(address: str) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise CertificatesUnavailableError(f"{address}: is no address of a key service")
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310 - the scheme is checked
            content: bytes = answer.read(_MOST_BYTES)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise CertificatesUnavailableError(f"{address}: the key service does not answer: {error}") from None
    return content


def _table(certificates: Sequence[x509.Certificate]) -> bytes:
    """Lay certificates out as a host would."""
    head, body = b"", b""
    start = _ENTRY_BYTES * (len(certificates) + 1)
    for certificate in sorted(certificates, key=lambda certificate: _rank(certificate)[0]):
        content = certificate.public_bytes(Encoding.DER)
        head += _rank(certificate)[1] + struct.pack("<II", start + len(body), len(content))
        body += content
    return head + bytes(_ENTRY_BYTES) + body


def _rank(certificate: x509.Certificate) -> tuple[int, bytes]:
    """Tell what a certificate is by the name that AMD gives it: its place in the chain and its GUID."""
    name = common_name(certificate.subject) or ""
    if name == "SEV-VCEK":
        return 0, VCEK_GUID.bytes
    if name == "SEV-VLEK":
        return 0, VLEK_GUID.bytes
    return (2, ARK_GUID.bytes) if certificate.subject == certificate.issuer else (1, ASK_GUID.bytes)
