"""The provider over a real S3 server: the same contract, and what differs from the embedded storage."""

from __future__ import annotations

import datetime
import importlib.util
import json
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from s3_server import BUCKET, free_ports

from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.storage import s3_bucket, s3_context, s3_streams
from elastic_hal.reference_impl.storage.container import Container
from elastic_hal.reference_impl.storage.errors import StorageFailure
from elastic_hal.reference_impl.storage.records import CHUNK_BYTES
from elastic_hal.reference_impl.storage.s3_bucket import Bucket, decoded, encoded
from elastic_hal.runtime.storage_grants import RemoteStorage

ALWAYS, ABSENT = wit.WriteCondition_Always(), wit.WriteCondition_Absent()
Host = Any
MakeKey = Callable[..., crypto.Key]

pytestmark = pytest.mark.skipif(importlib.util.find_spec("obstore") is None, reason="obstore is not installed")


@pytest.fixture
def bucket(remote: RemoteStorage) -> Bucket:
    return Bucket(remote)


@pytest.fixture(params=list(wit.Protection), ids=lambda protection: protection.value)
def protection(request: pytest.FixtureRequest) -> wit.Protection:
    found: wit.Protection = request.param
    return found


@pytest.fixture
def opened(
    host: Host, make_key: MakeKey, remote: RemoteStorage, protection: wit.Protection
) -> Callable[..., Container]:
    def open_it(name: str = "box", **grant: object) -> Container:
        container: Container = host.container(name, storage=remote, **grant)
        if protection is not wit.Protection.NONE:
            container.associate_key(make_key(), protection)
        return container

    return open_it


Open = Callable[..., Container]


