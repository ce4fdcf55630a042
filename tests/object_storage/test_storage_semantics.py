"""What the provider does over its database: objects, versions, conditions, listings, rights and bounds."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.storage.container import Container
from elastic_hal.reference_impl.storage.open_chunks import MOST_OPEN_CHUNKS
from elastic_hal.reference_impl.storage.records import CHUNK_BYTES

ALWAYS, ABSENT = wit.WriteCondition_Always(), wit.WriteCondition_Absent()
PROTECTIONS = list(wit.Protection)
MakeKey = Callable[..., crypto.Key]
Open = Callable[..., Container]
Host = Any


@pytest.fixture(params=PROTECTIONS, ids=lambda protection: protection.value)
def protection(request: pytest.FixtureRequest) -> wit.Protection:
    found: wit.Protection = request.param
    return found


@pytest.fixture
def opened(host: Host, make_key: MakeKey, protection: wit.Protection) -> Open:
    """Opens a handle of a container that is protected so."""

    def open_it(name: str = "box", **grant: object) -> Container:
        container: Container = host.container(name, **grant)
        if protection is not wit.Protection.NONE:
            container.associate_key(make_key(), protection)
        return container

    return open_it


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 4 * CHUNK_BYTES, (1 << 20) + 17])
def test_sizes_around_the_chunks(host: Host, opened: Open, size: int) -> None:
    data = os.urandom(size)
    box = opened()
    assert host.put(box, "object", data).size == size
    assert host.get(box, "object") == data
    assert host.get(box, "object", size // 2, size // 2 + 3) == data[size // 2 : size // 2 + 3]
    assert host.get(box, "object", size) == b""


def test_objects_outlive_the_process(host: Host, opened: Open) -> None:
    info = host.put(opened(), "object", b"still here")
    host.restart()
    box = opened()
    assert host.get(box, "object") == b"still here"
    assert box.object_info("object") == info


def test_a_reader_holds_its_version_and_then_lets_it_go(host: Host, opened: Open) -> None:
    box = opened()
    old = os.urandom(3 * CHUNK_BYTES)
    host.put(box, "object", old)
    reader = box.get_data("object", 0, None)
    assert reader.read(10) == old[:10]
    host.put(box, "object", b"new")
    box.delete_object("object", ALWAYS)
    box.drop()
    assert b"".join(iter(lambda: reader.read(1 << 20), b"")) == old[10:]
    box = opened()
    assert box.info().size > len(old)
    reader.drop()
    assert box.info().size == 0


def test_what_a_writer_left_behind_is_gone(host: Host, opened: Open) -> None:
    box = opened()
    writer = box.write_data("object", ALWAYS)
    writer.write(bytes(1 << 20))
    assert box.info().size > 0
    assert listed_names(box) == []
    writer.drop()
    assert box.info().size == 0
    with pytest.raises(types.Error_InvalidState):
        writer.finish()


def test_of_many_writers_with_the_same_condition_one_wins(host: Host, opened: Open) -> None:
    box = opened()
    version = host.put(box, "counter", b"0").version
    condition = wit.WriteCondition_Version(version)
    outcomes: list[str] = []

    def write(number: int) -> None:
        mine = opened()
        try:
            host.put(mine, "counter", b"%d" % number, condition)
            outcomes.append("won")
        except types.Error_InvalidState:
            outcomes.append("lost")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost"] * 7 + ["won"]


def test_many_threads_at_work_lose_nothing(host: Host, opened: Open) -> None:
    def work(number: int) -> None:
        mine = opened()
        for turn in range(10):
            host.put(mine, f"{number}/{turn}", b"%d %d" % (number, turn))
            if turn % 3 == 0:
                mine.delete_object(f"{number}/{turn}", ALWAYS)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    box = opened()
    expected = sorted(f"{number}/{turn}" for number in range(4) for turn in range(10) if turn % 3)
    assert host.listed(box, "", 7) == expected
    assert box.info().objects == len(expected)
    host.restart()
    assert host.listed(opened()) == expected


def test_a_second_process_is_seen(host: Host, make_key: MakeKey, protection: wit.Protection) -> None:
    """Two hosts over one directory, as two processes would have them."""
    other = type(host)(host.state)
    boxes: list[Container] = []
    for side in (host, other):
        box = side.container("box")
        if protection is not wit.Protection.NONE:
            box.associate_key(make_key(), protection)
        boxes.append(box)
    mine, theirs = boxes
    host.put(mine, "a", b"1")
    other.put(theirs, "b", b"2")
    host.put(mine, "b", b"3")
    reader = theirs.get_data("b", 0, None)
    mine.clear()
    assert reader.read(10) == b"3"
    reader.drop()
    assert listed_names(theirs) == []
    assert theirs.info().size == 0
    other.storages.close()


def test_quota(host: Host, opened: Open) -> None:
    box = opened(quota_bytes=CHUNK_BYTES, objects=2)
    host.put(box, "a", bytes(1000))
    with pytest.raises(types.Error_LimitExceeded, match="bytes as they are stored"):
        host.put(box, "b", bytes(CHUNK_BYTES))
    assert box.info().size == 1016
    host.put(box, "b", b"")
    with pytest.raises(types.Error_LimitExceeded, match="2 objects"):
        box.write_data("c", ALWAYS)
    host.put(box, "b", b"again")
    assert host.get(box, "b") == b"again"


def test_open_readers_and_writers_are_bounded_for_a_workload(host: Host) -> None:
    """They keep chunks in the host's memory, which no limit of the guest counts."""
    box = host.container()
    host.put(box, "a", b"content")
    streams = [box.get_data("a", 0, None) for _ in range(MOST_OPEN_CHUNKS - 2)]
    streams += [box.write_data(name, ALWAYS) for name in ("b", "c")]
    for _ in range(2):
        with pytest.raises(types.Error_LimitExceeded, match="open readers and writers"):
            box.get_data("a", 0, None)
        with pytest.raises(types.Error_LimitExceeded, match="open readers and writers"):
            box.write_data("d", ALWAYS)
    host.put(host.container(workload="another"), "a", b"")
    streams.pop().finish()
    streams.pop(0).drop()
    host.provider().copy_object(box, "a", box, "copy", ALWAYS)
    streams.append(box.get_data("c", 0, None))
    for stream in streams:
        stream.drop()
        stream.drop()
    assert host.get(box, "copy") == b"content"


