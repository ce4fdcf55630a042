"""Guests written as WebAssembly text, so that tests start in milliseconds."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wasmtime

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload

sys.path.insert(0, str(Path(__file__).parent))  # for the package hosted_guests, which several tests share
from hosted_guests.calls import PLAIN, Started


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


def assemble(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


def command(body: str, imports: str = "", core: str = "(memory 1)", instantiate: str = "") -> bytes:
    """A component that exports wasi:cli/run; `body` gives 0 for success, 1 for failure."""
    return assemble(f"""(component {imports}
        (core module $m {core} (func (export "run") (result i32) {body}))
        (core instance $i (instantiate $m {instantiate}))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $instance (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $instance)))""")


def calling(body: str, functions: dict[str, tuple[str, str]], interface: str = "test:host/api@0.1.0") -> bytes:
    """A command whose core module may call functions of one interface: name → component signature, core signature."""
    exports = " ".join(f'(export "{name}" (func {signature}))' for name, (signature, _) in functions.items())
    lowered = " ".join(f'(core func ${name} (canon lower (func $api "{name}")))' for name in functions)
    core = " ".join(
        f'(import "host" "{name}" (func ${name} {signature}))' for name, (_, signature) in functions.items()
    )
    given = " ".join(f'(export "{name}" (func ${name}))' for name in functions)
    imports = f'(import "{interface}" (instance $api {exports})) {lowered}'
    return command(body, imports, f"{core} (memory 1)", f'(with "host" (instance {given}))')


@pytest.fixture(name="command")
def command_fixture() -> Callable[..., bytes]:
    return command


@pytest.fixture(name="calling")
def calling_fixture() -> Callable[..., bytes]:
    return calling


@pytest.fixture(name="assemble")
def assemble_fixture() -> Callable[[str], bytes]:
    return assemble


@pytest.fixture
def start(engine: Engine) -> Callable[..., Started]:
    """Starts a guest, written as text, that is called afterwards."""

    def make(text: str = PLAIN, function: Callable[[], int] | None = None) -> Started:
        return Started(engine, assemble(text), function)

    return make


@pytest.fixture
def run(engine: Engine) -> Callable[..., Outcome]:
    """Runs the bytes of a component as a workload."""

    def start(content: bytes, **options: Any) -> Outcome:
        component = engine.compile(content, options.pop("name", "guest"))
        identity = Identity(component.name, component.digest)
        return Workload(engine, component, identity, **options).run()

    return start


@pytest.fixture
def linking() -> Callable[..., Callable[[abi.Linker, Workload], None]]:
    """Makes a `link` function that provides functions of one interface: name → (callable, parameters, result)."""

    def make(
        functions: dict[str, Any], interface: str = "test:host/api@0.1.0"
    ) -> Callable[[abi.Linker, Workload], None]:
        def link(linker: abi.Linker, workload: Workload) -> None:
            with linker.instance(interface) as instance:
                for name, (implementation, parameters, result) in functions.items():
                    instance.function(name, implementation, parameters, result)

        return link

    return make


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "guest.wasm"
        path.write_bytes(content)
        return path

    return write
