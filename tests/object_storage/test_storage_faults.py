"""The machine fails under the storage: errors with a type and a reason, and nothing that was there is lost."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl import embedded_database
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.storage import errors, tables

ALWAYS = wit.WriteCondition_Always()
Host = Any


@pytest.mark.parametrize("protected", [True, False])
def test_a_full_disk(host: Host, make_key: Any, protected: bool) -> None:
    def opened() -> Any:
        box = host.container()
        if protected:
            box.associate_key(make_key(), wit.Protection.CONTENT)
        return box

    box = opened()
    kept = os.urandom(300_000)
    host.put(box, "kept", kept)
    connection = host.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 200}")
    with pytest.raises(types.Error_LimitExceeded, match="storage is full"):
        host.put(box, "large", bytes(4 << 20))
    assert host.listed(box) == ["kept"]
    assert host.get(box, "kept") == kept
    host.put(box, "small", b"fits")
    box.delete_object("kept", ALWAYS)
    host.put(box, "next", kept)
    host.restart()
    box = opened()
    assert host.get(box, "next") == kept
    assert host.get(box, "small") == b"fits"
    assert box.info().objects == 2


def full(*_: object) -> None:
    raise types.Error_LimitExceeded("the storage is full")


def test_reading_from_a_disk_that_is_full_to_the_last_page(
    host: Host, host_at: Callable[[Path], Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    box = host.container()
    kept = os.urandom(600_000)
    for name in ("a", "b"):
        host.put(box, name, kept)
    monkeypatch.setattr("elastic_hal.reference_impl.storage.tables.pin", full)
    assert host.get(box, "a") == kept
    readers = [box.get_data(name, 0, None) for name in ("a", "b")]
    monkeypatch.undo()
    box.delete_object("a", ALWAYS)
    other = host_at(host.state)
    other.container().delete_object("b", ALWAYS)
    other.storages.close()
    assert readers[0].read(1 << 20) == kept
    with pytest.raises(errors.StorageFailure, match="replaced while it was read"):
        readers[1].read(10)
    for reader in readers:
        reader.drop()
    assert box.info().size == 0


def test_what_a_full_disk_did_not_let_go_is_gone_once_there_is_room(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = host.container()
    host.put(box, "old", bytes(600_000))
    reader, writer = box.get_data("old", 0, None), box.write_data("new", ALWAYS)
    writer.write(bytes(1 << 20))
    box.delete_object("old", ALWAYS)
    monkeypatch.setattr("elastic_hal.reference_impl.storage.tables.unpin", full)
    monkeypatch.setattr("elastic_hal.reference_impl.storage.tables.remove_unpinned", full)
    reader.drop()
    writer.drop()
    assert box.info().size > 1_000_000
    monkeypatch.undo()
    host.put(box, "next", b"")
    assert box.info().size < 100


def test_a_disk_without_room_for_tidying_up_can_be_read(
    host: Host, host_at: Callable[[Path], Host], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    host.put(host.container(), "object", b"content")
    writer = host.container().write_data("unfinished", ALWAYS)
    writer.write(bytes(1 << 20))
    # A copy of the storage without the files that say who lives: so it looks when the machine was switched off.
    shutil.copytree(host.database.parent, tmp_path / "copy" / "storage", ignore=shutil.ignore_patterns("owners"))
    (tmp_path / "copy" / "storage").chmod(0o700)
    copy = host_at(tmp_path / "copy")
    with monkeypatch.context() as patched:
        patched.setattr("elastic_hal.reference_impl.storage.tables.remove_unpinned", full)
        box = copy.container()
        assert copy.get(box, "object") == b"content"
        assert box.info().size > 500_000
    copy.put(box, "object", b"other")
    assert box.info().size < 100
    copy.storages.close()


@pytest.mark.parametrize("anchored", [True, False])
def test_protection_that_could_not_begin_can_begin_later(host: Host, make_key: Any, anchored: bool) -> None:
    box = host.container(anchored=anchored)
    host.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(errors.StorageFailure):
        box.associate_key(make_key(), wit.Protection.CONTENT)
    host.connection.execute("PRAGMA query_only = OFF")
    host.connection.execute(
        "CREATE TEMP TRIGGER late BEFORE UPDATE OF root ON main.containers BEGIN SELECT RAISE(ABORT, 'late'); END"
    )
    with pytest.raises(errors.StorageFailure):
        box.associate_key(make_key(), wit.Protection.CONTENT)
    host.connection.execute("DROP TRIGGER late")
    box.associate_key(make_key(), wit.Protection.CONTENT)
    host.put(box, "object", b"1")
    assert host.get(box, "object") == b"1"


def test_a_file_that_may_not_grow(host: Host) -> None:
    """The system refuses writes in the middle of everything, in a process of its own."""
    host.put(host.container(), "kept", b"kept" * 1000)
    host.storages.close()
    script = """
        import pathlib, resource, signal, sys
        from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit, types
        from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
        from elastic_hal.reference_impl.storage.errors import StorageFailure
        from elastic_hal.runtime.control import Control
        from elastic_hal.runtime.identity import Identity
        from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        grant = ContainerGrant("box", frozenset(CONTAINER_RIGHTS))
        storages = Storages(pathlib.Path(sys.argv[1]))
        box = ObjectStorageProvider(storages, Identity("guest", ""), [grant], Control()).get_container("box")
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        failed = 0
        for number in range(30):
            writer = box.write_data(f"new {number}", wit.WriteCondition_Always())
            try:
                writer.write(bytes(100_000))
                writer.finish()
                print(f"new {number}", flush=True)
            except (types.Error_LimitExceeded, StorageFailure):
                failed += 1
        sys.exit(0 if failed else 1)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(host.state)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    host.restart()
    box = host.container()
    assert host.get(box, "kept") == b"kept" * 1000
    assert set(done.stdout.splitlines()) == set(host.listed(box)) - {"kept"}
    for name in done.stdout.splitlines():
        assert host.get(box, name) == bytes(100_000)


