"""The emulator answers as configfs-tsm does, by error numbers too."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(params=["snp", "tdx"])
def item(request: pytest.FixtureRequest) -> Iterator[Path]:
    directory: Path = request.getfixturevalue(request.param).reports / "item"
    directory.mkdir()
    yield directory
    directory.rmdir()


def refused(number: int, act: object, *arguments: object) -> None:
    with pytest.raises(OSError, match=r".+") as refusal:
        act(*arguments)  # type: ignore[operator]
    assert refusal.value.errno == number


def test_the_attributes(item: Path) -> None:
    names = {entry.name for entry in item.iterdir()}
    common = {"inblob", "outblob", "generation", "provider"}
    assert names in (common, common | {"auxblob", "privlevel", "privlevel_floor"})
    refused(errno.ENOENT, (item / "other").read_bytes)
    assert (item / "provider").read_text() in ("sev_guest\n", "tdx_guest\n")


@pytest.mark.parametrize("size", [0, 1, 63])
def test_input_of_another_size_is_judged_when_the_report_is_read(item: Path, size: int) -> None:
    (item / "inblob").write_bytes(b"x" * size)
    refused(errno.EINVAL, (item / "outblob").read_bytes)


def test_too_much_input(item: Path) -> None:
    refused(errno.EFBIG, (item / "inblob").write_bytes, b"x" * 65)
    assert (item / "generation").read_text() == "0\n"


def test_every_write_counts_and_changes_the_report(item: Path) -> None:
    (item / "inblob").write_bytes(b"a" * 64)
    assert (item / "generation").read_text() == "1\n"
    first = (item / "outblob").read_bytes()
    assert (item / "outblob").read_bytes() == first
    assert b"a" * 64 in first
    (item / "inblob").write_bytes(b"b" * 64)
    assert (item / "generation").read_text() == "2\n"
    assert b"b" * 64 in (item / "outblob").read_bytes()


def test_attributes_are_for_one_direction(item: Path) -> None:
    refused(errno.EACCES, os.open, item / "inblob", os.O_RDONLY)
    refused(errno.EACCES, os.open, item / "outblob", os.O_WRONLY)


def test_items_are_made_and_removed_once(item: Path) -> None:
    refused(errno.EEXIST, item.mkdir)
    refused(errno.EPERM, (item / "below").mkdir)
    refused(errno.ENOENT, (item.parent / "absent").rmdir)


@pytest.mark.parametrize("text", [b"4", b"-1", b"\x00", b"one", b""])
def test_privilege_levels_are_text_from_0_to_3(snp: object, text: bytes) -> None:
    directory: Path = snp.reports / "levels"  # type: ignore[attr-defined]
    directory.mkdir()
    try:
        if text:
            refused(errno.EINVAL, (directory / "privlevel").write_bytes, text)
        for level in (b"0", b"3\n", b"0x2"):
            (directory / "privlevel").write_bytes(level)
        (directory / "inblob").write_bytes(b"x" * 64)
        report = (directory / "outblob").read_bytes()
        assert report[0x30] == 2
        assert (directory / "privlevel_floor").read_text() == "0\n"
    finally:
        directory.rmdir()
