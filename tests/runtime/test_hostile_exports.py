"""Guests that answer the host's calls with values that are none, or take its arguments where there is no room."""

from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine

ENGINE = Engine()
END = 65536
TEXTS = abi.list_(abi.string)


def guest(
    body: str,
    *,
    parameters: str = "",
    flat: str = "",
    result: str = "string",
    realloc: str = "(i32.const 4096)",
    post_return: str = "",
    data: str = "",
) -> str:
    """A component whose export `get` has that body, which gives the address of its result."""
    after = f'(func (export "after") (param i32) {post_return})' if post_return else ""
    option = '(post-return (core func $i "after"))' if post_return else ""
    return f"""(component
        (core module $m (memory (export "m") 1) {data}
            (func (export "r") (param i32 i32 i32 i32) (result i32) {realloc}) {after}
            (func (export "get") {flat} (result i32) {body}))
        (core instance $i (instantiate $m))
        (func (export "get") {parameters} (result {result})
            (canon lift (core func $i "get") (memory (core memory $i "m")) (realloc (core func $i "r")) {option})))"""


def call(text: str, *arguments: Any, parameters: tuple[Any, ...] = (), result: Any = abi.string) -> Any:
    linker = abi.Linker(ENGINE.wasm)
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    try:
        instance = linker.instantiate(store, wasm_component.Component(ENGINE.wasm, text))
        function = abi.GuestFunction(linker, store, instance, (None, "get"), parameters=parameters, result=result)
        return function(*arguments)
    finally:
        linker.close()
        store.close()


def pointing(address: int, length: int, at: int = 64) -> str:
    """Writes a string's or list's address and length, and gives where."""
    return f"""(i32.store (i32.const {at}) (i32.const {address})) (i32.store (i32.const {at + 4}) (i32.const {length}))
        (i32.const {at})"""


@pytest.mark.parametrize(
    "body",
    [
        pointing(END, 1),
        pointing(END - 1, 2),
        pointing(-1, 1),
        pointing(0, -1),
        pointing(0, 0x7FFFFFFF),
        "(i32.const 66)",
        f"(i32.const {END - 4})",
        "(i32.const -4)",
        "(unreachable)",
    ],
    ids=["end", "over-the-end", "wraps", "longest", "huge", "unaligned", "no-room", "address-wraps", "traps"],
)
@pytest.mark.parametrize(
    ("result", "codec"), [("string", abi.string), ("(list u8)", abi.bytes_), ("(list string)", TEXTS)]
)
def test_results_that_are_nowhere(body: str, result: str, codec: abi.Codec[Any]) -> None:
    with pytest.raises(abi.GuestTrap):
        call(guest(body, result=result), result=codec)


@pytest.mark.parametrize("text", [r"\ff", r"\c0\80", r"\ed\a0\80", r"ok\e2\82"])
def test_results_that_are_not_utf8(text: str) -> None:
    length = len(text.replace("\\", "")) - text.count("\\")
    with pytest.raises(abi.GuestError):
        call(guest(pointing(256, length), data=f'(data (i32.const 256) "{text}")'))


def test_strings_that_share_their_bytes_are_just_strings() -> None:
    inner = r"\00\02\00\00\03\00\00\00\00\02\00\00\02\00\00\00"
    data = f'(data (i32.const 256) "{inner}") (data (i32.const 512) "abc")'
    assert call(guest(pointing(256, 2), result="(list string)", data=data), result=TEXTS) == ["abc", "ab"]


@pytest.mark.parametrize("case", [2, 255])
def test_a_case_that_there_is_not(case: int) -> None:
    body = f"(i32.store8 (i32.const 64) (i32.const {case})) (i32.const 64)"
    with pytest.raises(abi.GuestTrap):
        call(guest(body, result="(option u32)"), result=abi.option(abi.u32))


@pytest.mark.parametrize("after", ["(unreachable)", "(drop (i32.load (i32.const -4)))", "(call 1 (local.get 0))"])
def test_what_a_guest_does_after_it_returned_may_trap_too(after: str) -> None:
    with pytest.raises(abi.GuestTrap):
        call(guest(pointing(256, 2), post_return=after))


@pytest.mark.parametrize(
    "realloc",
    [f"(i32.const {END})", f"(i32.const {END - 8})", "(i32.const -1)", "(unreachable)", "(memory.grow (i32.const -1))"],
)
def test_arguments_for_which_a_guest_has_no_place(realloc: str) -> None:
    text = guest(pointing(256, 2), parameters='(param "t" string)', flat="(param i32 i32)", realloc=realloc)
    with pytest.raises(abi.GuestTrap):
        call(text, "an argument of some length", parameters=(abi.string,))


def test_a_huge_argument_is_refused_and_a_guest_of_another_interface_is_told_apart() -> None:
    text = guest(pointing(256, 0), parameters='(param "t" (list u64))', flat="(param i32 i32)", result="u32")
    with pytest.raises(abi.GuestTrap):
        call(text, list(range(100_000)), parameters=(abi.list_(abi.u64),), result=abi.u32)
    with pytest.raises((abi.AbiError, abi.GuestError)):
        call(text, "text", parameters=(abi.string,), result=abi.u32)
    with pytest.raises((abi.AbiError, abi.GuestError)):
        call(text, [1], parameters=(abi.list_(abi.u64),), result=abi.string)


@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=64), address=st.integers(0, 2**32 - 1) | st.integers(0, 80), count=st.integers(0, 9))
def test_no_bytes_of_a_guest_do_more_than_fail(content: bytes, address: int, count: int) -> None:
    """Whatever lies where a list of nested values should be: a value of that type comes out, or a typed error."""
    kind = "(list (tuple (option string) (result u8 (error string)) char))"
    codec = abi.list_(abi.tuple_(abi.option(abi.string), abi.result(abi.u8, abi.string), abi.char))
    escaped = "".join(f"\\{byte:02x}" for byte in content)
    text = guest(pointing(address, count, at=1024), result=kind, data=f'(data (i32.const 0) "{escaped}")')
    try:
        values = call(text, result=codec)
    except (abi.GuestError, abi.LiftingError):
        return
    assert len(values) == count
    for optional, either, char in values:
        assert optional is None or isinstance(optional, str)
        assert isinstance(either, abi.Ok | abi.Err)
        assert len(char) == 1
