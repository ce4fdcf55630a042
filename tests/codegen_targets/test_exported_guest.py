"""Calls from the host into a guest of componentize-py, through the generated `Guest`."""

from __future__ import annotations

import gc
import importlib
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.targets import generate_host, write_tree
from elastic_hal.common.guest_tool import tool_environment
from elastic_hal.runtime import abi
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.standard_streams import StandardStreams, Tail

HERE = Path(__file__).parent
WIT = HERE / "fixtures" / "exported"
PACKAGE = "exported_host_bindings"


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The generated host bindings, imported from a temporary folder."""
    folder = tmp_path_factory.mktemp("bindings")
    resolve = load_or_raise([WIT])
    write_tree(generate_host(resolve, select_world(resolve, "exported")), folder / PACKAGE)
    sys.path.insert(0, str(folder))
    yield importlib.import_module(PACKAGE)
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def module(path: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{path}")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def component(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> LoadedComponent:
    built = tmp_path_factory.mktemp("guest") / "app.wasm"
    program = str(Path(sys.executable).with_name("componentize-py"))
    command = [program, "-d", str(WIT), "-w", "exported", "componentize", "app"]
    done = subprocess.run(
        [*command, "-p", str(HERE / "guest_exports_app"), "-o", str(built)],
        env=tool_environment(built.parent),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return engine.load(built)


class Host:
    """One guest, with what the host has of it."""

    def __init__(self, bindings: Any, engine: Engine, component: LoadedComponent) -> None:
        shapes, imported = module("test_exported.shapes"), module("test_exported.both")
        self.dropped: list[str] = []
        dropped = self.dropped

        class Canvas(shapes.Canvas):  # type: ignore[misc]
            def __init__(self, name: str) -> None:
                self.text = name
                self.drawn: list[Any] = []

            def draw(self, shape: Any) -> int:
                self.drawn.append(shape)
                if len(self.drawn) == 7:
                    raise KeyboardInterrupt
                return len(self.drawn)

            def name(self) -> str:
                return self.text

            def texture(self, data: bytes) -> bytes:
                return data[::-1]

            def drop(self) -> None:
                dropped.append(self.text)

        class Thing(imported.Thing):  # type: ignore[misc]
            def size(self) -> Any:
                return imported.Size(1, 1)

        class Shapes:
            def Canvas_constructor(self, name: str) -> Canvas:
                return Canvas(name)

        class Both:
            def Thing_constructor(self, size: Any) -> Thing:
                return Thing()

            def box(self, thing: Any) -> Any:
                return imported.Boxed(thing, imported.Size(1, 1))

        self.Canvas = Canvas
        self.Thing = Thing
        self.said = bytearray()
        self.linker = abi.Linker(engine.wasm, bytes_bridge=component.bridged)
        self.linker.wasm.add_wasip2()
        bindings.add_to_linker(
            self.linker, bindings.Providers(test_exported_both=Both(), test_exported_shapes=Shapes())
        )
        self.streams = StandardStreams(None, Tail(self.said.extend))
        self.linker.last_words = self.streams.last_words
        self.store = wasmtime.Store(engine.wasm)
        self.store.set_epoch_deadline(10**9)
        config = wasmtime.WasiConfig()
        self.streams.connect(config)
        self.store.set_wasi(config)
        self.instance = self.linker.instantiate(self.store, component.compiled)
        self.guest = bindings.Guest(self.store, self.instance)

    def close(self) -> None:
        self.linker.close()
        self.store.close()
        self.streams.drain()


@pytest.fixture
def start(bindings: Any, engine: Engine, component: LoadedComponent) -> Iterator[Callable[[], Host]]:
    hosts: list[Host] = []

    def make() -> Host:
        hosts.append(Host(bindings, engine, component))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture(scope="module")
def shared(bindings: Any, engine: Engine, component: LoadedComponent) -> Iterator[Host]:
    """A guest for tests that leave it as it was."""
    host = Host(bindings, engine, component)
    yield host
    host.close()


@pytest.fixture
def guest(shared: Host) -> Any:
    return shared.guest


def test_a_function_of_the_world(guest: Any) -> None:
    shapes = module("test_exported.shapes")
    assert guest.exported(shapes.Point(3, 4)) == shapes.Point(4, 3)
    with pytest.raises(abi.ResultError) as caught:
        guest.exported(shapes.Point(0, 4))
    assert caught.value.value == "no point at zero"
    assert guest.test_exported_echo() == "the world's own"


def test_typed_errors(guest: Any) -> None:
    echo, shapes = module("exports.test_exported.echo"), module("test_exported.shapes")
    calls = guest.test_exported_echo_
    for why in (echo.Failure_NotFound("it"), echo.Failure_Refused(), echo.Failure_At(shapes.Point(1, 2))):
        with pytest.raises(type(why)) as caught:
            calls.fail(why)
        assert caught.value == why
        assert isinstance(caught.value, echo.Failure)
    assert calls.fail_code(None) == 1
    with pytest.raises(echo.Code_Gone) as gone:
        calls.fail_code(echo.Code.GONE)
    assert gone.value.code is echo.Code.GONE
    assert calls.fail_text(None) == "fine"
    with pytest.raises(abi.ResultError, match="why"):
        calls.fail_text("why")
    with pytest.raises(abi.ResultError) as silent:
        calls.fail_silently(True)
    assert silent.value.value is None
    calls.fail_silently(False)
    calls.nothing()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_value_comes_back(guest: Any, data: st.DataObject) -> None:
    echo, shapes = module("exports.test_exported.echo"), module("test_exported.shapes")
    text = st.text(st.characters(codec="utf-8"), max_size=20)
    points = st.builds(shapes.Point, *[st.integers(-(2**31), 2**31 - 1)] * 2)
    shape = st.one_of(
        st.builds(shapes.Shape_Nothing),
        st.builds(shapes.Shape_Circle, st.floats(allow_nan=False)),
        st.builds(shapes.Shape_Polygon, st.lists(points, max_size=4)),
        st.builds(shapes.Shape_Maybe, st.none() | st.builds(abi.Some, st.none() | st.integers(0, 255))),
        st.builds(shapes.Shape_Outcome, st.builds(abi.Ok, points) | st.builds(abi.Err, text)),
    )
    everything = st.builds(
        echo.Everything,
        *(st.booleans(), st.integers(0, 255), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)),
        *(st.characters(codec="utf-8"), text, st.binary(max_size=300), st.lists(points, max_size=5)),
        *(st.none() | points, shape, st.sampled_from(shapes.Colour), st.sampled_from(shapes.Access)),
        st.lists(st.lists(st.tuples(st.integers(0, 255), text), max_size=3), max_size=3),
        st.just(abi.Ok(None)) | st.builds(abi.Err, st.integers(0, 2**32 - 1)),
    )
    value = data.draw(everything)
    assert guest.test_exported_echo_.echo_everything(value) == value
    nested = data.draw(st.none() | st.builds(abi.Some, st.none() | text))
    assert guest.test_exported_echo_.echo_nested(nested) == nested


def test_wrong_arguments_do_not_reach_the_guest(guest: Any) -> None:
    calls = guest.test_exported_counters
    with pytest.raises(abi.LoweringError, match="outside 0 to 4294967295"):
        calls.Counter(-1)
    with pytest.raises(abi.LoweringError, match="u32"):
        calls.Counter("five")
    with pytest.raises(abi.LoweringError, match="borrow<Counter>"):
        calls.total(["no counter"])
    with calls.Counter(1) as counter, pytest.raises(abi.LoweringError):
        calls.total([counter, None])
    with pytest.raises(TypeError):
        calls.total()
    assert calls.total([]) == 0


def test_resources_of_the_guest(guest: Any) -> None:
    counters, echo = module("exports.test_exported.counters"), module("exports.test_exported.echo")
    calls = guest.test_exported_counters
    with calls.Counter(5) as counter:
        assert isinstance(counter, counters.Counter)
        assert counter.add(3) == counter.value() == 8
        with pytest.raises(echo.Failure_Refused):
            counter.add(0)
        with calls.Counter.sum(counter, None) as other, calls.Counter.sum(counter, other) as third:
            assert (other.value(), third.value()) == (8, 16)
            assert calls.total([counter, other, third, counter]) == 40
        assert counter.close_() is True
    with pytest.raises(abi.GuestResourceError, match="Counter is closed"):
        counter.value()
    counter.close()
    with pytest.raises(echo.Failure_NotFound, match="zero"):
        calls.Failing(0)
    calls.Failing(1).close()
    with pytest.raises(TypeError, match="comes from a guest"):
        counters.Counter()


def test_resources_inside_aggregates_and_given_away(guest: Any) -> None:
    counters, echo, shapes = (module(f"exports.test_exported.{name}") for name in ("counters", "echo", "counters"))
    calls = guest.test_exported_counters
    first, second = calls.many(1, 3)
    with pytest.raises(echo.Failure_Refused):
        calls.many(3, 1)
    swapped = calls.swap(counters.Pair(first, second, shapes.Point(0, 0)))
    assert (swapped.first.value(), swapped.second.value()) == (2, 1)
    for gone in (first, second):
        with pytest.raises(abi.GuestResourceError, match="given away"):
            gone.value()
        gone.close()
    with pytest.raises(abi.GuestResourceError, match="given away"):
        calls.swap(counters.Pair(swapped.first, swapped.first, shapes.Point(0, 0)))
    assert swapped.first.value() == 2, "a call that did not take place gives back what it was to take"
    assert calls.Counter.take(swapped.first) == 2
    with pytest.raises(abi.GuestResourceError):
        calls.Counter.take(swapped.first)
    swapped.second.close()


def test_a_handle_means_nothing_to_another_guest(start: Callable[[], Host]) -> None:
    one, other = start(), start()
    counter = one.guest.test_exported_counters.Counter(1)
    with pytest.raises(abi.GuestResourceError, match="another guest"):
        other.guest.test_exported_counters.total([counter])
    with pytest.raises(abi.GuestResourceError, match="another guest"):
        other.guest.test_exported_counters.Counter.take(counter)
    assert other.guest.test_exported_counters.total([]) == 0
    again = module("guest").Guest(one.store, one.instance)
    assert again.test_exported_counters.total([counter]) == 1, "two wrappers of one instance are one guest"


def test_one_interface_imported_and_exported(guest: Any, shared: Host) -> None:
    imported, exported = module("test_exported.both"), module("exports.test_exported.both")
    assert exported.Size is imported.Size
    assert exported.Trouble is imported.Trouble
    assert exported.Thing is not imported.Thing
    calls = guest.test_exported_both
    boxed = calls.box(calls.Thing(imported.Size(3, 4)))
    assert isinstance(boxed, exported.Boxed)
    assert boxed.size == boxed.thing.size() == imported.Size(3, 4)
    with pytest.raises(imported.Trouble_Some):
        calls.box(calls.Thing(imported.Size(0, 4)))
    with pytest.raises(abi.LoweringError, match="own<Thing>"):
        calls.box(shared.Thing())


def test_resources_of_the_host(start: Callable[[], Host]) -> None:
    host = start()
    calls = host.guest.test_exported_counters
    canvas = host.Canvas("one")
    assert calls.draw(canvas, 3) == 6
    assert len(canvas.drawn) == 3
    assert len(host.linker.table) == 0, "what was lent is back"
    assert calls.give_back() is None
    assert calls.keep(canvas) == "one"
    assert len(host.linker.table) == 1
    assert calls.give_back() is canvas
    assert len(host.linker.table) == 0
    with pytest.raises(abi.LoweringError, match="borrow<Canvas>"):
        calls.draw("no canvas", 1)
    assert host.dropped == []
    calls.keep(host.Canvas("kept"))
    host.close()
    assert host.dropped == ["kept"]


@pytest.mark.parametrize("size", [0, 3, 1_000_000])
def test_bytes_through_the_guest_to_the_host_and_back(shared: Host, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + b"abc"[: size % 256]
    assert shared.guest.test_exported_counters.textured(shared.Canvas("c"), data) == data[::-1] + b"!"


def test_a_keyboard_interrupt_in_a_host_function_is_raised_again(start: Callable[[], Host]) -> None:
    host = start()
    with pytest.raises(KeyboardInterrupt):
        host.guest.test_exported_counters.draw(host.Canvas("one"), 10)
    with pytest.raises(abi.GuestEndedError, match="stopped by KeyboardInterrupt"):
        host.guest.exported(module("test_exported.shapes").Point(1, 1))


def test_a_trap_tells_what_the_guest_said(start: Callable[[], Host]) -> None:
    host = start()
    counter = host.guest.test_exported_counters.Counter(1)
    with pytest.raises(abi.GuestTrap) as caught:
        host.guest.test_exported_echo_.fail_text("crash")
    trap = caught.value
    said = "ValueError: crashed as it was told (/0/app.py:41, in fail_text)"
    assert str(trap) == f"test:exported/echo@1.0.0.fail-text trapped: {said}"
    assert trap.kind is abi.TrapKind.UNREACHABLE
    first, *_, line, last = trap.guest_message.splitlines()
    assert (first, last) == ("Traceback (most recent call last):", "ValueError: crashed as it was told")
    assert "fail_text" in line or "raise" in line
    assert trap.backtrace().splitlines() == [
        "  componentize_py_runtime.wasm!wit_dylib_export_call",
        "  test:exported/echo@1.0.0#fail-text",
    ]
    assert "libc.so!abort" in trap.backtrace(whole=True)
    assert b"ValueError" in host.said
    with pytest.raises(abi.GuestEndedError, match="crashed as it was told"):
        host.guest.test_exported_echo_.nothing()
    counter.close()


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_memory_stays_flat(start: Callable[[], Host]) -> None:
    """Over calls that succeed, calls that fail in the guest, and calls that are refused, with handles both ways."""
    host = start()
    echo = module("exports.test_exported.echo")
    calls, canvas = host.guest.test_exported_counters, host.Canvas("c")

    def work(rounds: int) -> None:
        for number in range(rounds):
            with calls.Counter(number) as counter:
                with pytest.raises(echo.Failure_Refused):
                    counter.add(0)
                with pytest.raises(abi.LoweringError):
                    calls.total([counter, None])
                if number % 2:
                    calls.Counter.take(counter)
            calls.Counter(1)  # nobody closes this one
            host.guest.test_exported_echo_.echo_nested(abi.Some("x" * 1000))
            calls.keep(canvas)
            calls.give_back()

    work(500)
    gc.collect()
    before = resident_bytes()
    work(3000)  # 20,000 calls and more
    gc.collect()
    assert resident_bytes() - before < 2 * 1024**2
    assert len(host.linker.table) == 0