def test_a_host_that_starts_on_a_full_disk(tmp_path: Path) -> None:
    """With a file system of its own, which is filled to the last page before the host starts."""
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=2m,mode=700 none "$0" && exec "$@"', str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a small file system in a namespace (unshare -rm, tmpfs)")
    script = """
        import contextlib, pathlib, sys
        from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit, types
        from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
        from elastic_hal.runtime.control import Control
        from elastic_hal.runtime.identity import Identity
        from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant

        state = pathlib.Path(sys.argv[1])
        grant = ContainerGrant("box", frozenset(CONTAINER_RIGHTS))

        def opened():
            provider = ObjectStorageProvider(Storages(state), Identity("guest", ""), [grant], Control())
            return provider.get_container("box")

        def fill():
            with open(state / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
                while ballast.write(bytes(4096)):
                    pass

        def refused():
            try:
                opened()
            except types.Error_LimitExceeded as error:
                return "full" in str(error)

        fill()
        assert refused()
        (state / "ballast").unlink()
        writer = opened().write_data("kept", wit.WriteCondition_Always())
        writer.write(b"content")
        writer.finish()
        fill()
        box = opened()
        assert box.get_data("kept", 0, None).read(100) == b"content"
        box.delete_object("kept", wit.WriteCondition_Always())
        assert not box.has_object("kept")
    """
    command = [*mount, sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_locked_database(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_database, "BUSY_SECONDS", 0.1)
    box = host.container()
    host.put(box, "object", b"1")
    other = sqlite3.connect(host.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.StorageFailure, match="locked for"):
        host.put(box, "object", b"2")
    assert box.has_object("object")
    other.execute("ROLLBACK")
    other.close()
    host.put(box, "object", b"3")
    assert host.get(box, "object") == b"3"


@pytest.mark.parametrize("content", [b"", b"not a database at all, " * 1000, b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_no_database(host: Host, content: bytes) -> None:
    host.database.parent.mkdir(parents=True, mode=0o700)
    host.database.parent.chmod(0o700)
    host.database.write_bytes(content)
    if not content:
        host.container()
        return
    with pytest.raises(errors.StorageFailure, match=r"objects\.db"):
        host.container()
    assert host.database.read_bytes() == content, "what may be of use to somebody is left alone"


def test_a_database_of_another_program(host: Host) -> None:
    host.database.parent.mkdir(parents=True, mode=0o700)
    host.database.parent.chmod(0o700)
    connection = sqlite3.connect(host.database)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(errors.StorageFailure, match="another program"):
        host.container()


def test_a_truncated_database(host: Host) -> None:
    host.put(host.container(), "object", os.urandom(500_000))
    host.storages.close()
    size = host.database.stat().st_size
    os.truncate(host.database, size // 2)
    host.restart()
    with pytest.raises((errors.StorageFailure, types.Error_VerificationFailed, types.Error_NotFound)):
        host.get(host.container(), "object")


def test_a_directory_that_others_may_enter(host: Host) -> None:
    (host.state / "storage").mkdir(parents=True)
    (host.state / "storage").chmod(0o755)
    with pytest.raises(errors.StorageLocationError, match="lets others at it"):
        host.container()


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_a_state_in_which_others_could_put_an_older_storage_back(host: Host, mode: int) -> None:
    host.put(host.container(anchored=True), "object", b"old")
    host.state.chmod(mode)
    host.restart()
    with pytest.raises(errors.StorageLocationError, match=rf"state: has mode {mode:04o}"):
        host.container()


def test_a_state_made_under_a_careless_umask_is_the_owners_alone(host: Host) -> None:
    before = os.umask(0)
    try:
        host.put(host.container(), "object", b"data")
    finally:
        os.umask(before)
    folders = [host.state, *(path for path in host.state.rglob("*") if path.is_dir())]
    assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}


def test_a_file_in_place_of_the_directory(host: Host) -> None:
    host.state.mkdir(parents=True)
    (host.state / "storage").write_bytes(b"")
    with pytest.raises(errors.StorageLocationError, match=r"cannot create the directory|not a directory"):
        host.container()


def test_a_directory_that_may_not_be_written(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.state.chmod(0o500)
    with _as_somebody_else(), pytest.raises(errors.StorageLocationError, match="Permission denied"):
        host.container()
    host.state.chmod(0o700)


@contextmanager
def _as_somebody_else() -> Iterator[None]:
    """For the superuser nothing is forbidden: it becomes somebody else for a moment."""
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(65534)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)


def test_a_database_that_may_only_be_read(host: Host, make_key: Any) -> None:
    """Opened for reading only, as on a file system that became read-only: typed, and nothing is lost."""
    box = host.container()
    host.put(box, "object", b"1")
    host.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(errors.StorageFailure, match="readonly"):
        host.put(box, "object", b"2")
    host.restart()
    assert host.get(host.container(), "object") == b"1"


def test_a_storage_that_vanishes_under_a_running_host(host: Host) -> None:
    box = host.container()
    host.put(box, "object", b"1")
    shutil.rmtree(host.state)
    for _ in range(3):
        try:
            host.put(box, "object", b"2")
        except (errors.StorageFailure, types.Error):
            return
    # On this system the files live on without their names; the host keeps to what it has open.
    assert host.get(box, "object") == b"2"


def test_no_room_for_the_anchor(host: Host, make_key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change is refused as a whole where the platform cannot remember the state after it."""
    key, box = make_key(), host.container(anchored=True)
    box.associate_key(key, wit.Protection.CONTENT)
    host.put(box, "kept", b"kept")
    sync, full = os.fsync, [True]

    def fsync(descriptor: int) -> None:
        if full[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    for change in (lambda: host.put(box, "kept", b"new"), lambda: box.delete_object("kept", ALWAYS)):
        with pytest.raises(types.Error_LimitExceeded, match="storage is full"):
            change()
        assert host.get(box, "kept") == b"kept"
    full[0] = False
    host.put(box, "kept", b"newer")
    assert [path.name.startswith(".") for path in (host.state / "anchors").iterdir()] == [False]
    host.restart()
    box = host.container(anchored=True)
    box.associate_key(make_key(), wit.Protection.CONTENT)
    assert host.get(box, "kept") == b"newer"


def test_a_change_between_the_view_and_the_anchor_is_no_attack(
    host: Host, make_key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process changes the container after a reader's view of it began: the view is older than the anchor."""
    box = host.container(anchored=True)
    box.associate_key(make_key(), wit.Protection.CONTENT)
    host.put(box, "object", b"1")
    other = type(host)(host.state)
    late = other.container(anchored=True)
    late.associate_key(make_key(), wit.Protection.CONTENT)
    assert other.get(late, "object") == b"1"
    host.put(box, "object", b"2")
    real, waiting = tables.container_row, [True]

    def row(*arguments: Any) -> Any:
        found = real(*arguments)
        if waiting:
            waiting.clear()
            host.put(box, "object", b"3")
        return found

    monkeypatch.setattr(tables, "container_row", row)
    assert other.get(late, "object") == b"3"
    assert not waiting
    other.storages.close()
