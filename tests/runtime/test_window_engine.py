"""Loading components with and without the bytes bridge: what changes (how bytes travel) and what does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime import bridged as bridged_module
from elastic_hal.runtime import engine as engine_module
from elastic_hal.runtime.abi import window_probe
from elastic_hal.runtime.abi.window import Window
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import AdmissionError, UnlinkableImportError
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.policy import Grant, Policy
from elastic_hal.runtime.workload import Workload

INTERFACE = "test:host/api@0.1.0"
ENGINE = Engine()
MIB = 1024**2


def guest(
    size: int = 1000,
    extra: str = "",
    body: str = "(i32.ne (call $take (i32.const 0) (i32.const {size})) (i32.const {size}))",
) -> bytes:
    """A command that passes so many bytes to the host and succeeds if it says that it got them."""
    return bytes(
        wasmtime.wat2wasm(f"""(component
            (import "{INTERFACE}" (instance $api (export "take" (func (param "data" (list u8)) (result u32))) {extra}))
            (core module $memory (memory (export "m") {size // 65536 + 1}))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $api "take") (memory (core memory $memory "m"))))
            (core module $main (import "h" "take" (func $take (param i32 i32) (result i32)))
                (func $inner (result i32) {body.format(size=size)})
                (func $run (export "run") (result i32) (call $inner)))
            (core instance $main (instantiate $main (with "h" (instance (export "take" (func $take))))))
            (func $run (result (result)) (canon lift (core func $main "run")))
            (instance $instance (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $instance)))""")
    )


@pytest.fixture
def run_loaded(linking: Callable[..., Any]) -> Callable[..., Outcome]:
    """Runs a component that imports the interface above."""

    def start(
        engine: Engine,
        content: bytes,
        *,
        take: Callable[[bytes], int] = len,
        bytes_bridge: bool | None = None,
        **options: Any,
    ) -> Outcome:
        component = engine.compile(content, "guest", bytes_bridge=bytes_bridge)
        link = linking({"take": (take, (abi.bytes_,), abi.u32)})
        return Workload(engine, component, Identity("guest", component.digest), link=link, **options).run()

    return start


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of the bytes that came through a window."""
    lengths: list[int] = []
    read = Window.read
    assert window_probe.available(ENGINE.wasm)

    def counted(window: Window, address: int, length: int) -> bytes:
        lengths.append(length)
        return read(window, address, length)

    monkeypatch.setattr(Window, "read", counted)
    return lengths


def test_bytes_travel_through_the_window_unless_told_otherwise(
    run_loaded: Callable[..., Outcome], reads: list[int]
) -> None:
    assert run_loaded(Engine(), guest()).succeeded
    assert reads == [1000]
    assert run_loaded(Engine(), guest(), bytes_bridge=False).succeeded
    assert run_loaded(Engine(bytes_bridge=False), guest()).succeeded
    assert reads == [1000]
    assert run_loaded(Engine(bytes_bridge=False), guest(), bytes_bridge=True).succeeded
    assert reads == [1000, 1000]


def test_a_component_keeps_its_identity_and_its_interfaces() -> None:
    engine, content = Engine(), guest()
    plain, bridged = (engine.compile(content, "guest", bytes_bridge=choice) for choice in (False, True))
    assert (plain.bridged, bridged.bridged) == (False, True)
    for loaded in (plain, bridged):
        assert loaded.digest == content_digest(content)
        assert loaded.imports == (INTERFACE,)
        assert loaded.exports == ("wasi:cli/run@0.2.0",)
    assert engine.compile(content, "guest", bytes_bridge=True) is bridged
    assert engine.compile(content, "other", bytes_bridge=True).bridged
    assert engine.compile(content, "guest", bytes_bridge=False).compiled is plain.compiled


def test_a_component_without_bytes_gets_no_adapter(command: Callable[..., bytes]) -> None:
    assert not Engine().compile(command("i32.const 0"), "guest").bridged


def test_both_forms_are_cached_apart_and_composed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_loaded: Callable[..., Outcome], reads: list[int]
) -> None:
    composed: list[int] = []
    compose = bridged_module.bridged

    def counted(content: bytes, *arguments: Any) -> bytes | None:
        composed.append(len(content))
        return compose(content, *arguments)

    monkeypatch.setattr(bridged_module, "bridged", counted)
    for _ in range(3):
        for choice in (True, False):
            assert run_loaded(Engine(tmp_path / "cache"), guest(), bytes_bridge=choice).succeeded
    assert len(composed) == 1
    assert reads == [1000] * 3
    assert len(list((tmp_path / "cache").glob("*.cwasm"))) == 2
    monkeypatch.setattr(engine_module, "BRIDGE_VERSION", -1)
    assert Engine(tmp_path / "cache").compile(guest(), "guest").bridged
    assert len(composed) == 2


def test_without_a_window_components_run_as_they_are(
    monkeypatch: pytest.MonkeyPatch, run_loaded: Callable[..., Outcome], reads: list[int]
) -> None:
    monkeypatch.setattr(engine_module, "available", lambda engine: False)
    engine = Engine()
    assert run_loaded(engine, guest(), bytes_bridge=True).succeeded
    assert not engine.compile(guest(), "guest").bridged
    assert not reads


def test_an_adapter_that_does_not_fit_is_left_away(
    monkeypatch: pytest.MonkeyPatch, run_loaded: Callable[..., Outcome], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bridged_module, "bridged", lambda content, *_: content[:-5])
    assert run_loaded(Engine(), guest()).succeeded
    assert "guest runs without the bytes bridge" in caplog.text


@pytest.mark.parametrize("bytes_bridge", [True, False])
def test_what_only_adapters_may_import_is_refused(
    assemble: Callable[[str], bytes], tmp_path: Path, bytes_bridge: bool
) -> None:
    content = assemble(f'(component (import "{RUNTIME_INTERFACE}" (instance (export "fill" (func)))))')
    for _ in range(2):
        with pytest.raises(UnlinkableImportError, match="reserved for the runtime's own adapters") as caught:
            Engine(tmp_path / "cache").compile(content, "guest", bytes_bridge=bytes_bridge)
        assert caught.value.imports == (RUNTIME_INTERFACE,)


def test_text_that_looks_like_a_reserved_name_is_no_import(
    assemble: Callable[[str], bytes], run_loaded: Callable[..., Outcome]
) -> None:
    content = guest(body="(i32.const 0)") + b"\0\x19\x04note elastic-hal-bridge: x"[:27]
    engine = Engine()
    assert engine.compile(content, "guest").bridged


def test_traps_read_the_same(run_loaded: Callable[..., Outcome]) -> None:
    def fail(data: bytes) -> int:
        raise RuntimeError("secret")

    outcomes = [run_loaded(Engine(), guest(), take=fail, bytes_bridge=choice) for choice in (False, True)]
    for outcome in outcomes:
        assert outcome.reason == "host-error"
        assert outcome.message.endswith("in inner ← run")
    first, second = (outcome.message.rpartition("incident")[0] for outcome in outcomes)
    assert first == second


def test_missing_imports_read_the_same(linking: Callable[..., Any]) -> None:
    engine, content = Engine(), guest(extra='(export "more" (func (result string)))')
    messages = []
    for choice in (False, True):
        component = engine.compile(content, "guest", bytes_bridge=choice)
        assert component.bridged == choice
        identity = Identity("guest", component.digest)
        link = linking({"take": (len, (abi.bytes_,), abi.u32)})
        with pytest.raises(UnlinkableImportError) as incomplete:
            Workload(engine, component, identity, link=link).run()
        with pytest.raises(UnlinkableImportError) as missing:
            Workload(engine, component, identity).run()
        messages.append([(caught.value.message, caught.value.hint) for caught in (incomplete, missing)])
    assert messages[0] == messages[1]
    assert "bridge" not in repr(messages)


def test_bytes_that_exceed_the_memory_limit_end_as_memory(run_loaded: Callable[..., Outcome]) -> None:
    content, limits = guest(2 * MIB - 10), Limits(memory_bytes=2 * MIB)
    assert run_loaded(Engine(), content, limits=limits, bytes_bridge=False).succeeded
    outcome = run_loaded(Engine(), content, limits=limits)
    assert outcome.reason == "memory"
    assert "of which it may have 2MiB" in outcome.message
    assert run_loaded(Engine(), content, limits=Limits(memory_bytes=3 * MIB)).succeeded


def test_the_policy_turns_the_bridge_off(tmp_path: Path, run_loaded: Callable[..., Outcome]) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("version = 1\n[workload.guest]\nbytes_bridge = false\n[workload.other]\n")
    policy = Policy.load(path)
    assert not policy.bytes_bridge("guest")
    assert policy.bytes_bridge("other")
    assert policy.bytes_bridge("unnamed")
    grant = policy.rules["guest"].grant
    assert run_loaded(Engine(), guest(), grant=grant, bytes_bridge=False).succeeded
    with pytest.raises(AdmissionError, match="without the bytes bridge"):
        run_loaded(Engine(), guest(), grant=grant)
    assert Grant().bytes_bridge


def test_functions_of_the_world_itself_are_bridged(assemble: Callable[[str], bytes], reads: list[int]) -> None:
    content = assemble("""(component
        (import "first" (func $first (param "data" (list u8)) (result u32)))
        (import "second" (func $second (param "data" (list u8)) (result u32)))
        (core module $memory (memory (export "m") 1))
        (core instance $memory (instantiate $memory))
        (core func $first (canon lower (func $first) (memory (core memory $memory "m"))))
        (core func $second (canon lower (func $second) (memory (core memory $memory "m"))))
        (core module $main
            (import "h" "first" (func $first (param i32 i32) (result i32)))
            (import "h" "second" (func $second (param i32 i32) (result i32)))
            (func (export "run") (result i32)
                (i32.add (call $first (i32.const 0) (i32.const 30)) (call $second (i32.const 0) (i32.const 7)))))
        (core instance $main (instantiate $main (with "h" (instance
            (export "first" (func $first)) (export "second" (func $second))))))
        (func (export "run") (result u32) (canon lift (core func $main "run"))))""")
    loaded = ENGINE.compile(content, "guest")
    assert loaded.bridged
    assert loaded.imports == ("first", "second")
    linker = abi.Linker(ENGINE.wasm)
    for name in ("first", "second"):
        with linker.root() as functions:
            functions.function(name, len, (abi.bytes_,), abi.u32)
    assert linker.interfaces == ["first", "second"]
    store = wasmtime.Store(ENGINE.wasm)
    store.set_epoch_deadline(10**6)
    found = linker.instantiate(store, loaded.compiled)
    assert abi.GuestFunction(linker, store, found, (None, "run"), result=abi.u32)() == 37
    assert reads == [30, 7]


PARAMETERS = (
    ('(param "a" (list u8))', "(i32.const 65530) (i32.const 100)", "out of bounds of memory"),
    ('(param "a" (list u8))', "(i32.const -1) (i32.const 2)", "out of bounds of memory"),
    ('(param "a" (list u8))', "(i32.const 0) (i32.const -1)", "out of bounds of memory"),
    ('(param "a" (list u8))', "(i32.const -1) (i32.const 0)", "out of bounds of memory"),
    ('(param "a" string)', "(i32.const 65530) (i32.const 100)", "out of bounds of memory"),
    ('(param "a" string)', "(i32.const 100) (i32.const 2)", "invalid utf-8"),
    ('(param "a" (list u32))', "(i32.const 1) (i32.const 1)", "not aligned"),
    ('(param "a" (list u32))', "(i32.const 0) (i32.const 0x40000000)", "out of bounds of memory"),
    ('(param "a" (list (list u8)))', "(i32.const 65532) (i32.const 2)", "out of bounds of memory"),
    ('(param "a" (tuple char u32))', "(i32.const 0xd800) (i32.const 0)", "out of range for `char`"),
    ('(param "a" (option u32))', "(i32.const 5) (i32.const 0)", "discriminant"),
)


@pytest.mark.parametrize(("parameter", "arguments", "words"), PARAMETERS)
def test_values_that_no_type_allows_read_the_same(parameter: str, arguments: str, words: str) -> None:
    content = bytes(
        wasmtime.wat2wasm(f"""(component
        (import "{INTERFACE}" (instance $api (export "f" (func {parameter} (param "z" (list u8))))))
        (core module $memory (memory (export "m") 1) (data (i32.const 100) "\\ff\\fe"))
        (core instance $memory (instantiate $memory))
        (core func $f (canon lower (func $api "f") (memory (core memory $memory "m"))))
        (core module $main (import "h" "f" (func $f (param i32 i32 i32 i32)))
            (func (export "run") (call $f {arguments} (i32.const 0) (i32.const 3))))
        (core instance $main (instantiate $main (with "h" (instance (export "f" (func $f))))))
        (func (export "run") (canon lift (core func $main "run"))))""")
    )
    reports = []
    for bytes_bridge in (False, True):
        loaded = ENGINE.compile(content, "guest", bytes_bridge=bytes_bridge)
        assert loaded.bridged == bytes_bridge
        linker = abi.Linker(ENGINE.wasm)
        with linker.instance(INTERFACE) as functions:
            functions.function("f", lambda *values: None, (abi.bytes_, abi.bytes_))
        store = wasmtime.Store(ENGINE.wasm)
        store.set_epoch_deadline(10**6)
        found = linker.instantiate(store, loaded.compiled)
        with pytest.raises(abi.GuestTrap, match=words) as caught:
            abi.GuestFunction(linker, store, found, (None, "run"))()
        reports.append((str(caught.value), caught.value.kind, caught.value.backtrace()))
    assert reports[0] == reports[1]
