"""Reading from front to back while the chunks behind are being opened on another thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.storage import looking_ahead
from elastic_hal.reference_impl.storage.looking_ahead import CHUNKS_AHEAD, LookingAhead
from elastic_hal.reference_impl.storage.open_chunks import MOST_CHUNKS_AHEAD, MOST_OPEN_CHUNKS, OpenChunks
from elastic_hal.reference_impl.storage.records import CHUNK_BYTES

if TYPE_CHECKING:
    from conftest import Host

MIB = 1 << 20
CHUNKS = [bytes([number]) * CHUNK_BYTES for number in range(10)] + [b"the last"]
DATA = b"".join(CHUNKS)


def ahead_of(chunks: list[bytes], open_chunks: OpenChunks | None = None) -> LookingAhead:
    return LookingAhead(chunks.__getitem__, open_chunks or OpenChunks())


def test_what_is_ready_are_the_bytes_behind_a_place() -> None:
    ahead = ahead_of(CHUNKS)
    assert ahead.take(0, MIB) == b""
    ahead.begin(2 * CHUNK_BYTES, len(DATA))
    assert ahead.take(2 * CHUNK_BYTES, 7) in {b"", CHUNKS[2][:7]}
    ahead.begin(8 * CHUNK_BYTES, len(DATA))
    ahead.close()


@given(
    sizes=st.lists(
        st.sampled_from((1, 100, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, MIB)), min_size=1, max_size=40
    ),
    start=st.sampled_from((0, 1, CHUNK_BYTES, 5 * CHUNK_BYTES, len(DATA))),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_read_it_is_the_object(sizes: list[int], start: int) -> None:
    ahead, position = ahead_of(CHUNKS), start
    for most in sizes:
        found = ahead.take(position, most)
        assert found == DATA[position : position + len(found)]
        assert len(found) <= most
        position += len(found) or min(most, len(DATA) - position)
        if not position % CHUNK_BYTES:
            ahead.begin(position, len(DATA))
    ahead.close()


def test_a_chunk_that_cannot_be_opened_is_no_matter_before_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    done = threading.Event()

    def open_chunk(number: int) -> bytes:
        opened.append(number)
        if number == 2:
            done.set()
            raise types.Error_VerificationFailed
        return CHUNKS[number]

    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(looking_ahead, "_threads", threads)
        ahead = LookingAhead(open_chunk, OpenChunks())
        ahead.begin(0, len(DATA))
        assert done.wait(600)
        assert ahead.take(0, MIB) == CHUNKS[0] + CHUNKS[1]
        assert opened == [0, 1, 2]
        ahead.close()


def test_what_has_not_begun_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(looking_ahead, "_threads", threads)
        free = threading.Event()
        threads.submit(free.wait, 30)
        ahead = ahead_of(CHUNKS)
        ahead.begin(0, len(DATA))
        assert ahead.take(0, MIB) == b""
        ahead.close()
        free.set()


def test_closing_waits_for_what_is_being_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, free = threading.Event(), threading.Event()
    ended: list[int] = []

    def open_chunk(number: int) -> bytes:
        begun.set()
        assert free.wait(600)
        ended.append(number)
        return CHUNKS[number]

    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(looking_ahead, "_threads", threads)
        ahead = LookingAhead(open_chunk, OpenChunks())
        ahead.begin(0, len(DATA))
        assert begun.wait(600)
        threading.Timer(0.05, free.set).start()
        ahead.close()
        assert ended == list(range(CHUNKS_AHEAD))


def test_so_many_readers_of_a_workload_look_ahead() -> None:
    open_chunks = OpenChunks()
    several = [ahead_of(CHUNKS, open_chunks) for _ in range(MOST_CHUNKS_AHEAD // CHUNKS_AHEAD)]
    for ahead in several:
        ahead.begin(0, len(DATA))
    one_more = ahead_of(CHUNKS, open_chunks)
    one_more.begin(0, len(DATA))
    assert one_more.take(0, MIB) == b""
    several.pop().close()
    one_more.begin(0, len(DATA))
    with pytest.raises(types.Error_LimitExceeded):
        open_chunks.ahead.take(1)
    for ahead in (one_more, *several):
        ahead.close()
    open_chunks.ahead.take(MOST_CHUNKS_AHEAD)
    open_chunks.take(MOST_OPEN_CHUNKS)


def reads(reader: wit.ObjectReader, most: int) -> Iterator[bytes]:
    while part := reader.read(most):
        yield part


@pytest.mark.parametrize("most", [CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, MIB])
@pytest.mark.parametrize(
    ("start", "end"), [(0, None), (1, None), (CHUNK_BYTES, 9 * CHUNK_BYTES), (0, 9 * CHUNK_BYTES - 1)]
)
def test_objects_are_read_as_they_are(host: Host, most: int, start: int, end: int | None) -> None:
    box = host.container()
    host.put(box, "object", DATA)
    reader = box.get_data("object", start, end)
    assert b"".join(reads(reader, most)) == DATA[start:end]
    reader.drop()


def test_a_changed_chunk_is_seen_when_it_is_read(host: Host, make_key: Callable[[], crypto.Key]) -> None:
    box = host.container()
    box.associate_key(make_key(), wit.Protection.CONTENT)
    host.put(box, "object", DATA)
    with sqlite3.connect(host.database) as connection:
        (row,) = connection.execute("SELECT id FROM chunks ORDER BY id LIMIT 1 OFFSET 6").fetchone()
        connection.execute("UPDATE chunks SET data = zeroblob(length(data)) WHERE id = ?", (row,))
    connection.close()
    reader = box.get_data("object", 0, None)
    for number in range(6):
        assert reader.read(CHUNK_BYTES) == CHUNKS[number]
    for _ in range(2):
        with pytest.raises(types.Error_VerificationFailed):
            reader.read(CHUNK_BYTES)
    reader.drop()
