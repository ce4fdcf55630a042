"""A disk that is full to the last block: what is on it can be read and deleted, and then there is room again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types

ALWAYS = wit.WriteCondition_Always()
Host = Any
MIB = 1 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", str(place)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True, timeout=60).returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=60)


def fill(disk: Path, name: str) -> None:
    """Take every block that is left."""
    descriptor = os.open(disk / name, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, bytes(4096))
    os.close(descriptor)


@pytest.mark.parametrize("size", [100, 700_000, 3 * MIB])
@pytest.mark.parametrize("protection", [None, wit.Protection.CONTENT, wit.Protection.CONTENT_AND_NAMES])
@pytest.mark.parametrize("restarted", [False, True])
def test_objects_are_deleted_one_by_one_until_there_is_room(
    disk: Path,
    host_at: Callable[[Path], Host],
    make_key: Any,
    protection: wit.Protection | None,
    restarted: bool,
    size: int,
) -> None:
    host = host_at(disk / "state")

    def opened() -> Any:
        box = host.container(anchored=protection is not None)
        if protection is not None:
            box.associate_key(make_key(), protection)
        return box

    box, names = opened(), [f"object {number}" for number in range(40)]
    there = []
    with suppress(types.Error_LimitExceeded):
        for name in names:
            host.put(box, name, os.urandom(size))
            there.append(name)
    fill(disk, "others")
    if restarted:
        host.storages.close()
        fill(disk, "others, later")
        host = host_at(disk / "state")
        box = opened()
    assert host.listed(box) == sorted(there)
    assert len(host.get(box, there[0])) == size
    for name in there:
        box.delete_object(name, ALWAYS)
    assert host.listed(box) == []
    host.put(box, "new", bytes(1000))
    assert host.get(box, "new") == bytes(1000)
    host.storages.close()


def test_all_objects_are_deleted_at_once(disk: Path, host_at: Callable[[Path], Host]) -> None:
    host = host_at(disk / "state")
    box = host.container()
    with suppress(types.Error_LimitExceeded):
        for number in range(40):
            host.put(box, str(number), os.urandom(700_000))
    fill(disk, "others")
    box.clear()
    assert host.listed(box) == []
    host.put(box, "new", bytes(1000))
    host.storages.close()


def test_the_reserve_is_made_again_when_there_is_room(disk: Path, host_at: Callable[[Path], Host]) -> None:
    host = host_at(disk / "state")
    box = host.container()
    reserve = disk / "state" / "storage" / "reserve"
    whole = reserve.stat().st_size
    assert whole == 8 * MIB
    host.put(box, "object", bytes(100))
    fill(disk, "others")
    host.storages.close()
    reserve.unlink()
    fill(disk, "more")
    host = host_at(disk / "state")
    with pytest.raises(types.Error_LimitExceeded):
        host.container()
    (disk / "more").unlink()
    (disk / "others").unlink()
    box = host.container()
    assert reserve.stat().st_size == whole
    assert reserve.stat().st_mode & 0o777 == 0o600
    host.storages.close()
