"""The window onto an adapter's memory, on real linear memories: what is found, what is refused, what is given back."""

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import wasmtime

from elastic_hal.runtime import abi, own_process
from elastic_hal.runtime.abi import window as module
from elastic_hal.runtime.abi import window_probe
from elastic_hal.runtime.abi.window import LARGE_BYTES, NONCE, Window
from elastic_hal.runtime.engine import Engine

PAGE = 65536
HEAP = 256
MIB = 1024**2


class Memory:
    """A linear memory with the control words of an adapter."""

    def __init__(self, engine: Engine, pages: int = 1) -> None:
        self.store = wasmtime.Store(engine.wasm)
        limits = wasmtime.Limits(pages, 4096)
        self.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(limits))
        self.address = ctypes.addressof(self.memory.data_ptr(self.store).contents)
        self.put(0, struct.pack("<4I", HEAP, pages * PAGE, 0, HEAP))

    def put(self, at: int, data: bytes) -> None:
        ctypes.memmove(self.address + at, data, len(data))

    def get(self, at: int, size: int) -> bytes:
        return ctypes.string_at(self.address + at, size)

    def words(self) -> tuple[int, ...]:
        return struct.unpack("<4I", self.get(0, 16))

    def grow(self, pages: int) -> None:
        self.memory.grow(self.store, pages)
        self.put(4, struct.pack("<I", self.memory.data_len(self.store)))

    def attach(self, window: Window) -> None:
        self.put(NONCE, struct.pack("<QQ", *window.nonce()))
        window.attach(self.memory.data_len(self.store))


@pytest.fixture
def memory(engine: Engine) -> Iterator[Memory]:
    memory = Memory(engine)
    yield memory
    memory.store.close()


@pytest.fixture
def window(memory: Memory) -> Window:
    window = Window()
    memory.attach(window)
    window.begin()
    return window


def test_bytes_are_read_and_placed_where_the_adapter_has_them(memory: Memory, window: Window) -> None:
    memory.put(5000, b"some bytes")
    assert window.read(5000, 10) == b"some bytes"
    assert [window.place(data) for data in (b"one", b"", b"two")] == [HEAP, HEAP + 3, HEAP + 3]
    assert memory.get(HEAP, 6) == b"onetwo"
    assert memory.words() == (HEAP, PAGE, 0, HEAP)
    window.commit()
    assert memory.words() == (HEAP + 6, PAGE, 0, HEAP)


def test_results_that_do_not_fit_wait_until_the_adapter_has_grown(memory: Memory, window: Window) -> None:
    first, second = b"a" * (PAGE - HEAP), b"b" * PAGE
    assert (window.place(first), window.place(second), window.place(b"c")) == (HEAP, PAGE, 2 * PAGE)
    window.commit()
    assert memory.words() == (2 * PAGE + 1, PAGE, 1, HEAP)
    memory.grow(2)
    window.fill()
    assert memory.get(HEAP, 2 * PAGE + 1 - HEAP) == first + second + b"c"
    window.fill()


def test_what_has_grown_unseen_is_used(memory: Memory, window: Window) -> None:
    memory.grow(4)
    assert window.read(5 * PAGE - 4, 4) == bytes(4)
    assert window.place(b"x" * (4 * PAGE)) == HEAP
    window.commit()
    assert memory.words()[2] == 0
    assert memory.get(HEAP, 4 * PAGE) == b"x" * (4 * PAGE)


@pytest.mark.parametrize(
    ("address", "length"),
    [(0, PAGE + 1), (PAGE, 1), (PAGE - 1, 2), (2**32 - 1, 2**32 - 1), (0, 2**32 - 1), (2**31, 16), (0xFFFF0000, 0)],
)
def test_nothing_outside_the_memory_is_touched(window: Window, address: int, length: int) -> None:
    with pytest.raises(abi.LiftingError, match="not in its memory"):
        window.read(address, length)


def test_control_words_cannot_widen_the_window(memory: Memory, window: Window) -> None:
    memory.put(0, struct.pack("<4I", 0, 0xFFFF0000, 0, 0xFFFFFF00))
    window.begin()
    with pytest.raises(abi.LoweringError, match="more than a guest can hold"):
        window.place(b"x" * 1000)
    memory.put(12, struct.pack("<I", PAGE - 1))
    window.begin()
    with pytest.raises(abi.LiftingError, match="not in its memory"):
        window.place(b"xx")
    window.clear()
    memory.put(4, struct.pack("<I", PAGE))
    window.place(b"xx")
    window.commit()
    with pytest.raises(abi.LiftingError, match="not in its memory"):
        window.fill()
    assert window.place(b"y") == PAGE + 1


def test_a_call_that_fails_leaves_nothing_to_fill(memory: Memory, window: Window) -> None:
    window.place(b"x" * PAGE)
    window.clear()
    assert window.place(b"second") == HEAP
    window.commit()
    assert memory.words()[:3] == (HEAP + 6, PAGE, 0)
    window.fill()
    assert memory.get(HEAP, 6) == b"second"