def test_rights_one_by_one(host: Host, opened: Open) -> None:
    host.put(opened(shared="common"), "object", b"x")
    attempts: dict[str, Callable[[Container], object]] = {
        "read": lambda box: box.get_data("object", 0, None).drop(),
        "write": lambda box: box.write_data("other", ALWAYS).drop(),
        "list": lambda box: box.list_objects("", None, 1),
        "delete": lambda box: box.delete_object("nothing", ALWAYS),
    }
    for right in attempts:
        box = opened(shared="common", rights=[right])
        for needed, attempt in attempts.items():
            if needed == right:
                attempt(box)
            else:
                with pytest.raises(types.Error_AccessDenied, match=needed):
                    attempt(box)
        if right in {"write", "delete"}:
            with pytest.raises(types.Error_AccessDenied, match="read or list"):
                box.has_object("object")
        else:
            assert box.has_object("object")


def test_containers_of_the_same_name_are_apart_unless_shared(host: Host, opened: Open) -> None:
    host.put(opened("box", workload="a"), "object", b"a")
    assert not opened("box", workload="b").has_object("object")
    host.put(opened("box", workload="a", shared="common"), "object", b"common")
    assert host.get(opened("other", workload="b", shared="common"), "object") == b"common"
    # No name of a workload or container makes one private container pass for another, or for a shared one.
    assert not opened("common", workload="shared").has_object("object")
    assert not opened("x/box", workload="a").has_object("object")


