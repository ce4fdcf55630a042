"""What the clients of the kernel's interfaces do with answers that no kernel gives: typed errors, no leftovers."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.reference_impl.platforms.emulator.errors import CallError
from elastic_hal.reference_impl.platforms.emulator.machines import open_snp_guest, open_tdx_guest
from elastic_hal.reference_impl.platforms.emulator.report_items import ReportItem
from elastic_hal.reference_impl.platforms.emulator.sev_guest import GET_DERIVED_KEY, GET_EXTENDED_REPORT, GET_REPORT
from elastic_hal.reference_impl.platforms.kernel import tsm_reports
from elastic_hal.reference_impl.platforms.kernel.errors import KernelInterfaceError
from elastic_hal.reference_impl.platforms.sev_snp.report_fields import read_own_report
from elastic_hal.reference_impl.platforms.tdx.local_report import read_quote


class PlainFiles:
    """A directory that looks like an item of configfs-tsm, of ordinary files with any content."""

    def __init__(self, place: Path, contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        self.contents = contents
        original = Path.mkdir

        def mkdir(path: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
            original(path, mode, parents, exist_ok)
            if path.parent == place:
                for name, content in contents.items():
                    (path / name).write_bytes(content)

        def rmdir(path: Path) -> None:
            for file in path.iterdir():
                file.unlink()
            os.rmdir(path)

        monkeypatch.setattr(Path, "mkdir", mkdir)
        monkeypatch.setattr(Path, "rmdir", rmdir)


USUAL = {"provider": b"sev_guest\n", "generation": b"1\n", "inblob": b"", "outblob": b"report", "auxblob": b""}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"provider": b"tdx_guest\n"}, "from 'tdx_guest' here"),
        ({"provider": b"\xff"}, "is not text"),
        ({"provider": b""}, "from '' here"),
        ({"generation": b"-1"}, "no number"),
        ({"generation": b"9" * 30}, "no number"),
        ({"generation": "²".encode()}, "is not text"),
        # The count stands still: what was read cannot be known to be ours.
        ({}, "8 times in a row"),
    ],
)
def test_answers_of_no_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, bytes], reason: str
) -> None:
    PlainFiles(tmp_path, {**USUAL, **changed}, monkeypatch)
    with pytest.raises(KernelInterfaceError, match=reason):
        tsm_reports.request_report(tmp_path, "sev_guest", bytes(64))
    assert list(tmp_path.iterdir()) == []


def test_a_report_without_end(tmp_path: Path) -> None:
    (tmp_path / "outblob").write_bytes(bytes(tsm_reports._MOST_BYTES + 1))
    with pytest.raises(KernelInterfaceError, match="has more than"):
        tsm_reports._read(tmp_path / "outblob")


def test_others_write_to_the_same_item(snp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that comes in between makes the request start anew, and never gets its own data reported as ours."""
    original = tsm_reports._write
    meddled = []

    def write(path: Path, content: bytes) -> None:
        original(path, content)
        if path.name == "inblob" and len(meddled) < 3:
            meddled.append(path)
            original(path, b"e" * 64)

    monkeypatch.setattr(tsm_reports, "_write", write)
    given_report = tsm_reports.request_report(snp.reports, "sev_guest", b"o" * 64, 0)
    assert given_report.report[0x50:0x90] == b"o" * 64
    assert len(meddled) == 3
    assert len(set(meddled)) == 3
    assert os.listdir(snp.reports) == []


@given(st.binary(max_size=1300))
def test_reports_of_any_bytes(content: bytes) -> None:
    for read in (read_own_report, read_quote):
        try:
            read(content)
        except KernelInterfaceError:
            continue


def failure(call: Callable[[], object]) -> int | None:
    """Give the error number that a call fails with."""
    try:
        call()
    except CallError as error:
        return error.number
    return None


class Memory:
    """The memory of a caller, of which hardly anything is there."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, address: int, length: int) -> bytes:
        if address + length > len(self.content):
            raise CallError(14)
        return self.content[address : address + length]

    def write(self, address: int, content: bytes) -> None:
        if address + len(content) > len(self.content) + 5000:
            raise CallError(14)


@pytest.fixture(scope="module")
def guests(snp, tdx):
    return open_snp_guest(snp.state), open_tdx_guest(tdx.state)


@settings(max_examples=300, deadline=None)
@given(
    command=st.sampled_from([GET_REPORT, GET_DERIVED_KEY, GET_EXTENDED_REPORT, 0, 0xFFFF_FFFF]),
    argument=st.binary(min_size=32, max_size=32)
    | st.tuples(st.integers(0, 3), st.integers(0, 300), st.integers(0, 300)).map(
        lambda parts: bytes([parts[0]]) + bytes(7) + b"".join(p.to_bytes(8, "little") for p in parts[1:]) + bytes(8)
    ),
    content=st.binary(max_size=300),
)
def test_calls_of_any_arguments(guests, command: int, argument: bytes, content: bytes) -> None:
    for guest in guests:
        number = failure(lambda: guest.call(command, argument, 0, Memory(content)))  # noqa: B023 - called at once
        assert number in (None, 5, 14, 22, 25)


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(["input", "level", "read"]), st.binary(max_size=70)), max_size=8))
def test_items_of_any_history(guests, steps: list[tuple[str, bytes]]) -> None:
    item = ReportItem(guests[1])
    written = 0
    for what, content in steps:
        if what == "read":
            assert failure(lambda: item.read("outblob")) in (None, 22)
            continue
        write = item.write_input if what == "input" else item.write_privilege
        number = failure(lambda: write(content))  # noqa: B023 - called at once
        assert number in (None, 22)
        written += number is None
    assert item.read("generation") == b"%d\n" % written
