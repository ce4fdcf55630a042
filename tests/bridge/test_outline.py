"""Reading components that may be anything."""

from collections.abc import Callable

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER, section, signed, unsigned
from elastic_hal.runtime.bridge.errors import BridgeError, UnreadableBinaryError
from elastic_hal.runtime.bridge.outline import Extern, Sort, outline
from elastic_hal.runtime.bridge.reader import Reader

COMPONENT = bytes(
    wasmtime.wat2wasm("""(component
        (core type (func (param i32)))
        (import "m" (core module))
        (import "a:b/c@1.0.0" (instance $i (export "key" (type $k (sub resource))) (export "f" (func))))
        (alias export $i "key" (type $key))
        (import "local" (type (eq $key)))
        (import "handle" (type (sub resource)))
        (import "f" (func (param "x" (borrow $key))))
        (import "g" (component))
        (instance $made (export "f" (func 0)))
        (core module (func (export "x")))
        (export "run" (instance $made))
        (export "named" (func 0)))""")
)


def test_what_a_component_imports_and_exports() -> None:
    found = outline(COMPONENT)
    assert found.imports == (
        Extern("m", Sort.CORE_MODULE, 0),
        Extern("a:b/c@1.0.0", Sort.INSTANCE, 0),
        Extern("local", Sort.TYPE, found.imports[2].index),
        Extern("handle", Sort.TYPE, found.imports[2].index + 1),
        Extern("f", Sort.FUNCTION, 0),
        Extern("g", Sort.COMPONENT, 0),
    )
    assert [(export.name, export.sort) for export in found.exports] == [
        ("run", Sort.INSTANCE),
        ("named", Sort.FUNCTION),
    ]
    assert found.counts[Sort.INSTANCE] == 1


def test_the_hull_is_a_component_with_the_same_imports() -> None:
    found = outline(COMPONENT)
    assert COMPONENT.startswith(found.hull[:8])
    assert outline(found.hull).imports == found.imports
    assert outline(found.hull).exports == ()


def test_a_writer_goes_on_where_the_hull_ends(validate: Callable[[bytes], None]) -> None:
    found = outline(COMPONENT)
    writer = ComponentWriter(found.hull, found.counts)
    instance = next(extern.index for extern in found.imports if extern.sort is Sort.INSTANCE)
    function = writer.alias(instance, Sort.FUNCTION, "f")
    writer.export("same", Sort.FUNCTION, function)
    bundle = writer.bundle([("f", Sort.FUNCTION, function)])
    writer.export("all", Sort.INSTANCE, bundle)
    validate(writer.finish())
    assert [export.name for export in outline(writer.finish()).exports] == ["same", "all"]


def test_what_runs_before_an_import_has_no_hull() -> None:
    body = section(1, b"\0asm\x01\0\0\0") + section(10, b"\x01\x00\x01f\x01\x00")
    with pytest.raises(BridgeError, match="stands before an import"):
        outline(COMPONENT_HEADER + body)


@given(st.integers(0, 2**32 - 1))
def test_numbers_come_back(number: int) -> None:
    assert Reader(memoryview(unsigned(number))).number() == number


@given(st.integers(-(2**33), 2**33))
def test_signed_numbers_keep_their_sign(number: int) -> None:
    value = 0
    for place, byte in enumerate(signed(number)):
        value |= (byte & 0x7F) << (7 * place)
    bits = 7 * len(signed(number))
    assert (value - (1 << bits) if value >> (bits - 1) else value) == number


@pytest.mark.parametrize("content", [b"\x80\x80\x80\x80\x80\x00", b"\xff\xff\xff\xff\x7f", b"\x80", b""])
def test_numbers_that_are_none(content: bytes) -> None:
    with pytest.raises(UnreadableBinaryError):
        Reader(memoryview(content)).number()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for candidate in (content, COMPONENT_HEADER + content):
        try:
            outline(candidate)
        except BridgeError:
            continue


@given(st.data())
def test_damaged_components_are_read_or_refused(data: st.DataObject) -> None:
    damaged = bytearray(COMPONENT)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(8, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(8, len(damaged)))
    try:
        outline(bytes(damaged[:end]))
    except BridgeError:
        return
