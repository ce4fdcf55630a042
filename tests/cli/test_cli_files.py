"""Files that commands write appear whole or not at all."""

import errno
from pathlib import Path

import pytest

from elastic_hal.cli.files import write_whole


def test_a_file_is_replaced_as_a_whole(place: Path) -> None:
    path = place / "evidence"
    write_whole(path, b"first")
    write_whole(path, b"second")
    assert [(one.name, one.read_bytes()) for one in place.iterdir()] == [("evidence", b"second")]


def test_a_link_stays_a_link(place: Path) -> None:
    (place / "target").write_bytes(b"old")
    (place / "link").symlink_to("target")
    write_whole(place / "link", b"new")
    assert (place / "link").is_symlink()
    assert (place / "target").read_bytes() == b"new"


def test_a_disk_that_is_full_takes_nothing_away(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place / "evidence"
    path.write_bytes(b"old")

    def full(target: Path, content: bytes) -> int:
        with target.open("wb") as file:
            file.write(content[:2])
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(path, b"new content")
    assert caught.value.filename == str(path)
    assert [(one.name, one.read_bytes()) for one in place.iterdir()] == [("evidence", b"old")]


def test_what_is_no_ordinary_file_is_written_to(place: Path) -> None:
    write_whole(Path("/dev/null"), b"gone")
    assert list(place.iterdir()) == []
