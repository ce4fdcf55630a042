"""A storage that can only be read is read: on a read-only file system, or in a directory without the right to write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.storage import errors

ALWAYS = wit.WriteCondition_Always()
Host = Any


@contextmanager
def mounted_read_only(place: Path) -> Iterator[None]:
    mount = ["mount", "--bind", str(place), str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True, timeout=60).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True, timeout=60)
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, timeout=60)


@contextmanager
def without_the_right_to_write(place: Path) -> Iterator[None]:
    """As an ordinary user, whom rights hold up, in folders that are theirs."""
    everything = [place, *place.rglob("*")]
    superuser = os.geteuid() == 0
    for path in everything:
        if superuser:
            os.chown(path, 65534, 65534)
        path.chmod(0o500 if path.is_dir() else 0o400)
    outer = [folder for folder in place.parents if superuser and folder.stat().st_mode & 0o077 == 0]
    try:
        for folder in outer:
            folder.chmod(folder.stat().st_mode | 0o011)
        if superuser:
            os.seteuid(65534)
        yield
    finally:
        if superuser:
            os.seteuid(0)
        for folder in outer:
            folder.chmod(folder.stat().st_mode & ~0o011)
        for path in everything:
            path.chmod(0o700)
            if superuser:
                os.chown(path, 0, 0)


READ_ONLY = pytest.mark.parametrize("read_only", [mounted_read_only, without_the_right_to_write])


@READ_ONLY
@pytest.mark.parametrize("protection", [None, wit.Protection.CONTENT, wit.Protection.CONTENT_AND_NAMES])
def test_reads_work_and_writes_say_that_they_cannot(
    tmp_path: Path, host_at: Callable[[Path], Host], make_key: Any, protection: wit.Protection | None, read_only: Any
) -> None:
    state = tmp_path / "state"
    content = os.urandom(700_000)

    def opened(host: Host) -> Any:
        box = host.container(anchored=protection is not None)
        if protection is not None:
            box.associate_key(make_key(), protection)
        return box

    host = host_at(state)
    box = opened(host)
    for name in ("a", "b"):
        host.put(box, name, content)
    host.storages.close()
    before = sorted(path.name for path in state.rglob("*"))
    with read_only(state):
        host = host_at(state)
        box = opened(host)
        assert host.listed(box) == ["a", "b"]
        assert host.get(box, "a") == content
        assert host.get(box, "b", 300_000, 300_010) == content[300_000:300_010]
        assert box.info().objects == 2
        assert box.object_info("a").size == len(content)
        for change in (
            lambda: host.put(box, "a", b"new"),
            lambda: host.put(box, "c", b"new"),
            lambda: box.delete_object("a", ALWAYS),
            lambda: box.delete_objects(["a", "b"]),
            box.clear,
            lambda: host.container("another"),
        ):
            with pytest.raises(types.Error_AccessDenied, match="can only be read"):
                change()
        assert host.get(box, "a") == content
        host.storages.close()
    assert sorted(path.name for path in state.rglob("*")) == before
    host = host_at(state)
    host.put(opened(host), "c", b"new")
    host.storages.close()


@READ_ONLY
def test_a_state_without_a_storage_is_refused(tmp_path: Path, host_at: Callable[[Path], Host], read_only: Any) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    refused = pytest.raises(errors.StorageLocationError, match=r"Read-only|Permission denied")
    with read_only(tmp_path / "state"), refused:
        host_at(tmp_path / "state").container()


@READ_ONLY
def test_an_older_storage_is_noticed_by_its_anchor(
    tmp_path: Path, host_at: Callable[[Path], Host], make_key: Any, read_only: Any
) -> None:
    state = tmp_path / "state"

    def opened(host: Host) -> Any:
        box = host.container(anchored=True)
        box.associate_key(make_key(), wit.Protection.CONTENT)
        return box

    host = host_at(state)
    host.put(opened(host), "a", b"old")
    host.storages.close()
    shutil.copy(state / "storage" / "objects.db", tmp_path / "older")
    host = host_at(state)
    host.put(opened(host), "a", b"new")
    host.storages.close()
    shutil.copy(tmp_path / "older", state / "storage" / "objects.db")
    with read_only(state):
        host = host_at(state)
        with pytest.raises(types.Error_VerificationFailed):
            opened(host)
        host.storages.close()


@READ_ONLY
def test_a_log_that_was_not_written_back_is_never_passed_over(
    tmp_path: Path, host_at: Callable[[Path], Host], read_only: Any
) -> None:
    host = host_at(tmp_path / "first")
    host.put(host.container(), "a", b"content")
    copy = tmp_path / "state"
    (copy / "storage").mkdir(parents=True)
    for folder in (copy, copy / "storage"):
        folder.chmod(0o700)
    for name in ("objects.db", "objects.db-wal"):
        shutil.copy(tmp_path / "first" / "storage" / name, copy / "storage" / name)
    host.storages.close()
    with read_only(copy), pytest.raises(errors.StorageFailure, match="log was not written back"):
        host_at(copy).container()
    host = host_at(copy)
    assert host.get(host.container(), "a") == b"content"
    host.storages.close()
