"""Event logs: what was measured into the runtime measurement registers (RTMR), in order, so that values get meanings.

Two formats are told apart by content: the log that firmware and boot loader leave in the ACPI table CCEL (TCG PC
Client Platform Firmware Profile, crypto-agile format), and this project's own, which the runtime writes: one CBOR
array, deterministically encoded, `["tag:elastic-hal,2026:event-log", [register, kind, content], …]`. A register is
extended by SHA-384 over its value and the digest of the event; for an own event that is SHA-384 over the encoding of
its three-part array. Nothing in a log is believed until it leads to the values that the hardware signed.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from elastic_hal.reference_impl.eat.cbor import decode, is_integer
from elastic_hal.reference_impl.eat.errors import EvidenceError

from .errors import TdxError

LOG_TAG: Final = "tag:elastic-hal,2026:event-log"
MAX_LOG_BYTES: Final = 4 * 1024 * 1024
REGISTERS: Final = 4
WORKLOAD: Final = "workload"
"""The kind of the event whose content is SHA-256 of a workload's component."""

_DIGEST_BYTES: Final = 48
_SHA384: Final = 0x0C
_NO_ACTION: Final = 3
_END: Final = 0xFFFF_FFFF
_PADDING: Final = b"\0\xff"
_HEAD: Final = struct.Struct("<II20sI")
_SIGNATURE: Final = b"Spec ID Event03\0"
_SPECIFICATION: Final = struct.Struct("<16sIBBBBI")
_ALGORITHM: Final = struct.Struct("<HH")
_EVENT: Final = struct.Struct("<III")


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event: the register that it extends, by which digest, and for own events what it says."""

    register: int
    digest: bytes
    kind: str
    content: bytes


def own_event(register: int, kind: str, content: bytes) -> LoggedEvent:
    """Make an event of the own format, with the digest to extend the register by."""
    encoded = cbor2.dumps([register, kind, content], canonical=True)
    return LoggedEvent(register, hashlib.sha384(encoded).digest(), kind, content)


def encode_log(events: Iterable[LoggedEvent]) -> bytes:
    """Encode own events as a log."""
    entries = [[event.register, event.kind, event.content] for event in events]
    return bytes(cbor2.dumps([LOG_TAG, *entries], canonical=True))


def parse_log(data: bytes) -> list[LoggedEvent]:
    """Read a log of either format, or raise `TdxError`."""
    if len(data) > MAX_LOG_BYTES:
        raise TdxError(f"the event log has more than {MAX_LOG_BYTES} bytes")
    return _boot_log(data) if len(data) > _HEAD.size and _SIGNATURE in data[: _HEAD.size + 16] else _own_log(data)


def replay(events: Sequence[LoggedEvent]) -> dict[int, bytes]:
    """Give the value that each register which is mentioned must have."""
    registers: dict[int, bytes] = {}
    for event in events:
        value = registers.get(event.register, bytes(_DIGEST_BYTES))
        registers[event.register] = hashlib.sha384(value + event.digest).digest()
    return registers


def _own_log(data: bytes) -> list[LoggedEvent]:
    try:
        document = decode(data)
    except EvidenceError as error:
        raise TdxError(f"the event log is neither a boot log nor one of this project: {error}") from None
    if not isinstance(document, list) or not document or document[0] != LOG_TAG:
        raise TdxError(f"the event log is not an array that begins with {LOG_TAG}")
    events = []
    for number, entry in enumerate(document[1:]):
        if not isinstance(entry, list) or len(entry) != 3:
            raise TdxError(f"event {number} of the log does not have its three parts")
        register, kind, content = entry
        if not is_integer(register) or not 0 <= register < REGISTERS:
            raise TdxError(f"event {number} of the log is of no register")
        if not isinstance(kind, str) or not isinstance(content, bytes):
            raise TdxError(f"event {number} of the log has a part of the wrong type")
        events.append(own_event(register, kind, content))
    return events


def _boot_log(data: bytes) -> list[LoggedEvent]:
    position, sizes = _specification(data)
    events: list[LoggedEvent] = []
    # Behind the last event the table is as it was, and copies end anywhere in it, even before an event would fit. No
    # event consists of such bytes alone, since its register is one of four.
    end = len(data.rstrip(_PADDING))
    while position < end:
        register, kind, count = _unpack(_EVENT, data, position, "an event")
        if register == _END:
            return events
        position += _EVENT.size
        if count > len(sizes):
            raise TdxError(f"an event of the boot log has {count} digests, but {len(sizes)} algorithms are declared")
        digest = None
        for _ in range(count):
            (algorithm,) = _unpack(struct.Struct("<H"), data, position, "a digest")
            if algorithm not in sizes:
                raise TdxError(f"an event of the boot log has a digest of the undeclared algorithm {algorithm:#x}")
            position += 2
            if algorithm == _SHA384:
                digest = _slice(data, position, sizes[algorithm], "a digest")
            position += sizes[algorithm]
        (size,) = _unpack(struct.Struct("<I"), data, position, "an event")
        content = _slice(data, position + 4, size, "an event")
        position += 4 + size
        # Register 0 of the log is the measurement of the guest's first memory, which no log can extend.
        if kind == _NO_ACTION or register == 0:
            continue
        if not 1 <= register <= REGISTERS:
            raise TdxError(f"an event of the boot log is of the register {register}, which does not exist")
        if digest is None:
            raise TdxError("an event of the boot log has no SHA-384 digest")
        events.append(LoggedEvent(register - 1, digest, f"{kind:#x}", content))
    return events


def _specification(data: bytes) -> tuple[int, dict[int, int]]:
    """Read the first event, which declares the algorithms and how long their digests are."""
    _, _, _, size = _unpack(_HEAD, data, 0, "its first event")
    content = _slice(data, _HEAD.size, size, "its first event")
    signature, _, _, _, _, _, count = _unpack(_SPECIFICATION, content, 0, "its first event")
    if signature != _SIGNATURE or count > 16:
        raise TdxError("the boot log does not declare its algorithms")
    sizes: dict[int, int] = {}
    for number in range(count):
        offset = _SPECIFICATION.size + number * _ALGORITHM.size
        algorithm, length = _unpack(_ALGORITHM, content, offset, "its first event")
        sizes[algorithm] = length
    if sizes.get(_SHA384) != _DIGEST_BYTES:
        raise TdxError("the boot log has no SHA-384 digests")
    return _HEAD.size + size, sizes


def _unpack(form: struct.Struct, data: bytes, position: int, what: str) -> tuple[Any, ...]:
    return form.unpack(_slice(data, position, form.size, what))


def _slice(data: bytes, position: int, size: int, what: str) -> bytes:
    if position + size > len(data):
        raise TdxError(f"the boot log ends within {what}")
    return data[position : position + size]
