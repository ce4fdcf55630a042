"""The cache stays within its bound, keeps what was used last, and never takes away what somebody uses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from elastic_hal.common import cache_folder
from elastic_hal.common.cache_folder import entries, hold, keep_within, prune
from elastic_hal.common.quantities import QuantityError, format_size, parse_size


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(4):
        compiled = tmp_path / "components" / f"{number}.cwasm"
        guest = tmp_path / "conformance" / f"key{number}" / "guest.wasm"
        for age, path in ((10 * number, compiled), (10 * number + 5, guest)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x" * 100)
            os.utime(path, (1_000_000 - age, 1_000_000 - age))
    (tmp_path / "components" / "tag-key").write_bytes(b"k" * 32)
    return tmp_path


def names(root: Path) -> list[str]:
    return [entry.path.relative_to(root).as_posix() for entry in entries(root)]


def test_lists_what_is_there_the_longest_unused_first(root: Path) -> None:
    assert names(root)[0] == "conformance/key3/guest.wasm"
    assert names(root)[-1] == "components/0.cwasm"
    assert len(names(root)) == 8


def test_what_was_used_last_stays(root: Path) -> None:
    removed = prune(root, 250)
    assert (removed.entries, removed.size) == (6, 600)
    assert names(root) == ["conformance/key0/guest.wasm", "components/0.cwasm"]
    assert not (root / "conformance" / "key3").exists()
    assert (root / "components" / "tag-key").exists()
    assert prune(root, 200) == cache_folder.Removed()


def test_using_an_entry_keeps_it(root: Path) -> None:
    cache_folder.use(root / "components" / "3.cwasm")
    prune(root, 100)
    assert names(root) == ["components/3.cwasm"]


def test_what_another_process_holds_stays(root: Path) -> None:
    held = root / "conformance" / "key3" / "guest.wasm"
    code = (
        "import sys, pathlib; from elastic_hal.common.cache_folder import hold; "
        "print(hold(pathlib.Path(sys.argv[1])), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(held)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        os.utime(held, (0, 0))
        removed = prune(root, 0)
        assert (removed.entries, removed.in_use) == (7, 1)
        process.communicate("")
    assert prune(root, 0).entries == 1
    assert not hold(held)


def test_unfinished_files_of_killed_processes_go(root: Path) -> None:
    old, new = root / "components" / "new-old", root / "conformance" / "key0" / "guest.ab.part"
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    prune(root, 1 << 30)
    assert not old.exists()
    assert new.exists()


def test_links_are_not_followed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "other.cwasm"
    outside.write_bytes(b"x" * 1000)
    (root / "components" / "link.cwasm").symlink_to(outside)
    (root / "conformance" / "link").symlink_to(outside.parent)
    assert len(names(root)) == 8
    prune(root, 0)
    assert outside.exists()


def test_the_bound_is_what_the_variable_says(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("ELASTIC_HAL_CACHE_SIZE", "300B")
    keep_within(root)
    assert len(names(root)) == 3
    monkeypatch.setenv("ELASTIC_HAL_CACHE_SIZE", "much")
    keep_within(root)
    assert "the cache is not bounded: ELASTIC_HAL_CACHE_SIZE: 'much' is not a size" in caplog.text
    monkeypatch.delenv("ELASTIC_HAL_CACHE_SIZE")
    assert cache_folder.max_bytes() == 4 << 30


def test_an_empty_or_missing_cache_is_no_trouble(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []
    assert prune(tmp_path / "none", 0) == cache_folder.Removed()


def test_sizes_are_read_and_written() -> None:
    assert [parse_size(text) for text in ("0", "1B", "2 KiB", "0003MiB", "4GiB")] == [0, 1, 2048, 3 << 20, 4 << 30]
    assert format_size(parse_size("1073741824GiB")) == "1073741824GiB"
    for wrong in ("", "-1", "1.5GiB", "1 TB", "٣MiB", "GiB"):
        with pytest.raises(QuantityError, match="is not a size"):
            parse_size(wrong)
    with pytest.raises(QuantityError, match="is more than 1073741824GiB"):
        parse_size("17179869185GiB")
