"""A guest can call the host for as long as it wants: what a call took of the guest's memory is there for the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.hosted import Hosted
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload

PROJECT = Path(__file__).parent / "memory_checks"
MIB = 1024**2
TIMES_ECHOED = 12
KINDS = ("take", "give", "take_text", "give_text", "exchange")
Start = Callable[..., Outcome]


@dataclass
class Parcel:
    name: str
    parts: list[bytes]
    places: list[tuple[int, bytes | None]]


class Store(abi.Resource):
    def __init__(self, content: bytes) -> None:
        self.content = content

    def replace(self, content: bytes) -> bytes:
        before, self.content = self.content, content
        return before


def link(linker: abi.Linker, _workload: object = None) -> None:
    parts, places = abi.list_(abi.bytes_), abi.list_(abi.tuple_(abi.u32, abi.option(abi.bytes_)))
    parcel: Any = abi.record(
        Parcel, (("name", "name", abi.string), ("parts", "parts", parts), ("places", "places", places))
    )
    with linker.instance("test:memory/data@1.0.0") as instance:
        instance.resource("store", Store)
        instance.function("[constructor]store", Store, (abi.bytes_,), abi.own(Store))
        answer = abi.fallible(abi.bytes_, abi.string, (abi.ResultError,))
        instance.function("[method]store.replace", Store.replace, (abi.borrow(Store), abi.bytes_), answer)
        instance.function("take", len, (abi.bytes_,), abi.u32)
        instance.function("give", bytes, (abi.u32,), abi.bytes_)
        instance.function("take-text", len, (abi.string,), abi.u32)
        instance.function("give-text", lambda size: "g" * size, (abi.u32,), abi.string)
        instance.function("take-numbers", len, (abi.list_(abi.u32),), abi.u32)
        instance.function("exchange", lambda parcel: parcel, (parcel,), parcel)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def component(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> LoadedComponent:
    return engine.load(build(PROJECT, tmp_path_factory.mktemp("guest") / "memory-checks.wasm"))


@pytest.fixture
def start(engine: Engine, component: LoadedComponent) -> Start:
    def run(kind: str, size: int, times: int, memory_bytes: int) -> Outcome:
        output = bytearray()
        identity = Identity("memory-checks", component.digest)
        arguments = (kind, str(size), str(times))
        outcome = Workload(
            engine,
            component,
            identity,
            limits=Limits(memory_bytes=memory_bytes),
            link=link,
            arguments=arguments,
            output=output.extend,
        ).run()
        if outcome.exit_code == 0:
            assert output.decode() == f"{times}\n"
        return outcome

    return run


@pytest.mark.parametrize(("kind", "times"), [*((kind, 1000) for kind in KINDS), ("store", 200)])
def test_a_mebibyte_over_and_over(start: Start, kind: str, times: int) -> None:
    outcome = start(kind, MIB, times, 128 * MIB)
    assert outcome.exit_code == 0, outcome


def test_many_small_ones(start: Start) -> None:
    """What is kept of each call would show, however little."""
    outcome = start("take", 64, 300_000, 24 * MIB)
    assert outcome.exit_code == 0, outcome


def test_lists_of_numbers(start: Start) -> None:
    outcome = start("take_numbers", MIB // 4, 100, 48 * MIB)
    assert outcome.exit_code == 0, outcome


def test_what_an_exported_function_returns(engine: Engine, component: LoadedComponent) -> None:
    content = bytes(MIB)
    with Hosted(engine, component, link, limits=Limits(memory_bytes=128 * MIB)) as hosted:
        echo = GuestFunction(
            hosted.linker, hosted.store, hosted.instance, (None, "echo"), parameters=(abi.bytes_,), result=abi.bytes_
        )
        # Calls into a guest pass bytes one by one, so that a thousand would take long.
        pieces = [len(echo(content)) for _ in range(TIMES_ECHOED)]
    assert set(pieces) == {MIB}


def test_too_little_memory_is_said_to_be_that(start: Start) -> None:
    outcome = start("hoard", MIB, 1, 64 * MIB)
    assert outcome.reason == "memory", outcome
    assert "64MiB" in outcome.message
