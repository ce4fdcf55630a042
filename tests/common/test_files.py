"""Files that are no files, files without end, and names that forge lines."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from elastic_hal.common.errors import ENVIRONMENT, USAGE
from elastic_hal.common.files import FileError, read_file, read_text
from elastic_hal.common.text import shown


def test_reads_a_file_of_exactly_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100)
    assert read_file(file, 100) == b"x" * 100


def test_refuses_a_file_one_byte_too_long(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 101)
    with pytest.raises(FileError, match=r"has more than 100B$"):
        read_file(file, 100)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/random"])
def test_refuses_devices(device: str) -> None:
    with pytest.raises(FileError, match="is a device, not a regular file") as raised:
        read_file(Path(device), 100)
    assert raised.value.exit_status == USAGE


def test_refuses_a_pipe_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="is a pipe, not a regular file"):
        read_file(tmp_path / "pipe", 100)


def test_refuses_a_directory_a_socket_and_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a directory, not a regular file"):
        read_file(tmp_path, 100)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(FileError, match="cannot be read: No such device or address"):
            read_file(tmp_path / "socket", 100)
    with pytest.raises(FileError, match="cannot be read: No such file or directory") as raised:
        read_file(tmp_path / "missing", 100)
    assert raised.value.exit_status == USAGE
    with pytest.raises(FileError, match="a path holds no NUL"):
        read_file(Path("a\0b"), 100)


def test_gives_up_when_time_is_over(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with pytest.raises(FileError, match="could not be read within 0 seconds") as raised:
        read_file(file, 100, seconds=0)
    assert raised.value.exit_status == ENVIRONMENT


def test_says_where_text_is_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"ab\xff")
    with pytest.raises(FileError, match=r"is not UTF-8 \(byte 2\)$"):
        read_text(file, 100)


def test_a_name_cannot_forge_lines(tmp_path: Path) -> None:
    with pytest.raises(FileError) as raised:
        read_file(tmp_path / "x\nelastic-hal: accepted", 100)
    assert "\n" not in str(raised.value)
    assert r"x\nelastic-hal: accepted" in str(raised.value)


def test_shows_text_in_one_line_and_cuts_it() -> None:
    assert shown("plain ü 語") == "plain ü 語"
    assert shown("a\x1b[31m\u202eb\u2028\udcff") == r"a\x1b[31m\u202eb\u2028\udcff"
    assert len(shown("x" * 1000)) == 200
    assert shown("ab" * 500, 5) == "ab…ab"