def test_copy_and_move_between_containers(host: Host, opened: Open) -> None:
    provider, data = host.provider(), os.urandom(CHUNK_BYTES * 5 + 1)
    here, there = opened("here"), opened("there")
    host.put(here, "object", data)
    copied = provider.copy_object(here, "object", there, "copy", ABSENT)
    assert (copied.size, copied.container) == (len(data), "there")
    assert host.get(there, "copy") == data
    provider.move_object(here, "object", there, "moved", ABSENT)
    assert not here.has_object("object")
    assert host.get(there, "moved") == data
    again = opened("there")
    assert provider.move_object(there, "moved", again, "moved", ALWAYS).size == len(data)
    assert again.has_object("moved")


def test_a_plain_writer_cannot_slip_into_a_container_that_became_protected(host: Host, make_key: MakeKey) -> None:
    box = host.container()
    writer = box.write_data("open", ALWAYS)
    writer.write(bytes(1 << 20))
    host.container().associate_key(make_key(), wit.Protection.CONTENT)
    with pytest.raises(types.Error_InvalidState):
        writer.finish()
    with pytest.raises(types.Error_InvalidState):
        box.has_object("open")
    assert box.info().size == 0


def test_protection_begins_with_the_right_to_write_and_a_key_that_encrypts(host: Host, make_key: MakeKey) -> None:
    with pytest.raises(types.Error_AccessDenied):
        host.container(rights=["read"]).associate_key(make_key(), wit.Protection.CONTENT)
    with pytest.raises(types.Error_AccessDenied):
        host.container().associate_key(make_key(1, crypto.KeyUsage.DECRYPT), wit.Protection.CONTENT)
    assert host.container().info().protection is wit.Protection.NONE


def test_no_secret_is_in_a_repr(host: Host, make_key: MakeKey) -> None:
    box = host.container()
    box.associate_key(make_key(0x41), wit.Protection.CONTENT)
    for shown in (repr(box), repr(box.access), repr(box.access.vault()), repr(box.access.vault().keys)):
        assert "AAAA" not in shown
        assert "4141" not in shown


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@settings(max_examples=25)
@given(
    actions=st.lists(
        st.tuples(st.sampled_from(["put", "create", "swap", "delete", "copy", "restart"]), names, names), max_size=20
    )
)
@pytest.mark.parametrize("sealed", [False, True])
def test_it_behaves_like_a_dictionary(
    sealed: bool, host_at: Callable[[Path], Host], make_key: MakeKey, actions: list[tuple[str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = host_at(Path(folder) / "state")

        def opened() -> Container:
            container: Container = host.container()
            if sealed:
                container.associate_key(make_key(), wit.Protection.CONTENT_AND_NAMES)
            return container

        box, model = opened(), {}
        for number, (action, name, other) in enumerate(actions):
            data = b"%d" % number
            if action == "restart":
                host.restart()
                box = opened()
            elif action == "put" or (action == "create" and name not in model):
                host.put(box, name, data, ALWAYS if action == "put" else ABSENT)
                model[name] = data
            elif action == "create":
                with pytest.raises(types.Error_AlreadyExists):
                    host.put(box, name, data, ABSENT)
            elif action == "swap" and name in model:
                host.put(box, name, data, wit.WriteCondition_Version(box.object_info(name).version))
                model[name] = data
            elif action == "delete":
                box.delete_object(name, ALWAYS)
                model.pop(name, None)
            elif action == "copy" and name in model:
                host.provider().copy_object(box, name, box, other, ALWAYS)
                model[other] = model[name]
        assert host.listed(box, "", 3) == sorted(model, key=str.encode)
        assert {name: host.get(box, name) for name in model} == model
        assert box.info().objects == len(model)
        host.storages.close()


def listed_names(box: Container) -> list[str]:
    return box.list_objects("", None, 1000).names
