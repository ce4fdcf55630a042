"""Bytes at any depth of any type travel through the window: host → guest → host function → guest → host.

The guest only forwards. What it exports has the layout of what the host function has, so that named types need no
export of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime
from hosted_guests.window import MEMORY
from hypothesis import given, settings
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine

INTERFACE = "test:echo/host@0.1.0"
ENGINE = Engine()


@dataclass(frozen=True, slots=True)
class Packet:
    label: Any
    data: Any
    number: Any


@dataclass(frozen=True, slots=True)
class Content_Data:
    value: Any


@dataclass(frozen=True, slots=True)
class Content_Text:
    value: Any


def same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Case:
    """A type that a guest exports, its flat types, and what the host function has in its place."""

    text: str
    flat: str
    codec: abi.Codec[Any]
    values: st.SearchStrategy[Any]
    definition: str = ""
    host_codec: abi.Codec[Any] | None = None
    host_value: Callable[[Any], Any] = same


BYTES = st.binary(max_size=2000)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBER = st.integers(0, 2**32 - 1)
PACKET = abi.record(
    Packet, (("label", "label", abi.string), ("data", "data", abi.bytes_), ("number", "number", abi.u32))
)
CONTENT = abi.variant((("data", Content_Data, abi.bytes_), ("text", Content_Text, abi.string)))


def content(value: Any) -> Any:
    return (Content_Data if isinstance(value, abi.Ok) else Content_Text)(value.value)


CASES = {
    "list": Case("(list (list u8))", "i32 i32", abi.list_(abi.bytes_), st.lists(BYTES, max_size=6)),
    "option": Case("(option (list u8))", "i32 i32 i32", abi.option(abi.bytes_), st.none() | BYTES),
    "result": Case(
        "(result (list u8) (error (list u8)))",
        "i32 i32 i32",
        abi.result(abi.bytes_, abi.bytes_),
        st.builds(abi.Ok, BYTES) | st.builds(abi.Err, BYTES),
    ),
    "tuple": Case(
        "(tuple (list u8) string u32 (list u8))",
        "i32 i32 i32 i32 i32 i32 i32",
        abi.tuple_(abi.bytes_, abi.string, abi.u32, abi.bytes_),
        st.tuples(BYTES, TEXT, NUMBER, BYTES),
    ),
    "map": Case(
        "(map string (list u8))", "i32 i32", abi.map_(abi.string, abi.bytes_), st.dictionaries(TEXT, BYTES, max_size=4)
    ),
    "record": Case(
        "(tuple string (list u8) u32)",
        "i32 i32 i32 i32 i32",
        abi.tuple_(abi.string, abi.bytes_, abi.u32),
        st.tuples(TEXT, BYTES, NUMBER),
        '(record (field "label" string) (field "data" (list u8)) (field "number" u32))',
        PACKET,
        lambda value: Packet(*value),
    ),
    "variant": Case(
        "(result (list u8) (error string))",
        "i32 i32 i32",
        abi.result(abi.bytes_, abi.string),
        st.builds(abi.Ok, BYTES) | st.builds(abi.Err, TEXT),
        '(variant (case "data" (list u8)) (case "text" string))',
        CONTENT,
        content,
    ),
    "list of options of tuples": Case(
        "(list (option (tuple string (list u8))))",
        "i32 i32",
        abi.list_(abi.option(abi.tuple_(abi.string, abi.bytes_))),
        st.lists(st.none() | st.tuples(TEXT, BYTES), max_size=5),
    ),
    "option of option": Case(
        "(option (option (list u8)))",
        "i32 i32 i32 i32",
        abi.option_some(abi.option(abi.bytes_)),
        st.none() | st.builds(abi.Some, st.none() | BYTES),
    ),
    "list of numbers": Case("(list u8)", "i32 i32", abi.list_(abi.u8), st.lists(st.integers(0, 255), max_size=50)),
}


def forwarder(case: Case) -> bytes:
    host = "$named" if case.definition else case.text
    named = f'(type $named-type {case.definition}) (export "named" (type $named (eq $named-type)))'
    count = len(case.flat.split())
    arguments = " ".join(f"(local.get {index})" for index in range(count))
    return bytes(
        wasmtime.wat2wasm(f"""(component
        (import "{INTERFACE}" (instance $host {named if case.definition else ""}
            (export "echo" (func (param "v" {host}) (result {host})))))
        {MEMORY}
        (core func $echo (canon lower (func $host "echo") (memory $m) (realloc $r)))
        (core module $main (import "host" "echo" (func $echo (param {case.flat} i32)))
            (func (export "echo") (param {case.flat}) (result i32)
                (call $echo {arguments} (i32.const 64)) (i32.const 64)))
        (core instance $main (instantiate $main (with "host" (instance (export "echo" (func $echo))))))
        (func (export "echo") (param "v" {case.text}) (result {case.text})
            (canon lift (core func $main "echo") (memory $m) (realloc $r))))""")
    )


class Echo:
    """A guest that forwards; `answer` says what the host function gives for what it gets."""

    def __init__(self, case: Case, answer: Callable[[Any], Any] = same, *, bridge: bool = True) -> None:
        component = ENGINE.compile(forwarder(case), "echo", bytes_bridge=bridge)
        assert component.bridged == bridge
        self.seen: list[Any] = []
        self._answer = answer
        linker = abi.Linker(ENGINE.wasm)
        codec = case.host_codec or case.codec
        with linker.instance(INTERFACE) as instance:
            instance.function("echo", self._echo, (codec,), codec)
        store = wasmtime.Store(ENGINE.wasm)
        store.set_epoch_deadline(10**6)
        found = linker.instantiate(store, component.compiled)
        self.call = GuestFunction(linker, store, found, (None, "echo"), parameters=(case.codec,), result=case.codec)

    def _echo(self, value: Any) -> Any:
        self.seen.append(value)
        return self._answer(value)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=25)
@given(data=st.data())
def test_bytes_at_any_depth_come_back_as_they_went(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    echo = Echo(case)
    for value in data.draw(st.lists(case.values, min_size=1, max_size=4)):
        assert echo.call(value) == value
        assert echo.seen.pop() == case.host_value(value)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("wrong", [None, "text", [b"ok", 1], ("a", "b", 3), {"a": 1}, abi.Ok(5), Packet("a", "b", 1)])
def test_values_that_do_not_fit_are_told_as_without_the_window(
    name: str, wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    case = CASES[name]
    value = {"list": [], "tuple": (b"", "", 0, b""), "map": {}, "record": ("", b"", 0)}.get(name)
    value = abi.Ok(b"") if name in ("result", "variant") else value
    value = [] if name.startswith("list") else value
    told = []
    for bridge in (False, True):
        caplog.clear()
        try:
            told.append(repr(Echo(case, lambda _: wrong, bridge=bridge).call(value)))
        except abi.GuestTrap:
            told.append(str(caplog.records[-1].exc_info[1]) if caplog.records[-1].exc_info else "")
    assert told[0] == told[1]


@pytest.mark.parametrize("wrong", [[256], [-1], [True], [1.5], "ab", b"bytes"])
def test_numbers_that_are_no_bytes_are_refused(wrong: Any, caplog: pytest.LogCaptureFixture) -> None:
    told = []
    for bridge in (False, True):
        with pytest.raises(abi.GuestTrap):
            Echo(CASES["list of numbers"], lambda _: wrong, bridge=bridge).call([1])
        told.append(str(caplog.records[-1].exc_info[1] if caplog.records[-1].exc_info else ""))
    assert told[0] == told[1]


def test_types_without_bytes_have_no_twin() -> None:
    thing = abi.tuple_(abi.string, abi.list_(abi.u32), abi.option(abi.list_(abi.s8)), abi.own(abi.Resource))
    for codec in (thing, abi.list_(abi.u16), abi.fixed_bytes(4), abi.fixed_list(abi.u8, 2), abi.u8):
        assert codec.windowed is None


def test_a_twin_is_made_once_and_keeps_its_name() -> None:
    codec = abi.result(abi.list_(PACKET), abi.option(abi.bytes_))
    assert codec.windowed is not None
    assert codec.windowed is codec.windowed
    assert codec.windowed.wit == codec.wit
    assert PACKET.windowed is PACKET.windowed
