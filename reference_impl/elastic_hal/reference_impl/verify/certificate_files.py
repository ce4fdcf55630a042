"""Certificates and revocation lists as files hold them: PEM or DER, one or several, in any order.

They are parsed here and believed nowhere: what they are good for is the business of the chain that uses them.
"""

import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

MAX_CERTIFICATES: Final = 64
"""More than this in one file are refused before they are looked at."""

_BEGIN: Final = b"-----BEGIN "
_CERTIFICATE_LABELS: Final = (b"CERTIFICATE", b"X509 CERTIFICATE")
_REVOCATION_LIST_LABELS: Final = (b"X509 CRL",)
_SEQUENCE: Final = 0x30
_WARNINGS: Final = threading.Lock()

_T = TypeVar("_T")


class CertificateFileError(ValueError):
    """The bytes hold no certificate, or something beside certificates. The text says what is wrong."""


def load_certificates(content: bytes) -> list[x509.Certificate]:
    """Read every certificate in `content`, or raise `CertificateFileError`."""
    return _load(
        content, "X.509 certificate", _CERTIFICATE_LABELS, x509.load_pem_x509_certificate, _load_der_certificate
    )


def load_revocation_lists(content: bytes) -> list[x509.CertificateRevocationList]:
    """Read every revocation list in `content`, or raise `CertificateFileError`."""
    return _load(content, "revocation list", _REVOCATION_LIST_LABELS, x509.load_pem_x509_crl, x509.load_der_x509_crl)


def load_der_certificate(encoded: bytes) -> x509.Certificate:
    """Read what must be one certificate in DER and nothing else, or raise `CertificateFileError`."""
    return _parsed(encoded, _load_der_certificate, "X.509 certificate")


def _load_der_certificate(encoded: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(encoded)


def _load(
    content: bytes,
    what: str,
    labels: tuple[bytes, ...],
    load_pem: Callable[[bytes], _T],
    load_der: Callable[[bytes], _T],
) -> list[_T]:
    if _BEGIN in content:
        blocks, load = list(_pem_blocks(content, labels)), load_pem
    else:
        blocks, load = list(_der_blocks(content, what)), load_der
    if not blocks:
        raise CertificateFileError(f"holds no {what}")
    if len(blocks) > MAX_CERTIFICATES:
        raise CertificateFileError(f"holds more than {MAX_CERTIFICATES} of them")
    return [_parsed(block, load, what) for block in blocks]


def _parsed(block: bytes, load: Callable[[bytes], _T], what: str) -> _T:
    try:
        # AMD gives its chip certificates the serial number 0, about which the parser warns each time.
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return load(block)
    # What the parser raises for hostile bytes is not only ValueError.
    except Exception as error:
        raise CertificateFileError(f"holds no {what} that can be read ({type(error).__name__})") from None


def _pem_blocks(content: bytes, labels: tuple[bytes, ...]) -> Iterator[bytes]:
    """Cut out the blocks with one of `labels`, whatever stands around them. Each byte is looked at once."""
    position = content.find(_BEGIN)
    while position >= 0:
        label_end = content.find(b"-----", position + len(_BEGIN))
        label = content[position + len(_BEGIN) : label_end]
        end_line = b"-----END " + label + b"-----"
        end = content.find(b"-----END ", label_end)
        if label_end < 0 or end < 0 or not content.startswith(end_line, end):
            raise CertificateFileError("holds a PEM block without its end")
        end += len(end_line)
        if label in labels:
            yield content[position:end]
        position = content.find(_BEGIN, end)


def _der_blocks(content: bytes, what: str) -> Iterator[bytes]:
    """Cut DER items apart by their lengths. Zeros behind the last one, as pages of firmware have them, are left out."""
    position = 0
    while content.count(0, position) != len(content) - position:
        length = _der_length(content, position)
        if length is None or position + length > len(content):
            raise CertificateFileError(f"holds no {what}" if position == 0 else f"holds bytes beside the {what}s")
        yield content[position : position + length]
        position += length


def _der_length(content: bytes, start: int) -> int | None:
    """Tell how long the sequence at `start` is, its head included; None where none is there."""
    if len(content) < start + 2 or content[start] != _SEQUENCE:
        return None
    first = content[start + 1]
    if first < 0x80:
        return 2 + first
    width = first & 0x7F
    if not 1 <= width <= 4:
        return None
    return 2 + width + int.from_bytes(content[start + 2 : start + 2 + width], "big")
