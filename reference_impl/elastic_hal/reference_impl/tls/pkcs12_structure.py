"""The structure of PKCS#12 files (RFC 7292): what is encrypted how, and what stands in the open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .der import (
    FIRST_TAGGED,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    object_identifier,
    only_element,
    whole_number,
)

_VERSION: Final = 3
_DATA: Final = "1.2.840.113549.1.7.1"
_ENCRYPTED_DATA: Final = "1.2.840.113549.1.7.6"
_BAGS: Final = "1.2.840.113549.1.12.10.1."
KEY_BAG: Final = f"{_BAGS}1"
SHROUDED_KEY_BAG: Final = f"{_BAGS}2"
CERTIFICATE_BAG: Final = f"{_BAGS}3"
_X509_CERTIFICATE: Final = "1.2.840.113549.1.9.22.1"
_IMPLICIT_OCTETS: Final = 0x80


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm by its identifier, with its parameters where it has some."""

    identifier: str
    parameters: Element | None

    def required(self) -> Element:
        """The parameters, or `DerError` where there are none."""
        if self.parameters is None:
            raise DerError("an algorithm without its parameters")
        return self.parameters


@dataclass(frozen=True, slots=True)
class Mac:
    """What shows that nothing was changed."""

    algorithm: Algorithm
    digest: bytes
    salt: bytes
    rounds: int


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Something encrypted with the password."""

    algorithm: Algorithm
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class File:
    """What a file consists of. `mac` is over `content`."""

    content: bytes = field(repr=False)  # which may have the key in the open
    mac: Mac | None

    def parts(self) -> list[bytes | Encrypted]:
        """The parts of the content, in the open or encrypted: each is a list of bags."""
        return [_part(entry) for entry in only_element(self.content).expect(SEQUENCE).children()]


@dataclass(frozen=True, slots=True)
class Bag:
    """One thing in a part: a key, an encrypted key, a certificate, or something else."""

    kind: str
    value: Element

    def certificate(self) -> bytes | None:
        """The certificate of a bag of certificates; None where it is of another sort than X.509."""
        kind, value = _exactly(self.value.expect(SEQUENCE), 2)
        if object_identifier(kind) != _X509_CERTIFICATE:
            return None
        return _inside(value).expect(OCTET_STRING).content


def read_file(data: bytes) -> File:
    """Read the outer structure, or raise `DerError`."""
    fields = list(only_element(data).expect(SEQUENCE).children())
    if not 2 <= len(fields) <= 3 or whole_number(fields[0]) != _VERSION:
        raise DerError("no PKCS#12 file of version 3")
    kind, content = _exactly(fields[1].expect(SEQUENCE), 2)
    if object_identifier(kind) != _DATA:
        raise DerError("a file that is signed instead of protected by a password")
    mac = _mac(fields[2]) if len(fields) == 3 else None
    return File(_inside(content).expect(OCTET_STRING).content, mac)


def bags(part: bytes) -> Iterator[Bag]:
    """The bags of a part that is not, or no longer, encrypted."""
    for entry in only_element(part).expect(SEQUENCE).children():
        fields = list(entry.expect(SEQUENCE).children())
        if not 2 <= len(fields) <= 3:
            raise DerError("no bag of a PKCS#12 file")
        yield Bag(object_identifier(fields[0]), _inside(fields[1]))


def read_encrypted(element: Element) -> Encrypted:
    """Read an encrypted key (RFC 5958, section 3)."""
    method, ciphertext = _exactly(element.expect(SEQUENCE), 2)
    return Encrypted(read_algorithm(method), ciphertext.expect(OCTET_STRING).content)


def read_algorithm(element: Element) -> Algorithm:
    """Read an algorithm's identifier."""
    fields = list(element.expect(SEQUENCE).children())
    if not 1 <= len(fields) <= 2:
        raise DerError("no identifier of an algorithm")
    return Algorithm(object_identifier(fields[0]), fields[1] if len(fields) == 2 else None)


def _part(entry: Element) -> bytes | Encrypted:
    kind, content = _exactly(entry.expect(SEQUENCE), 2)
    identifier = object_identifier(kind)
    if identifier == _DATA:
        return _inside(content).expect(OCTET_STRING).content
    if identifier == _ENCRYPTED_DATA:
        _, encrypted = _exactly(_inside(content).expect(SEQUENCE), 2)
        _, method, ciphertext = _exactly(encrypted.expect(SEQUENCE), 3)
        return Encrypted(read_algorithm(method), ciphertext.expect(_IMPLICIT_OCTETS).content)
    raise DerError("a part that is neither in the open nor protected by a password")


def _mac(element: Element) -> Mac:
    fields = list(element.expect(SEQUENCE).children())
    if not 2 <= len(fields) <= 3:
        raise DerError("no MAC")
    method, digest = _exactly(fields[0].expect(SEQUENCE), 2)
    rounds = whole_number(fields[2]) if len(fields) == 3 else 1
    salt = fields[1].expect(OCTET_STRING).content
    return Mac(read_algorithm(method), digest.expect(OCTET_STRING).content, salt, rounds)


def _inside(element: Element) -> Element:
    """The one element within an explicit tag."""
    return only_element(element.expect(FIRST_TAGGED).content)


def _exactly(element: Element, count: int) -> list[Element]:
    children = list(element.children())
    if len(children) != count:
        raise DerError(f"{len(children)} elements where {count} were expected")
    return children
