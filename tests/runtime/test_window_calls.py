"""Calls through an adapter, beside the same calls without one: values, errors, handles, failures, threads."""

import threading
from typing import Any

import pytest
import wasmtime
from hosted_guests.window import ENGINE, WORKER, Bouncer, Denied, Thing, Worker
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.runtime import abi

MIB = 1024**2
BOTH = pytest.mark.parametrize("bridge", [False, True], ids=["plain", "bridged"])


@BOTH
@settings(max_examples=40)
@given(data=st.binary(max_size=3000), answer=st.binary(max_size=100_000))
def test_bytes_come_and_go(bridge: bool, data: bytes, answer: bytes) -> None:
    seen: list[bytes] = []

    def provider(data: bytes) -> bytes:
        seen.append(data)
        return answer

    assert Worker(provider, bridge=bridge).work(data) == (0, answer)
    assert seen == [data]


@BOTH
@pytest.mark.parametrize("form", [bytes, bytearray, memoryview])
def test_every_form_of_bytes_is_taken(bridge: bool, form: Any) -> None:
    assert Worker(lambda data: form(data + b"!"), bridge=bridge).work(b"abc") == (0, b"abc!")


@BOTH
def test_typed_errors_carry_bytes_too(bridge: bool) -> None:
    def provider(data: bytes) -> bytes:
        raise Denied(data * 2)

    worker = Worker(provider, bridge=bridge)
    assert worker.work(b"abc") == (1, b"abcabc")
    assert worker.open(b"abc") == (1, b"abcabc")
    assert worker.work(b"x" * 100_000) == (1, b"x" * 200_000)


@BOTH
def test_handles_travel_beside_bytes(bridge: bool) -> None:
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), data[::-1]), bridge=bridge)
    for _ in range(5):
        assert worker.open(b"abc") == (0, b"cba")
    assert Thing.alive == len(worker.linker.table) == 0


@BOTH
def test_a_full_table_is_limit_exceeded_and_leaves_nothing(bridge: bool) -> None:
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), data), bridge=bridge, handles=0)
    case, text = worker.open(b"abc")
    assert (case, b"limit" in text) == (2, True)
    assert Thing.alive == 0


@BOTH
@pytest.mark.parametrize("answer", ["text", None, [1, 2], 5])
def test_a_failure_of_the_host_is_internal(bridge: bool, answer: object, caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker(lambda data: answer, bridge=bridge)
    case, text = worker.work(b"abc")
    assert case == 3
    assert b"[method]thing.work" in text
    assert f"a value of type {type(answer).__name__} cannot be passed as list<u8>" in caplog.text
    Thing.alive = 0
    worker = Worker(lambda data: (Thing(), answer), bridge=bridge)
    assert worker.open(b"abc")[0] == 3
    assert Thing.alive == len(worker.linker.table) == 0


@BOTH
def test_what_was_placed_before_a_failure_is_forgotten(bridge: bool, caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Any] = [(Thing(), b"x" * MIB), ("no thing", b"x" * MIB), Denied("no bytes"), (Thing(), b"end")]

    def provider(data: bytes) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    worker = Worker(provider, bridge=bridge)
    assert [worker.open(b"")[0] for _ in range(3)] == [0, 3, 3]
    assert worker.open(b"") == (0, b"end")


@BOTH
def test_a_failure_without_internal_is_a_trap(bridge: bool, caplog: pytest.LogCaptureFixture) -> None:
    def provider(data: bytes) -> bytes:
        raise RuntimeError("secret")

    worker = Worker(provider, bridge=bridge, internal=None)
    with pytest.raises(abi.GuestTrap, match=r"the host failed in test:host/api@0.1.0.\[method\]thing.work") as caught:
        worker.work(b"abc")
    assert "secret" not in str(caught.value)
    assert "bridge" not in str(caught.value)


@BOTH
def test_what_must_not_be_lost_is_raised_by_the_caller(bridge: bool) -> None:
    def provider(data: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Worker(provider, bridge=bridge).work(b"abc")


@BOTH
def test_a_workload_that_ends_meanwhile_keeps_nothing(bridge: bool) -> None:
    Thing.alive = 0

    def provider(data: bytes) -> Any:
        worker.linker.close()
        return Thing(), data

    worker = Worker(provider, bridge=bridge)
    assert worker.open(b"abc") == (0, b"abc")
    assert Thing.alive == 0


def test_a_workload_that_ends_meanwhile_gets_no_bytes_that_are_still_to_come() -> None:
    def provider(data: bytes) -> bytes:
        worker.linker.close()
        return b"x" * MIB

    worker = Worker(provider, bridge=True)
    with pytest.raises(abi.GuestTrap, match="the workload has ended"):
        worker.work(b"abc")


def test_a_second_instance_needs_a_linker_of_its_own() -> None:
    worker = Worker(lambda data: data, bridge=True)
    component = ENGINE.compile(bytes(wasmtime.wat2wasm(WORKER)), "worker")
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    with pytest.raises(abi.GuestTrap, match="make a linker for each"):
        worker.linker.instantiate(store, component.compiled)
    assert worker.work(b"still") == (0, b"still")


def test_large_arguments_and_results() -> None:
    bouncer = Bouncer()
    for size in (16 * MIB, 1, 0, 3 * MIB + 1, 65536, 20 * MIB):
        assert bouncer.take(size, 1) == bouncer.echo(size, 2) == size
    assert not bouncer.wrong


def test_workloads_on_several_threads_have_windows_of_their_own() -> None:
    results: dict[int, bool] = {}

    def work(seed: int) -> None:
        worker = Worker(lambda data: data * 3, bridge=True)
        data = bytes([seed]) * 1000
        results[seed] = all(worker.work(data) == (0, data * 3) for _ in range(200))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == dict.fromkeys(range(4), True)
