"""A store that is not as it was written is refused: whatever part of it was cut, put back, exchanged or made up."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.reference_impl.broker.audit_log import next_digest, verify_log
from elastic_hal.reference_impl.broker.errors import BrokerStoreError
from elastic_hal.reference_impl.broker.store import Store

REVOKED, LATER = "ab" * 32, "cd" * 32
ENTRY: dict[str, object] = {"event": "something"}


def filled(directory: Path) -> Path:
    store = Store.open(directory, create=True)
    store.add_secret("a", b"secret of a", ENTRY)
    store.add_secret("b", b"secret of b", ENTRY)
    store.revoke(REVOKED, ENTRY)
    for _ in range(5):
        store.log(ENTRY)
    store.close()
    return directory


def change(directory: Path, *statements: str) -> None:
    connection = sqlite3.connect(directory / "broker.sqlite")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def log_made_anew(directory: Path) -> None:
    """Leave out an entry and compute the whole chain again, as whoever knows the format can."""
    connection = sqlite3.connect(directory / "broker.sqlite")
    contents = [bytes(content) for (content,) in connection.execute("SELECT content FROM log ORDER BY number")][1:]
    connection.execute("DELETE FROM log")
    digest = bytes(32)
    for number, content in enumerate(contents, 1):
        digest = next_digest(digest, number, content)
        connection.execute("INSERT INTO log VALUES (?, ?, ?)", (number, content, digest))
    connection.commit()
    connection.close()


def truncated(share: float) -> Callable[[Path], None]:
    def cut(directory: Path) -> None:
        file = directory / "broker.sqlite"
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * share)])

    return cut


def sql(*statements: str) -> Callable[[Path], None]:
    return lambda directory: change(directory, *statements)


DAMAGES = {
    "cut to nothing": truncated(0),
    "cut to half": truncated(0.5),
    "database gone": lambda directory: (directory / "broker.sqlite").unlink(),
    "key gone": lambda directory: (directory / "broker.key").unlink(),
    "mark gone": lambda directory: (directory / "broker.key.mark").unlink(),
    "mark emptied": lambda directory: (directory / "broker.key.mark").write_bytes(b""),
    "mark made up": lambda directory: (directory / "broker.key.mark").write_text(f"0:{'0' * 64} {'0' * 64}\n"),
    "no revocations": sql("DELETE FROM revocations"),
    "another revocation": sql(f"UPDATE revocations SET value = '{LATER}'"),
    "one revocation more": sql(f"INSERT INTO revocations VALUES ('{LATER}')"),
    "no secrets": sql("DELETE FROM secrets"),
    "secret renamed": sql("UPDATE secrets SET name = 'c' WHERE name = 'a'"),
    "log emptied": sql("DELETE FROM log"),
    "log cut": sql("DELETE FROM log WHERE number > 6"),
    "log and revocations emptied": sql("DELETE FROM log", "DELETE FROM revocations"),
    "everything emptied": sql("DELETE FROM log", "DELETE FROM revocations", "DELETE FROM secrets", "DELETE FROM seal"),
    "an entry changed": sql("UPDATE log SET content = CAST('{}' AS BLOB) WHERE number = 3"),
    "log made anew": log_made_anew,
    "no seal": sql("DELETE FROM seal"),
    "seal made up": sql("UPDATE seal SET mac = zeroblob(32)"),
    "seal of a text": sql("DROP TABLE seal", "CREATE TABLE seal (one, mac)", "INSERT INTO seal VALUES (1, 'x')"),
    "tables gone": sql("DROP TABLE revocations"),
    "of the version without seals": sql("DROP TABLE seal", "PRAGMA user_version = 1"),
    "of no version": sql("PRAGMA user_version = 0", "PRAGMA application_id = 0"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_store_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(filled(tmp_path / "store"))
    for create in (False, True):
        with pytest.raises(BrokerStoreError):
            Store.open(tmp_path / "store", create=create)


def test_a_store_that_nobody_touched_is_opened_again_and_again(tmp_path: Path) -> None:
    filled(tmp_path / "store")
    for number in range(3):
        store = Store.open(tmp_path / "store", create=bool(number % 2))
        assert (store.secret("a"), store.revoked()) == (b"secret of a", frozenset({REVOKED}))
        store.log(ENTRY)
        assert verify_log(store.entries()).number == 9 + number
        store.close()


def test_the_database_of_another_store_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "one")
    filled(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "broker.sqlite", tmp_path / "one" / "broker.sqlite")
    with pytest.raises(BrokerStoreError, match="seal is broken"):
        Store.open(tmp_path / "one")
    shutil.copy(tmp_path / "other" / "broker.key.mark", tmp_path / "one" / "broker.key.mark")
    with pytest.raises(BrokerStoreError, match="another key file"):
        Store.open(tmp_path / "one")


@pytest.mark.parametrize("important", ["revoke", "add_secret", "replace", "remove_secret"])
def test_an_older_database_is_refused_that_lacks_an_important_change(tmp_path: Path, important: str) -> None:
    place = filled(tmp_path / "store")
    shutil.copy(place / "broker.sqlite", tmp_path / "older")
    store = Store.open(place)
    if important == "revoke":
        store.revoke(LATER, ENTRY)
    elif important == "remove_secret":
        store.remove_secret("a", ENTRY)
    else:
        store.add_secret("a" if important == "replace" else "c", b"new", ENTRY, replace=important == "replace")
    # What is not closed in order, as when the machine fails, is no less protected.
    store._database.close()
    for left in place.glob("broker.sqlite*"):
        left.unlink()
    shutil.copy(tmp_path / "older", place / "broker.sqlite")
    with pytest.raises(BrokerStoreError, match="ends at entry 8, but had entry 9 before"):
        Store.open(place)


def test_a_store_that_lags_behind_its_mark_by_its_log_alone_is_refused_after_it_was_closed(tmp_path: Path) -> None:
    place = filled(tmp_path / "store")
    shutil.copy(place / "broker.sqlite", tmp_path / "older")
    store = Store.open(place)
    store.log(ENTRY)
    store.close()
    shutil.copy(tmp_path / "older", place / "broker.sqlite")
    with pytest.raises(BrokerStoreError, match="ends at entry 8, but had entry 9 before"):
        Store.open(place)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM revocations", "DELETE FROM secrets WHERE name = 'b'", "DELETE FROM log WHERE number > 6"],
)
def test_a_store_that_is_damaged_while_it_is_used_answers_nothing_and_hides_nothing(
    tmp_path: Path, statement: str
) -> None:
    store = Store.open(filled(tmp_path / "store"))
    change(tmp_path / "store", statement)
    uses: list[Callable[[], object]] = [
        store.revoked,
        lambda: store.secret("a"),
        lambda: store.log(ENTRY),
        lambda: store.revoke(LATER, ENTRY),
        lambda: store.add_secret("c", b"c", ENTRY),
        lambda: store.remove_secret("a", ENTRY),
    ]
    for use in uses:
        with pytest.raises(BrokerStoreError, match="seal is broken"):
            use()
    store.close()
    with pytest.raises(BrokerStoreError, match="seal is broken"):
        Store.open(tmp_path / "store")


def test_an_operator_sees_what_is_wrong_and_can_look_at_the_log(tmp_path: Path) -> None:
    change(filled(tmp_path / "store"), "DELETE FROM revocations")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "elastic_hal.cli", "broker", *arguments, "--store", str(tmp_path / "store")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)

    refused = run("revoke", LATER)
    assert refused.returncode == 3
    assert "broker.sqlite: its seal is broken" in refused.stderr
    verified = run("log", "verify")
    assert (verified.returncode, verified.stdout) == (1, "")
    assert len(run("log", "show").stdout.splitlines()) == 8


def test_a_store_of_the_version_without_seals_is_adopted_when_its_operator_says_so(tmp_path: Path) -> None:
    place = filled(tmp_path / "store")
    change(place, "DROP TABLE seal", "PRAGMA user_version = 1")
    (place / "broker.key.mark").unlink()
    with pytest.raises(BrokerStoreError, match="broker adopt"):
        Store.open(place)
    Store.adopt(place, {"event": "store sealed"})
    store = Store.open(place)
    assert (store.secret("a"), store.revoked()) == (b"secret of a", frozenset({REVOKED}))
    assert [entry.fields()["event"] for entry in store.entries()][-1] == "store sealed"
    store.close()
    change(place, "DELETE FROM revocations")
    with pytest.raises(BrokerStoreError, match="seal"):
        Store.open(place)
    with pytest.raises(BrokerStoreError, match="had a seal before"):
        Store.adopt(place, {"event": "store sealed"})


def test_a_database_whose_seal_was_taken_away_cannot_be_adopted_under_a_mark(tmp_path: Path) -> None:
    place = filled(tmp_path / "store")
    change(place, "DROP TABLE seal", "PRAGMA user_version = 1", "DELETE FROM log", "DELETE FROM revocations")
    with pytest.raises(BrokerStoreError):
        Store.adopt(place, {"event": "store sealed"})
    with pytest.raises(BrokerStoreError):
        Store.open(place)
