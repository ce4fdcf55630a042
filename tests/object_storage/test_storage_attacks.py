"""Somebody who has the storage changes it: reading says `verification-failed`, and no plaintext is to be seen."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.storage.container import Container
from elastic_hal.reference_impl.storage.errors import StorageFailure
from elastic_hal.reference_impl.storage.records import CHUNK_BYTES

ALWAYS = wit.WriteCondition_Always()
CONTENT, NAMES = wit.Protection.CONTENT, wit.Protection.CONTENT_AND_NAMES
BITS = 20
Host = Any
MakeKey = Callable[..., crypto.Key]
Attack = Callable[[sqlite3.Connection], None]


class Attacked:
    """A host with a protected container, and someone who edits its database while it is shut or while it runs."""

    def __init__(self, host: Host, make_key: MakeKey) -> None:
        self.host = host
        self.make_key = make_key
        self.anchored = False

    def open(self, name: str = "box", protection: wit.Protection = CONTENT) -> Container:
        container: Container = self.host.container(name, anchored=self.anchored)
        container.associate_key(self.make_key(), protection)
        return container

    def edit(self, *statements: str) -> None:
        self.host.storages.close()
        self.edit_running(*statements)
        self.host.restart()

    def edit_running(self, *statements: str) -> None:
        connection = sqlite3.connect(self.host.database)
        try:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        finally:
            connection.close()

    def copy(self, folder: Path) -> None:
        """Takes a copy of the storage as a whole."""
        self.host.storages.close()
        shutil.copytree(self.host.state / "storage", folder)
        self.host.restart()

    def put_back(self, folder: Path) -> None:
        self.host.storages.close()
        shutil.rmtree(self.host.state / "storage")
        shutil.copytree(folder, self.host.state / "storage")
        self.host.restart()


@pytest.fixture
def attacked(host: Host, make_key: MakeKey) -> Attacked:
    return Attacked(host, make_key)


FIRST = "(SELECT id FROM versions WHERE name = CAST('a' AS BLOB) AND state = 1)"
SECOND = "(SELECT id FROM versions WHERE name = CAST('b' AS BLOB) AND state = 1)"


def chunk(version: str, number: int) -> str:
    return f"(({version} << {BITS}) | {number})"


def swap(one: str, other: str) -> tuple[str, ...]:
    return (
        f"UPDATE chunks SET id = -1 WHERE id = {one}",
        f"UPDATE chunks SET id = {one} WHERE id = {other}",
        f"UPDATE chunks SET id = {other} WHERE id = -1",
    )


CHUNK_ATTACKS: dict[str, tuple[str, ...]] = {
    "reordered": swap(chunk(FIRST, 0), chunk(FIRST, 1)),
    "swapped between objects": swap(chunk(FIRST, 1), chunk(SECOND, 1)),
    "last chunk swapped between objects": swap(chunk(FIRST, 2), chunk(SECOND, 2)),
    "duplicated": (
        f"UPDATE chunks SET data = (SELECT data FROM chunks WHERE id = {chunk(FIRST, 0)}) WHERE id = {chunk(FIRST, 1)}",
    ),
    "removed": (f"DELETE FROM chunks WHERE id = {chunk(FIRST, 1)}",),
    "last one removed": (f"DELETE FROM chunks WHERE id = {chunk(FIRST, 2)}",),
    "emptied": (f"UPDATE chunks SET data = x'' WHERE id = {chunk(FIRST, 0)}",),
    "shortened": (f"UPDATE chunks SET data = substr(data, 1, length(data) - 1) WHERE id = {chunk(FIRST, 2)}",),
    "lengthened": (f"UPDATE chunks SET data = CAST(data || x'00' AS BLOB) WHERE id = {chunk(FIRST, 2)}",),
    "made text": (f"UPDATE chunks SET data = 'text' WHERE id = {chunk(FIRST, 0)}",),
    "made a number": (f"UPDATE chunks SET data = 17 WHERE id = {chunk(FIRST, 0)}",),
}


@pytest.mark.parametrize("attack", CHUNK_ATTACKS.values(), ids=CHUNK_ATTACKS)
def test_chunks_that_are_not_what_was_written(attacked: Attacked, attack: tuple[str, ...]) -> None:
    box, host = attacked.open(), attacked.host
    host.put(box, "a", os.urandom(2 * CHUNK_BYTES + 100))
    host.put(box, "b", os.urandom(2 * CHUNK_BYTES + 100))
    attacked.edit(*attack)
    reader = attacked.open().get_data("a", 0, None)
    with pytest.raises(types.Error_VerificationFailed):
        list(iter(lambda: reader.read(1000), b""))
    with pytest.raises(types.Error_VerificationFailed):
        reader.read(1)
    reader.drop()


ROW_ATTACKS: dict[str, tuple[str, ...]] = {
    "an object removed": (f"DELETE FROM versions WHERE id = {FIRST}",),
    "an object hidden": (f"UPDATE versions SET state = 2 WHERE id = {FIRST}",),
    "an object renamed": (f"UPDATE versions SET name = CAST('c' AS BLOB) WHERE id = {FIRST}",),
    "two objects exchanged": (
        f"UPDATE versions SET name = CAST('x' AS BLOB) WHERE id = {FIRST}",
        f"UPDATE versions SET name = CAST('a' AS BLOB) WHERE id = {SECOND}",
        "UPDATE versions SET name = CAST('b' AS BLOB) WHERE name = CAST('x' AS BLOB)",
    ),
    "an object doubled": (
        "INSERT INTO versions (container, name, version, size, created_ns, state) "
        "SELECT container, CAST('c' AS BLOB), 'ff', size, created_ns, 1 FROM versions WHERE name = CAST('a' AS BLOB)",
    ),
    "a size changed": (f"UPDATE versions SET size = size - 1 WHERE id = {FIRST}",),
    "a time changed": (f"UPDATE versions SET created_ns = created_ns + 1 WHERE id = {FIRST}",),
    "a size made negative": (f"UPDATE versions SET size = -1 WHERE id = {FIRST}",),
    "a size made text": (f"UPDATE versions SET size = 'much' WHERE id = {FIRST}",),
    "a name made text": (f"UPDATE versions SET name = 'a' WHERE id = {FIRST}",),
    "the root changed": ("UPDATE containers SET root = zeroblob(32)",),
    "the root removed": ("UPDATE containers SET root = NULL",),
    "the salt changed": ("UPDATE containers SET salt = zeroblob(32)",),
    "the salt removed": ("UPDATE containers SET salt = NULL",),
    "the sequence changed": ("UPDATE containers SET sequence = sequence + 1",),
    "the sequence made text": ("UPDATE containers SET sequence = 'x'",),
    "the protection out of range": ("UPDATE containers SET protection = 7",),
}


@pytest.mark.parametrize("attack", ROW_ATTACKS.values(), ids=ROW_ATTACKS)
def test_a_container_that_is_not_what_it_was(attacked: Attacked, attack: tuple[str, ...]) -> None:
    box = attacked.open()
    attacked.host.put(box, "a", b"first")
    attacked.host.put(box, "b", b"second")
    attacked.edit(*attack)
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open()


@pytest.mark.parametrize("attack", ROW_ATTACKS.values(), ids=ROW_ATTACKS)
def test_the_same_under_a_running_host(attacked: Attacked, attack: tuple[str, ...]) -> None:
    """The host goes by what it has verified; what it cannot go by is noticed when it is touched."""
    box = attacked.open()
    attacked.host.put(box, "a", b"first")
    attacked.host.put(box, "b", b"second")
    attacked.edit_running(*attack)
    seen = set()
    for name, expected in (("a", b"first"), ("b", b"second")):
        try:
            assert attacked.host.get(box, name) == expected
            seen.add("right")
        except types.Error_VerificationFailed:
            seen.add("noticed")
    assert seen <= {"right", "noticed"}


def test_a_downgrade_to_an_unprotected_container(attacked: Attacked) -> None:
    attacked.host.put(attacked.open(), "a", b"first")
    attacked.edit("UPDATE containers SET protection = 0, salt = NULL, root = NULL, sequence = 0")
    with pytest.raises(types.Error_InvalidState):
        attacked.open()
    guarded = attacked.host.container(protected=True)
    with pytest.raises(types.Error_InvalidState):
        attacked.host.get(guarded, "a")


def test_a_stronger_protection_is_not_taken_for_a_weaker_one(attacked: Attacked) -> None:
    attacked.host.put(attacked.open(protection=NAMES), "a", b"first")
    attacked.edit("UPDATE containers SET protection = 1")
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open(protection=CONTENT)
    with pytest.raises(types.Error_InvalidArgument):
        attacked.open(protection=NAMES)


def test_one_container_does_not_pass_for_another(attacked: Attacked) -> None:
    attacked.host.put(attacked.open("one"), "a", b"first")
    attacked.host.put(attacked.open("two"), "a", b"second")
    attacked.edit(
        "UPDATE containers SET identity = 'x' WHERE identity LIKE '%one'",
        "UPDATE containers SET identity = replace(identity, 'two', 'one') WHERE identity LIKE '%two'",
    )
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open("one")


def test_an_earlier_version_of_one_object(attacked: Attacked, tmp_path: Path) -> None:
    """The rows of the earlier version are put back, those of the others left as they are."""
    box = attacked.open()
    attacked.host.put(box, "a", b"owes 100")
    attacked.copy(tmp_path / "earlier")
    box = attacked.open()
    attacked.host.put(box, "b", b"other")
    attacked.host.put(box, "a", b"owes nothing")
    attacked.edit(
        f"ATTACH '{tmp_path / 'earlier' / 'objects.db'}' AS earlier",
        f"DELETE FROM main.chunks WHERE id >> {BITS} = {FIRST}",
        f"DELETE FROM main.versions WHERE id = {FIRST}",
        "INSERT INTO main.versions SELECT * FROM earlier.versions WHERE name = CAST('a' AS BLOB)",
        "INSERT INTO main.chunks SELECT * FROM earlier.chunks",
    )
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open()


def test_the_whole_storage_put_back_while_the_host_runs(attacked: Attacked) -> None:
    box = attacked.open()
    attacked.host.put(box, "a", b"1")
    rows = sqlite3.connect(attacked.host.database)
    (sequence, root) = rows.execute("SELECT sequence, root FROM containers").fetchone()
    rows.close()
    attacked.host.put(box, "a", b"2")
    attacked.edit_running(f"UPDATE containers SET sequence = {sequence}, root = x'{root.hex()}'")
    for attempt in (lambda: box.has_object("a"), lambda: attacked.host.put(box, "b", b""), attacked.open):
        with pytest.raises(types.Error_VerificationFailed):
            attempt()
    box.drop()
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open()


@pytest.mark.parametrize("anchored", [True, False])
def test_the_whole_storage_put_back_between_two_runs(attacked: Attacked, tmp_path: Path, anchored: bool) -> None:
    """Only the anchor knows; without it, an old state is as good as the new one. The documentation says so."""
    attacked.anchored = anchored
    attacked.host.put(attacked.open(), "a", b"1")
    attacked.copy(tmp_path / "earlier")
    attacked.host.put(attacked.open(), "a", b"2")
    attacked.put_back(tmp_path / "earlier")
    if anchored:
        with pytest.raises(types.Error_VerificationFailed):
            attacked.open()
    else:
        assert attacked.host.get(attacked.open(), "a") == b"1"


def test_the_whole_storage_removed_between_two_runs(attacked: Attacked) -> None:
    attacked.anchored = True
    attacked.host.put(attacked.open(), "a", b"1")
    attacked.host.storages.close()
    shutil.rmtree(attacked.host.state / "storage")
    attacked.host.restart()
    with pytest.raises(types.Error_VerificationFailed):
        attacked.open()


def test_an_anchor_that_was_spoilt_is_a_failure_not_a_free_pass(attacked: Attacked) -> None:
    attacked.anchored = True
    attacked.host.put(attacked.open(), "a", b"1")
    (anchor,) = (attacked.host.state / "anchors").iterdir()
    for text in ("", "x y\n", "1\n", "\xff"):
        anchor.write_text(text, "latin-1")
        attacked.host.restart()
        with pytest.raises((StorageFailure, types.Error_VerificationFailed)):
            attacked.open()


@pytest.mark.parametrize("protection", [CONTENT, NAMES])
def test_nothing_of_the_content_is_outside(attacked: Attacked, protection: wit.Protection) -> None:
    secret, name = b"the launch code is 0000, " * 20_000, "plans/launch-codes"
    box = attacked.open(protection=protection)
    attacked.host.put(box, name, secret)
    attacked.host.provider().copy_object(box, name, box, name + "-copy", ALWAYS)
    writer = box.write_data("unfinished", ALWAYS)
    writer.write(secret)
    material = bytes([1]) * 32
    for path in attacked.host.state.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"launch code" not in content
            assert material not in content
            assert protection is CONTENT or b"launch-codes" not in content
    writer.drop()
    attacked.host.restart()
    assert attacked.host.get(attacked.open(protection=protection), name) == secret


def test_lengths_of_names_are_hidden_up_to_a_block(attacked: Attacked) -> None:
    box = attacked.open(protection=NAMES)
    for length in range(1, 32):
        attacked.host.put(box, "n" * length, b"")
    rows = sqlite3.connect(attacked.host.database)
    assert {row for (row,) in rows.execute("SELECT length(name) FROM versions")} == {48}
    rows.close()
    assert len(attacked.host.listed(box, "nn", 5)) == 30


def test_no_two_versions_have_the_same_key_or_ciphertext(attacked: Attacked) -> None:
    box = attacked.open()
    for number in range(20):
        attacked.host.put(box, f"{number}", b"the same bytes")
        attacked.host.put(box, "same name", b"the same bytes")
    rows = sqlite3.connect(attacked.host.database)
    stored = [row for (row,) in rows.execute("SELECT data FROM chunks")]
    rows.close()
    assert len({bytes(data) for data in stored}) == len(stored) == 21


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2**31), bit=st.integers(0, 7))
def test_any_bit_of_the_file(attacked: Attacked, tmp_path: Path, place: int, bit: int) -> None:
    """Wherever a bit of the database file is changed: the right bytes or an error, never other bytes."""
    whole = tmp_path / "whole"
    if not whole.exists():
        box = attacked.open()
        attacked.host.put(box, "a", bytes(range(256)) * 2000)
        attacked.host.put(box, "b", b"short")
        box.drop()
        attacked.copy(whole)
    attacked.host.storages.close()
    shutil.rmtree(attacked.host.state / "storage")
    shutil.copytree(whole, attacked.host.state / "storage")
    content = bytearray(attacked.host.database.read_bytes())
    content[place % len(content)] ^= 1 << bit
    attacked.host.database.write_bytes(content)
    try:
        attacked.host.restart()
        box = attacked.open()
        for name, expected in (("a", bytes(range(256)) * 2000), ("b", b"short")):
            assert attacked.host.get(box, name) == expected
    except (StorageFailure, types.Error_VerificationFailed, types.Error_InvalidArgument, types.Error_InvalidState):
        pass
    finally:
        attacked.host.storages.close()


def test_accidents_in_an_unprotected_container_are_noticed(host: Host) -> None:
    box = host.container()
    host.put(box, "a", bytes(100))
    host.storages.close()
    connection = sqlite3.connect(host.database)
    connection.execute("UPDATE chunks SET data = CAST(substr(data, 1, 50) || x'01' || substr(data, 52) AS BLOB)")
    connection.commit()
    connection.close()
    host.restart()
    with pytest.raises(types.Error_VerificationFailed):
        host.get(host.container(), "a")


@pytest.mark.parametrize(
    "change",
    ["size = -3", "size = 'x'", "created_ns = 1.5", "created_ns = x'00'", "version = '../x'", "version = x'35'"],
)
def test_what_nobody_wrote_in_an_unprotected_container(host: Host, change: str) -> None:
    host.put(host.container(), "a", bytes(100))
    host.storages.close()
    connection = sqlite3.connect(host.database)
    connection.execute(f"UPDATE versions SET {change}")
    connection.commit()
    connection.close()
    host.restart()
    box = host.container()
    for look in (lambda: host.get(box, "a"), lambda: box.object_info("a"), lambda: box.has_object("a")):
        with pytest.raises(types.Error_VerificationFailed):
            look()