def every_key(bucket: Bucket) -> dict[str, bytes]:
    found = {}
    for listed in bucket.keys("containers"):
        entry = bucket.get(f"containers/{listed.name}")
        assert entry is not None
        found[listed.name] = entry.content
    return found


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 17 * CHUNK_BYTES + 5])
def test_sizes_around_chunks_and_parts(host: Host, opened: Open, size: int) -> None:
    data, box = os.urandom(size), opened()
    info = host.put(box, "object", data)
    assert host.get(box, "object") == data
    assert host.get(box, "object", size // 2, size // 2 + 3) == data[size // 2 : size // 2 + 3]
    host.restart()
    again = opened()
    assert again.object_info("object") == info
    assert host.get(again, "object") == data
    assert again.info().objects == 1


def test_listing(host: Host, opened: Open) -> None:
    box = opened()
    names = ["a", "a/1", "a/10", "a/2", "ab", "b", "é", "é/ü", "z" * 500]
    for name in names:
        host.put(box, name, b"")
    expected = sorted(names, key=str.encode)
    assert host.listed(box) == host.listed(box, "", 2) == expected
    assert host.listed(box, "a/", 1) == ["a/1", "a/10", "a/2"]
    assert host.listed(box, "a", 3) == ["a", "a/1", "a/10", "a/2", "ab"]
    assert host.listed(box, "é") == ["é", "é/ü"]
    box.delete_objects(["a", "b", "nothing"])
    assert host.listed(box) == [name for name in expected if name not in {"a", "b"}]
    box.clear()
    assert host.listed(box) == []
    assert box.info().objects == 0


def test_conditions(host: Host, opened: Open) -> None:
    box = opened()
    first = host.put(box, "object", b"1", ABSENT)
    with pytest.raises(types.Error_AlreadyExists):
        host.put(box, "object", b"2", ABSENT)
    second = host.put(box, "object", b"2", wit.WriteCondition_Version(first.version))
    with pytest.raises(types.Error_InvalidState):
        host.put(box, "object", b"3", wit.WriteCondition_Version(first.version))
    with pytest.raises(types.Error_InvalidState):
        box.delete_object("object", wit.WriteCondition_Version(first.version))
    box.delete_object("object", wit.WriteCondition_Version(second.version))
    with pytest.raises(types.Error_NotFound):
        host.put(box, "object", b"3", wit.WriteCondition_Version(second.version))
    host.put(box, "object", b"4", ABSENT)
    assert host.get(box, "object") == b"4"


def test_of_many_writers_one_wins(host: Host, opened: Open) -> None:
    version = host.put(opened(), "object", b"0").version
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            host.put(opened(), "object", b"%d" % number, wit.WriteCondition_Version(version))
            outcomes.append("won")
        except types.Error_InvalidState:
            outcomes.append("lost")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 5 + ["won"]


def test_a_reader_holds_its_version(host: Host, opened: Open, bucket: Bucket) -> None:
    box, old = opened(), os.urandom(3 * CHUNK_BYTES)
    host.put(box, "object", old)
    reader = box.get_data("object", 0, None)
    host.put(box, "object", b"new")
    assert b"".join(iter(lambda: reader.read(1 << 20), b"")) == old
    reader.drop()
    assert sum(len(content) for name, content in every_key(bucket).items() if "/parts/" in name) < 100
    assert not [name for name in every_key(bucket) if "/intents/" in name]


def test_nothing_is_left_of_what_was_not_finished(host: Host, opened: Open, bucket: Bucket) -> None:
    writer = opened().write_data("object", ALWAYS)
    for _ in range(5):
        writer.write(bytes(1 << 20))
    assert [name for name in every_key(bucket) if "/parts/" in name]
    writer.drop()
    assert not [name for name in every_key(bucket) if "/parts/" in name or "/intents/" in name]


def test_what_a_dead_process_left_is_removed(
    host: Host, opened: Open, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = opened()
    kept = os.urandom(CHUNK_BYTES)
    host.put(box, "kept", kept)
    writer = box.write_data("object", ALWAYS)
    for _ in range(5):
        writer.write(bytes(1 << 20))
    # Nobody drops the writer: that is what a killed process looks like from outside, a day later.
    monkeypatch.setattr(s3_context, "LEFTOVER_SECONDS", -3600.0)
    host.restart()
    box = opened()
    assert len([name for name in every_key(bucket) if "/parts/" in name]) == 1
    assert host.get(box, "kept") == kept


def test_a_host_with_a_wrong_clock_leaves_the_living_alone(
    host: Host, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = opened().write_data("object", ALWAYS)
    for _ in range(5):
        writer.write(bytes(1 << 20))

    class DaysAhead(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.now(tz) + datetime.timedelta(days=3)

    monkeypatch.setattr(s3_bucket, "datetime", DaysAhead)
    host.restart()
    box = opened()
    writer.finish()
    assert len(host.get(box, "object")) == 5 << 20


@pytest.mark.parametrize("protection", [wit.Protection.CONTENT], indirect=True)
def test_an_upload_that_pauses_for_long(
    host: Host, opened: Open, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others may take for a leftover soon is refused rather than published without its parts."""
    box = opened()
    for hours, written in ((2, True), (13, False)):
        writer = box.write_data("object", ALWAYS)
        for _ in range(5):
            writer.write(bytes(1 << 20))
        with monkeypatch.context() as patched:
            patched.setattr(s3_streams, "_now", lambda now=s3_streams._now, later=hours: now() + later * 3600)
            if written:
                writer.finish()
                continue
            with pytest.raises(types.Error_LimitExceeded, match="12 hours"):
                writer.finish()
    assert len(host.get(box, "object")) == 5 << 20
    assert len([name for name in every_key(bucket) if "/parts/" in name]) == 2


def test_bounds(host: Host, opened: Open) -> None:
    box = opened(quota_bytes=2 * CHUNK_BYTES, objects=1)
    host.put(box, "a", b"")
    with pytest.raises(types.Error_LimitExceeded, match="1 objects"):
        host.put(box, "b", b"")
    with pytest.raises(types.Error_LimitExceeded, match="bytes as they are stored"):
        host.put(box, "a", bytes(3 * CHUNK_BYTES))
    assert host.get(box, "a") == b""


def test_only_ciphertext_is_outside(host: Host, opened: Open, bucket: Bucket, protection: wit.Protection) -> None:
    host.put(opened(), "plans/launch-codes", b"the launch code is 0000, " * 1000)
    content = b"\n".join(name.encode() + b"\n" + found for name, found in every_key(bucket).items())
    assert (b"launch code" in content) == (protection is wit.Protection.NONE)
    names = [decoded(name.partition("/objects/")[2]) or b"" for name in every_key(bucket) if "/objects/" in name]
    assert (b"plans/launch-codes" in names) == (protection is not wit.Protection.CONTENT_AND_NAMES)


@pytest.mark.parametrize("protection", [wit.Protection.CONTENT], indirect=True)
def test_what_is_changed_is_noticed(host: Host, opened: Open, bucket: Bucket, make_key: MakeKey) -> None:
    box = opened()
    first = host.put(box, "one", os.urandom(2 * CHUNK_BYTES + 1))
    second = host.put(box, "two", os.urandom(2 * CHUNK_BYTES + 1))
    before = every_key(bucket)
    parts = {
        info.version: next(name for name in before if f"/parts/{info.version}" in name) for info in (first, second)
    }
    pointers = {name: next(key for key in before if key.endswith(encoded(name))) for name in (b"one", b"two")}
    changes = {
        "a bit of a part": {parts[first.version]: bytes([before[parts[first.version]][0] ^ 1])},
        "a part cut off": {parts[first.version]: before[parts[first.version]][:-1]},
        "a part of another": {parts[first.version]: before[parts[second.version]]},
        "a pointer of another": {pointers[b"one"]: before[pointers[b"two"]]},
        "a pointer with another size": {pointers[b"one"]: before[pointers[b"one"]].replace(b'"size": 5', b'"size": 4')},
        "a pointer that is none": {pointers[b"one"]: b"[]"},
    }
    for what, change in changes.items():
        for name, content in change.items():
            bucket.set(f"containers/{name}", content)
        with pytest.raises(types.Error_VerificationFailed):
            assert host.get(box, "one") is None, what
        assert len(host.get(box, "two")) == second.size
        for name in change:
            bucket.set(f"containers/{name}", before[name])
    assert len(host.get(box, "one")) == first.size
    with pytest.raises(types.Error_VerificationFailed):
        host.container("box", storage=box.access.place[0]).associate_key(make_key(2), wit.Protection.CONTENT)


@pytest.mark.parametrize(
    ("file", "key", "values"),
    [
        ("objects/", "size", ["-1", "1e999", "1" + "0" * 40, "true", "[]"]),
        ("objects/", "created_ns", ["-1", "1e999", "18446744073709551616", "null"]),
        ("objects/", "version", ["5", '"../up"', '"²"', '""']),
        ("description", "created_ns", ["-1", "1e999", "1" + "0" * 40]),
        ("description", "protection", ["-1", "3", "1e999", "true", '"x"']),
    ],
)
@pytest.mark.parametrize("protection", [wit.Protection.NONE, wit.Protection.CONTENT], indirect=True)
def test_values_that_nobody_wrote(
    host: Host, opened: Open, bucket: Bucket, protection: wit.Protection, file: str, key: str, values: list[str]
) -> None:
    host.put(opened(), "object", b"content")
    (name,) = (name for name in every_key(bucket) if file in name)
    document = json.loads(every_key(bucket)[name])
    for value in values:
        bucket.set(f"containers/{name}", json.dumps(document | {key: "HERE"}).replace('"HERE"', value).encode())
        with pytest.raises(types.Error_VerificationFailed):
            assert host.get(opened(), "object") is None, value


def test_copy_between_storages(host: Host, opened: Open) -> None:
    data = os.urandom(CHUNK_BYTES * 2)
    here, there = host.container("here"), opened("there")
    host.put(here, "object", data)
    host.provider().move_object(here, "object", there, "object", ABSENT)
    assert host.get(there, "object") == data
    assert not here.has_object("object")


def test_a_server_that_is_not_there(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very secret")
    monkeypatch.setattr("elastic_hal.reference_impl.storage.s3_bucket._RETRIES", 0)
    port = free_ports(1)[0]
    with pytest.raises(StorageFailure) as failure:
        host.container("box", storage=RemoteStorage(f"http://127.0.0.1:{port}", BUCKET))
    assert "very secret" not in str(failure.value)


def test_names_as_keys_keep_their_order() -> None:
    names = [
        b"a",
        b"a\x01",
        b"ab",
        b"a/",
        b"b",
        "é".encode(),
        b"\xff\xff",
        *(b"a" * length for length in (149, 150, 151, 299, 300, 301, 512)),
    ]
    names += [b"a" * 150 + b"\x01", b"a" * 149 + b"b", b"a" * 149 + b"b" * 200]
    assert sorted(names) == [decoded(key) for key in sorted(encoded(name) for name in names)]
    assert max(len(piece) for name in names for piece in encoded(name).split("/")) < 250
    for odd in ("A-", "a b-", "=", "w-", "0-", "c4", "c4--", "c4./-"):
        assert decoded(odd) is None
