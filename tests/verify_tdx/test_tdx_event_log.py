"""Event logs: they count only where they lead to the registers that the hardware signed."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Check, Verdict
from elastic_hal.reference_impl.verify.tdx.errors import TdxError
from elastic_hal.reference_impl.verify.tdx.event_log import LOG_TAG, encode_log, own_event, parse_log, replay

from .conftest import Machine

Find = Callable[[Appraisal, str], Check]
WORKLOAD = hashlib.sha256(b"component").digest()
EVENTS = [own_event(3, "runtime", b"r" * 48), own_event(3, "workload", WORKLOAD)]


def boot_log(
    events: Sequence[tuple[int, int, bytes, bytes]], algorithms: Sequence[tuple[int, int]] = ((12, 48),)
) -> bytes:
    """A log as firmware writes it, of (register, kind, digest, content)."""
    specification = b"Spec ID Event03\0" + struct.pack("<IBBBBI", 0, 0, 2, 0, 2, len(algorithms))
    specification += b"".join(struct.pack("<HH", *entry) for entry in algorithms) + b"\0"
    log = struct.pack("<II20sI", 0, 3, bytes(20), len(specification)) + specification
    for register, kind, digest, content in events:
        log += struct.pack("<III", register, kind, 1) + struct.pack("<H", 12) + digest
        log += struct.pack("<I", len(content)) + content
    return log


def extended(*digests: bytes) -> bytes:
    value = bytes(48)
    for digest in digests:
        value = hashlib.sha384(value + digest).digest()
    return value


def registers(**changes: bytes) -> tuple[bytes, ...]:
    return tuple(changes.get(f"r{number}", bytes(48)) for number in range(4))


def test_own_events_lead_to_the_register(machine: Machine, find_check: Find) -> None:
    quote = machine.quote(rtmrs=registers(r3=extended(*(event.digest for event in EVENTS))))
    appraisal = machine.appraise(quote, event_logs=[encode_log(EVENTS)])
    check = find_check(appraisal, "event log of RTMR3")
    assert (check.verdict, check.detail) == (Verdict.PASS, "2 events lead to it")
    assert appraisal.require().to_json()["workload"] == WORKLOAD.hex()


def test_the_workload_is_a_measurement(machine: Machine, find_check: Find) -> None:
    quote = machine.quote(rtmrs=registers(r3=extended(*(event.digest for event in EVENTS))))
    image = f'[tdx.mrtd]\n"image" = "{bytes(48).hex()}"\n'
    text = f'version = 1\nallow_emulated = true\n{image}[measurements.workload]\n"w" = "sha-256:{{}}"'
    good = AppraisalPolicy.parse(text.format(WORKLOAD.hex()))
    bad = AppraisalPolicy.parse(text.format(bytes(32).hex()))
    logs = [encode_log(EVENTS)]
    assert find_check(machine.appraise(quote, policy=good, event_logs=logs), "measurement workload").detail == "is 'w'"
    assert machine.appraise(quote, policy=bad, event_logs=logs).verdict is Verdict.FAIL
    assert machine.appraise(quote, policy=good).verdict is Verdict.FAIL
    # Whoever boots software of his own can extend the register and write the log.
    of_any_image = AppraisalPolicy.parse(text.replace(image, "").format(WORKLOAD.hex()))
    check = find_check(machine.appraise(quote, policy=of_any_image, event_logs=logs), "measurement workload")
    assert (check.verdict, "only the software in the guest says so" in str(check.detail)) == (Verdict.FAIL, True)


@pytest.mark.parametrize(
    "events",
    [EVENTS[:1], EVENTS[::-1], [*EVENTS, EVENTS[0]], [EVENTS[0], own_event(3, "workload", bytes(32))]],
    ids=["less", "another order", "more", "another content"],
)
def test_a_log_that_leads_elsewhere_is_refused(machine: Machine, find_check: Find, events: list[Any]) -> None:
    quote = machine.quote(rtmrs=registers(r3=extended(*(event.digest for event in EVENTS))))
    appraisal = machine.appraise(quote, event_logs=[encode_log(events)])
    assert find_check(appraisal, "event log of RTMR3").verdict is Verdict.FAIL
    assert appraisal.claims is not None
    assert appraisal.claims.to_json()["workload"] is None


def test_a_boot_log_and_an_own_log(machine: Machine, find_check: Find) -> None:
    digests = [hashlib.sha384(bytes([number])).digest() for number in range(3)]
    log = boot_log(
        [(1, 8, digests[0], b"a"), (2, 13, digests[1], b""), (1, 3, bytes(48), b"no action"), (1, 4, digests[2], b"")]
    )
    own = [own_event(3, "workload", WORKLOAD)]
    quote = machine.quote(
        rtmrs=registers(r0=extended(digests[0], digests[2]), r1=extended(digests[1]), r3=extended(own[0].digest))
    )
    logs = [log + b"\xff" * 64, encode_log(own)]
    appraisal = machine.appraise(
        quote,
        event_logs=logs,
        policy=AppraisalPolicy.parse("version = 1\nallow_emulated = true\n[tdx]\nrequire_event_log = true"),
    )
    assert appraisal.verdict is Verdict.PASS, appraisal.reason
    assert find_check(appraisal, "event log of RTMR0").detail == "2 events lead to it"
    assert find_check(appraisal, "event log of RTMR2").detail == "nothing was measured into it"


@pytest.mark.parametrize("padding", [b"\0", b"\xff", b"\0\xff", b"\xff\0"])
def test_padding_behind_a_boot_log(padding: bytes) -> None:
    """The table is longer than the log, and copies of it end anywhere, even before an event would fit."""
    digests = [hashlib.sha384(bytes([number])).digest() for number in range(2)]
    log = boot_log([(1, 8, digests[0], b"a"), (2, 13, digests[1], b"\0" * 9)])
    whole = parse_log(log)
    assert [event.content for event in whole] == [b"a", b"\0" * 9]
    for count in range(40):
        assert parse_log(log + padding * count) == whole, count
    for cut in range(1, 9):
        with pytest.raises(TdxError, match="ends within"):
            parse_log(log[:-cut])
    for count in range(1, 12):
        with pytest.raises(TdxError, match="ends within"):
            parse_log(log + b"\1" * count)


def test_a_genuine_boot_log_with_padding(vectors: Path) -> None:
    log = (vectors / "more" / "eventlog" / "ccel-aael-alibaba.bin").read_bytes()
    whole = parse_log(log)
    assert len(whole) == 87
    bare = log[:-8]
    assert log[-8:] in (bytes(8), b"\xff" * 8)
    for count in range(1, 12):
        for padding in (b"\0", b"\xff"):
            assert parse_log(bare + padding * count) == whole


def test_registers_must_be_explained_where_that_is_demanded(machine: Machine, find_check: Find) -> None:
    quote = machine.quote(rtmrs=registers(r1=b"\x01" * 48))
    strict = AppraisalPolicy.parse("version = 1\nallow_emulated = true\n[tdx]\nrequire_event_log = true")
    assert find_check(machine.appraise(quote, policy=strict), "event log of RTMR1").verdict is Verdict.FAIL
    assert machine.appraise(machine.quote(), policy=strict).verdict is Verdict.PASS
    assert find_check(machine.appraise(quote), "event log of RTMR1").verdict is Verdict.NOT_CHECKED


def test_a_log_that_cannot_be_read_refuses_the_evidence(machine: Machine, find_check: Find) -> None:
    appraisal = machine.appraise(machine.quote(), event_logs=[b"nonsense"])
    assert find_check(appraisal, "event log").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        ["another tag"],
        [LOG_TAG, 1],
        [LOG_TAG, [3, "workload"]],
        [LOG_TAG, [4, "workload", b""]],
        [LOG_TAG, [-1, "workload", b""]],
        [LOG_TAG, [True, "workload", b""]],
        [LOG_TAG, [3, b"workload", b""]],
        [LOG_TAG, [3, "workload", "text"]],
    ],
    ids=repr,
)
def test_own_logs_of_another_form_are_refused(document: object) -> None:
    with pytest.raises(TdxError):
        parse_log(cbor2.dumps(document))


@pytest.mark.parametrize(
    "log",
    [
        boot_log([], algorithms=((11, 32),)),
        boot_log([], algorithms=((12, 32),)),
        boot_log([(9, 8, bytes(48), b"")]),
        boot_log([(1, 8, bytes(48), b"abc")])[:-1],
        boot_log([(1, 8, bytes(48), b"")])[:-20],
        boot_log([]) + struct.pack("<IIIH", 1, 8, 1, 11),
        boot_log([]) + struct.pack("<III", 1, 8, 0xFFFF_FFFF),
        boot_log([]) + struct.pack("<IIII", 1, 8, 0, 0),
    ],
)
def test_boot_logs_of_another_form_are_refused(log: bytes) -> None:
    with pytest.raises(TdxError):
        parse_log(log)


def test_the_measurement_of_the_first_memory_is_not_extended() -> None:
    assert parse_log(boot_log([(0, 8, bytes(48), b"")])) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.text(max_size=8), st.binary(max_size=40)), max_size=8))
def test_own_logs_come_back(entries: list[tuple[int, str, bytes]]) -> None:
    events = [own_event(*entry) for entry in entries]
    assert parse_log(encode_log(events)) == events
    assert set(replay(events)) == {register for register, _, _ in entries}


@given(st.binary(max_size=300), st.booleans(), st.integers(0, 200))
def test_no_bytes_raise_anything_else(content: bytes, as_boot_log: bool, position: int) -> None:
    if as_boot_log:
        log = bytearray(boot_log([(1, 8, bytes(48), b"x"), (2, 8, bytes(48), b"")]))
        at = min(position, len(log))
        log[at : at + len(content)] = content
        content = bytes(log)
    try:
        parse_log(content)
    except TdxError:
        return