def test_a_window_belongs_to_one_adapter(engine: Engine, window: Window) -> None:
    with pytest.raises(abi.LiftingError, match="make a linker for each"):
        window.nonce()
    with pytest.raises(abi.LiftingError, match="make a linker for each"):
        window.attach(PAGE)


def test_a_window_without_an_adapter_is_of_no_use() -> None:
    window = Window()
    assert not window.attached
    for use in (window.begin, lambda: window.read(0, 1), lambda: window.attach(PAGE)):
        with pytest.raises(abi.LiftingError):
            use()


def test_a_memory_without_the_nonce_is_not_found(engine: Engine) -> None:
    window, memory = Window(), Memory(engine)
    window.nonce()
    with pytest.raises(abi.LinkError, match="found 0 times"):
        window.attach(PAGE)
    with pytest.raises(abi.LiftingError, match="before it asked for a nonce"):
        window.attach(PAGE)
    memory.attach(window)
    assert window.attached


def test_two_memories_with_the_nonce_are_refused(engine: Engine) -> None:
    window, one, other = Window(), Memory(engine), Memory(engine)
    nonce = struct.pack("<QQ", *window.nonce())
    one.put(NONCE, nonce)
    other.put(NONCE, nonce)
    with pytest.raises(abi.LinkError, match="found 2 times"):
        window.attach(PAGE)
    assert not window.attached


def test_a_memory_that_is_smaller_than_it_says_is_refused(engine: Engine) -> None:
    window, memory = Window(), Memory(engine)
    memory.put(NONCE, struct.pack("<QQ", *window.nonce()))
    with pytest.raises(abi.LinkError, match="smaller"):
        window.attach(2 * PAGE)


def test_nonces_are_never_the_same() -> None:
    assert len({Window().nonce() for _ in range(100)}) == 100


def resident_pages(address: int, size: int) -> int:
    vector = (ctypes.c_ubyte * (size // 4096))()
    assert ctypes.CDLL(None).mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), vector) == 0
    return sum(entry & 1 for entry in vector)


def test_pages_of_large_calls_are_given_back_when_small_ones_follow(engine: Engine) -> None:
    memory, window = Memory(engine, 1024), Window()
    memory.attach(window)
    size = 64 * MIB
    for _ in range(3):
        memory.put(HEAP, b"x" * (16 * MIB))
        assert len(window.read(HEAP, 16 * MIB)) == 16 * MIB
        window.begin()
        window.place(b"y" * (20 * MIB))
        window.commit()
    assert resident_pages(memory.address, size) * 4096 >= 20 * MIB
    for _ in range(2):
        window.read(HEAP, 10)
        window.begin()
        assert memory.get(HEAP, 8) == b"y" * 8
    assert resident_pages(memory.address, size) * 4096 <= LARGE_BYTES + 2 * PAGE
    memory.put(HEAP, b"z" * (8 * MIB))
    assert window.read(HEAP, 8 * MIB) == b"z" * (8 * MIB)


def test_what_an_adapter_still_needs_of_the_arguments_is_kept(engine: Engine) -> None:
    memory, window = Memory(engine, 1024), Window()
    memory.attach(window)
    memory.put(HEAP, b"x" * (16 * MIB))
    window.read(HEAP, 16 * MIB)
    window.begin()
    memory.put(12, struct.pack("<I", 10 * MIB))
    for _ in range(2):
        window.begin()
    assert memory.get(HEAP, 10 * MIB - HEAP) == b"x" * (10 * MIB - HEAP)
    assert memory.get(11 * MIB, 10) == bytes(10)


def test_the_probe_tells_whether_it_works(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert window_probe.available(engine.wasm)
    monkeypatch.setattr(window_probe, "_outcomes", [])
    assert window_probe.available(engine.wasm)


@pytest.mark.parametrize("place", ["maps", "mem"])
def test_the_probe_says_why_it_does_not_work(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    place: str,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(window_probe, "_outcomes", [])
    monkeypatch.setattr(module if place == "maps" else own_process, f"_{place.upper()}", str(tmp_path / "absent"))
    if place == "mem":
        monkeypatch.setattr(os, "getpid", lambda: 0)  # a process that there is none of: the call fails too
    with caplog.at_level("INFO"):
        assert not window_probe.available(engine.wasm)
        assert not window_probe.available(engine.wasm)
    assert caplog.text.count("run without the bytes bridge") == 1


def test_what_calls_left_is_wiped_at_the_end(memory: Memory, window: Window) -> None:
    memory.put(HEAP, b"a secret argument")
    window.begin()
    window.place(b"a secret result")
    window.wipe()
    whole = memory.get(0, memory.memory.data_len(memory.store))
    assert b"secret" not in whole
    assert not window.attached
    with pytest.raises(abi.LiftingError):
        window.read(HEAP, 4)
    window.wipe()


def test_own_memory_is_read_softly() -> None:
    buffer = ctypes.create_string_buffer(b"something", 9)
    for forced in (False, True):
        memory = own_process.OwnMemory()
        if forced:
            memory._file = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
        assert memory.read(ctypes.addressof(buffer), 9) == b"something"
        assert memory.read(16, 9) == b""
        assert memory.read((1 << 64) - 8, 9) == b""
        memory.close()
