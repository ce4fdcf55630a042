"""The table of certificates that a host hands out beside a report (AMD publication 56421): `auxblob` of the kernel.

Entries are GUID, offset and length, up to one of zeros. The host writes the table, so that nothing in it is believed
further than its signatures go; entries of other GUIDs belong to others and are passed over.
"""

import uuid
from typing import Final

from cryptography import x509

from elastic_hal.reference_impl.verify.certificate_files import CertificateFileError, load_certificates

from .errors import SnpError

MAX_TABLE_BYTES: Final = 1024 * 1024
ARK_GUID: Final = uuid.UUID("c0b406a4-a803-4952-9743-3fb6014cd0ae")
ASK_GUID: Final = uuid.UUID("4ab7b379-bbac-4fe4-a02f-05aef327c782")
VCEK_GUID: Final = uuid.UUID("63da758d-e664-4564-adc5-f4b93be8accd")
VLEK_GUID: Final = uuid.UUID("a8074bc2-a25a-483e-aae6-39c045a0b8a1")

_ENTRY_BYTES: Final = 24
_MAX_ENTRIES: Final = 32
_NAMES: Final = {ARK_GUID: "ARK", ASK_GUID: "ASK", VCEK_GUID: "VCEK", VLEK_GUID: "VLEK"}


def parse_certificate_table(data: bytes) -> list[x509.Certificate]:
    """Read the certificates of a table, in its order, or raise `SnpError`."""
    if len(data) > MAX_TABLE_BYTES:
        raise SnpError(f"the certificate table has more than {MAX_TABLE_BYTES} bytes")
    certificates: list[x509.Certificate] = []
    for identifier, content in split_certificate_table(data):
        name = _NAMES.get(identifier)
        if name is None:
            continue
        try:
            certificates += load_certificates(content)
        except CertificateFileError as error:
            raise SnpError(f"entry {name} of the certificate table {error}") from None
    return certificates


def split_certificate_table(data: bytes) -> list[tuple[uuid.UUID, bytes]]:
    """Take a table apart into its entries, or raise `SnpError`. Bytes that no entry covers must be zero."""
    places: list[tuple[uuid.UUID, int, int]] = []
    position = 0
    while True:
        entry = data[position : position + _ENTRY_BYTES]
        position += _ENTRY_BYTES
        if len(entry) < _ENTRY_BYTES:
            raise SnpError("the certificate table does not end with an entry of zeros")
        if not any(entry):
            break
        if len(places) == _MAX_ENTRIES:
            raise SnpError(f"the certificate table has more than {_MAX_ENTRIES} entries")
        start = int.from_bytes(entry[16:20], "little")
        places.append((uuid.UUID(bytes=entry[:16]), start, start + int.from_bytes(entry[20:], "little")))
    if not places:
        raise SnpError("the certificate table has no entries")
    _check_places(data, position, places)
    return [(identifier, data[start:end]) for identifier, start, end in places]


def _check_places(data: bytes, head: int, places: list[tuple[uuid.UUID, int, int]]) -> None:
    covered = head
    for identifier, start, end in sorted(places, key=lambda place: place[1:]):
        if start < covered or end > len(data) or start == end:
            raise SnpError(f"entry {identifier} of the certificate table does not lie within the table on its own")
        if any(data[covered:start]):
            raise SnpError("bytes between the entries of the certificate table are not zero")
        covered = end
    if any(data[covered:]):
        raise SnpError("bytes behind the certificate table are not zero")
