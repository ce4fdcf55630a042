"""Guests with adapters: valid, the same from outside, and never an error."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wasmtime import component as wasm_component

from elastic_hal.runtime.bridge import reflection
from elastic_hal.runtime.bridge.compose import bridged
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE, WORLD_BRIDGE, bridge_name, is_bridge_name
from elastic_hal.runtime.bridge.outline import Sort, outline
from elastic_hal.runtime.bridge.types import (
    BYTES,
    NOMINAL,
    Borrow,
    EnumOf,
    FlagsOf,
    Function,
    ListOf,
    MapOf,
    OptionOf,
    Own,
    RecordOf,
    ResultOf,
    Scalar,
    TupleOf,
    Type,
    VariantOf,
    has_bytes,
    walk,
)
from elastic_hal.runtime.engine import Engine

Validate = Callable[[bytes], None]
Assemble = Callable[[str], bytes]


def nothing(_name: str) -> bool:
    return False


def compose(content: bytes, engine: Engine, skip: Callable[[str], bool] = nothing) -> bytes:
    composed = bridged(content, engine.wasm, skip)
    assert composed is not None
    return composed


def assemble(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


@pytest.mark.parametrize("world", ["nested", "reexporting", "plain", "keys"])
def test_guests_of_every_shape(
    world: str, engine: Engine, toolchain_guest: Callable[[str], bytes], validate: Validate
) -> None:
    guest = toolchain_guest(world)
    composed = compose(guest, engine)
    validate(composed)
    before = wasm_component.Component(engine.wasm, guest).type
    after = wasm_component.Component(engine.wasm, composed).type
    assert list(after.exports(engine.wasm)) == list(before.exports(engine.wasm))
    added = [name for name in after.imports(engine.wasm) if name not in before.imports(engine.wasm)]
    assert RUNTIME_INTERFACE in added
    assert len(added) > 1
    assert all(map(is_bridge_name, added))
    assert compose(guest, engine) == composed


def test_a_guest_that_was_composed_of_two(
    engine: Engine,
    toolchain_guest: Callable[[str], bytes],
    validate: Validate,
    wasm_tools: Callable[..., str],
    tmp_path: Path,
) -> None:
    for world in ("plain", "provider"):
        (tmp_path / f"{world}.wasm").write_bytes(toolchain_guest(world))
    whole = tmp_path / "whole.wasm"
    wasm_tools("compose", tmp_path / "plain.wasm", "-d", tmp_path / "provider.wasm", "-o", whole)
    composed = compose(whole.read_bytes(), engine)
    validate(composed)
    wasm_component.Component(engine.wasm, composed)
    names = [extern.name for extern in outline(composed).imports]
    assert bridge_name("nest:host/types@1.2.0") in names
    assert bridge_name("nest:host/old@1.2.0") not in names


def test_which_functions_have_a_bridge(engine: Engine, toolchain_guest: Callable[[str], bytes]) -> None:
    composed = compose(toolchain_guest("nested"), engine)
    imports = reflection.imports(wasm_component.Component(engine.wasm, composed), engine.wasm)
    bridges = {name: sorted(item.exports) for name, item in imports.items() if is_bridge_name(name)}
    functions = {name: [label for label in labels if "-" in label] for name, labels in bridges.items()}
    assert functions[bridge_name("nest:host/types@1.2.0")] == ["c-key", "m3-key-sign", "s3-key-generate"]
    assert functions[bridge_name("nest:host/old@1.2.0")] == ["f-hash"]
    assert functions[bridge_name("inline")] == ["c-thing", "f-wrap", "m5-thing-read"]
    assert functions[WORLD_BRIDGE] == ["c-handle", "f-world-bytes", "m6-handle-swap"]
    deep = functions[bridge_name("nest:host/deep@1.2.0")]
    assert "f-echo-nested" in deep
    assert "f-no-bytes" not in deep


def test_interfaces_may_be_left_alone(engine: Engine, toolchain_guest: Callable[[str], bytes]) -> None:
    guest = toolchain_guest("nested")
    composed = compose(guest, engine, skip=lambda name: "/deep@" in name)
    names = [extern.name for extern in outline(composed).imports]
    assert bridge_name("nest:host/deep@1.2.0") not in names
    assert bridge_name("nest:host/types@1.2.0") in names
    assert bridged(guest, engine.wasm, lambda _: True) is None


def test_two_versions_of_a_package(engine: Engine, validate: Validate) -> None:
    interface = '(instance (export "f" (func (param "x" (list u8)))))'
    guest = assemble(f'(component (import "a:b/c@1.0.0" {interface}) (import "a:b/c@2.0.0" {interface}))')
    composed = compose(guest, engine)
    validate(composed)
    names = [extern.name for extern in outline(composed).imports]
    assert names[2:4] == ["elastic-hal-bridge:a-b/c@1.0.0", "elastic-hal-bridge:a-b/c@2.0.0"]


@pytest.mark.parametrize(
    "guest",
    [
        "(component)",
        '(component (import "a:b/c" (instance (export "f" (func (param "x" string) (result (list s8)))))))',
        '(component (import "f" (func (param "x" u8))))',
    ],
)
def test_without_bytes_there_is_no_bridge(guest: str, engine: Engine) -> None:
    assert bridged(assemble(guest), engine.wasm, nothing) is None


@pytest.mark.parametrize(
    ("guest", "why"),
    [
        ('(component (import "elastic-hal-bridge:a-b/c" (instance (export "f" (func)))))', "reserved"),
        (
            '(component (core module) (import "a:b/c" (instance (export "f" (func (param "x" (list u8)))))))',
            "stands before an import",
        ),
    ],
)
def test_why_there_is_no_bridge(guest: str, why: str, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert bridged(assemble(guest), engine.wasm, nothing) is None
    assert why in caplog.text


def test_a_component_that_ends_early_has_no_bridge(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert bridged(DAMAGED[:-3], engine.wasm, nothing) is None
    assert "ends early" in caplog.text


def test_odd_items_leave_an_interface_alone(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    guest = assemble("""(component (import "a:b/c" (instance
        (export "f" (func (param "x" (list u8)))) (export "inner" (instance (export "g" (func)))))))""")
    assert bridged(guest, engine.wasm, nothing) is None
    assert "a:b/c has no bridge" in caplog.text


def test_types_that_grow_without_end_are_not_read(engine: Engine) -> None:
    doubled = " ".join(f"(type $t{n + 1} (tuple $t{n} $t{n}))" for n in range(16))
    guest = assemble(f"""(component (import "a:b/c" (instance
        (type $t0 (tuple (list u8) u8)) {doubled}
        (export "f" (func (param "x" $t16))))))""")
    assert bridged(guest, engine.wasm, nothing) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_damaged_guests_never_raise(data: st.DataObject, engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    guest = bytearray(DAMAGED)
    for _ in range(data.draw(st.integers(0, 3))):
        guest[data.draw(st.integers(8, len(guest) - 1))] = data.draw(st.integers(0, 255))
    bridged(bytes(guest[: data.draw(st.integers(8, len(guest)))]), engine.wasm, nothing)
    assert not caplog.records, "refused for a reason, not by a fault"


def test_a_fault_of_ours_keeps_no_guest_from_running(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("something of ours")

    monkeypatch.setattr(reflection, "imports", fail)
    assert bridged(DAMAGED, engine.wasm, nothing) is None
    assert "something of ours" in caplog.text


DAMAGED = assemble("""(component
    (import "a:b/c@1.0.0" (instance $i
        (export "key" (type $k (sub resource)))
        (type $e (variant (case "no") (case "yes" (list u8)))) (export "e" (type $error (eq $e)))
        (export "[method]key.f" (func (param "self" (borrow $k)) (param "x" (list u8)) (result $error)))))
    (alias export $i "key" (type $key))
    (import "f" (func (param "x" (list (own $key))) (result (list u8))))
    (instance $made (export "f" (func 0)))
    (export "run" (instance $made)))""")


SCALARS = st.sampled_from([scalar for scalar in Scalar if scalar is not Scalar.ERROR_CONTEXT])
LABELS = [f"x{number}" for number in range(40)]


def labelled(parts: st.SearchStrategy[Type], most: int) -> st.SearchStrategy[tuple[tuple[str, Type], ...]]:
    return st.lists(parts, min_size=1, max_size=most).map(lambda types: tuple(zip(LABELS, types, strict=False)))


def optional(parts: st.SearchStrategy[Type]) -> st.SearchStrategy[Type | None]:
    return st.none() | parts


def types(handles: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    names = st.integers(1, 33).map(lambda count: tuple(LABELS[:count]))
    return st.recursive(
        SCALARS | st.just(BYTES) | handles | names.map(EnumOf) | names.map(lambda found: FlagsOf(found[:32])),
        lambda parts: st.one_of(
            parts.map(ListOf),
            parts.map(OptionOf),
            st.builds(ResultOf, optional(parts), optional(parts)),
            st.lists(parts, min_size=1, max_size=5).map(tuple).map(TupleOf),
            labelled(parts, 5).map(RecordOf),
            st.lists(optional(parts), min_size=1, max_size=5)
            .map(lambda found: tuple(zip(LABELS, found, strict=False)))
            .map(VariantOf),
            st.builds(MapOf, st.sampled_from([Scalar.STRING, Scalar.U8, Scalar.CHAR]), parts),
        ),
        max_leaves=12,
    )


GIVEN = types(st.sampled_from([Own(0), Borrow(0), Borrow(1)]))
RETURNED = types(st.sampled_from([Own(0), Own(1)]))
FUNCTIONS = st.builds(
    Function, st.lists(GIVEN, max_size=6).map(lambda found: tuple(zip(LABELS, found, strict=False))), optional(RETURNED)
)


def interface(function: Function) -> Item:
    """An interface with two resources, the function, and a name for each type in it that needs one."""
    exports = {"first": Item(Sort.TYPE, resource=0), "second": Item(Sort.TYPE, resource=1)}
    mentioned = [type_ for _, type_ in function.parameters] + ([function.result] if function.result else [])
    nominal = dict.fromkeys(part for type_ in mentioned for part in walk(type_) if isinstance(part, NOMINAL))
    for place, type_ in enumerate(nominal):
        exports[f"type-{LABELS[place % 40]}-n{place}"] = Item(Sort.TYPE, type_)
    return Item(Sort.INSTANCE, exports=exports | {"f": Item(Sort.FUNCTION, function)})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(function=FUNCTIONS.filter(has_bytes))
def test_any_types_make_valid_adapters(function: Function, engine: Engine, reexporting: Callable[..., bytes]) -> None:
    guest = reexporting({"a:b/c": interface(function)}, {"api": "a:b/c"})
    composed = compose(guest, engine)
    wasm_component.Component(engine.wasm, composed)
    found = reflection.imports(wasm_component.Component(engine.wasm, composed), engine.wasm)
    assert found["a:b/c"].exports["f"].type_ == function


@pytest.mark.parametrize(
    ("members", "used"),
    [(members, used) for members in ("f: func(b: list<u8>);", "") for used in ("p", "q", "v", "w", "q, v", "r", "k")]
    + [("f: func(b: list<u8>);", "z")],
)
def test_exports_may_mention_what_imports_define(
    tmp_path: Path, wasm_tools: Callable[..., str], engine: Engine, members: str, used: str
) -> None:
    """Types of an imported interface that mention each other are those of the import behind the adapter, too."""
    method = "" if members else "m: func(b: list<u8>);"
    file, module, component = (tmp_path / name for name in ("guest.wit", "core.wasm", "guest.wasm"))
    file.write_text(f"""package test:exports;
        interface i {{ {members} resource r {{ {method} }} record p {{ x: u8 }} record q {{ x: p }}
            variant v {{ a(p) }} variant w {{ a(list<q>) }} record k {{ x: r, y: v }} type z = list<p>; }}
        interface e {{ use i.{{{used}}}; g: func(x: {used.split(",")[0]}) -> list<{used.split(",")[-1]}>; }}
        world guest {{ import i; export e; }}""")
    wasm_tools("component", "embed", "--dummy", file, "-w", "guest", "-o", module)
    wasm_tools("component", "new", module, "-o", component)
    assert engine.compile(component.read_bytes(), "guest").bridged
