"""Guests without code of their own: what they import they export again, so that calls reach adapters as they come."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from elastic_hal.cli.bridge_items import interface_items
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.runtime.bridge.component_writer import ComponentWriter
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.named_types import NamedTypes
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.standalone import import_interfaces
from elastic_hal.runtime.engine import Engine

FIXTURES = Path(__file__).parent / "fixtures"
sys.path.insert(0, str(Path(__file__).parent))  # for the package equivalence, which several tests share


def wasm_tools(*arguments: object) -> str:
    program = Path(sys.executable).with_name("wasm-tools")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(name="wasm_tools", scope="session")
def wasm_tools_fixture() -> Callable[..., str]:
    return wasm_tools


@pytest.fixture
def validate(tmp_path: Path, wasm_tools: Callable[..., str]) -> Callable[[bytes], None]:
    def check(component: bytes) -> None:
        file = tmp_path / "component.wasm"
        file.write_bytes(component)
        wasm_tools("validate", "--features", "all", file)

    return check


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine()


def reexporting(interfaces: Mapping[str, Item], exported: Mapping[str, str]) -> bytes:
    """A guest that imports interfaces and exports some of them under other names: export → import."""
    writer = ComponentWriter()
    externs = import_interfaces(writer, NamedTypes(writer), interfaces)
    for label, name in exported.items():
        writer.export(label, Sort.INSTANCE, externs[name].index)
    return writer.finish()


@pytest.fixture(name="reexporting", scope="session")
def reexporting_fixture() -> Callable[[Mapping[str, Item], Mapping[str, str]], bytes]:
    return reexporting


@pytest.fixture
def guest_of(tmp_path: Path) -> Callable[[str, str], bytes]:
    """The guest that exports one interface of a package as `api`."""

    def make(wit: str, interface: str) -> bytes:
        file = tmp_path / "guest.wit"
        file.write_text(wit)
        package = load_or_raise([file]).main
        found = package.interfaces[interface]
        assert found.id is not None
        return reexporting(interface_items({found.id: found}), {"api": found.id})

    return make


@pytest.fixture
def toolchain_guest(tmp_path: Path, wasm_tools: Callable[..., str]) -> Callable[[str], bytes]:
    """A guest for a world of the fixtures as a toolchain lays it out; its code does nothing."""

    def make(world: str) -> bytes:
        module, component = tmp_path / "module.wasm", tmp_path / f"{world}.wasm"
        wasm_tools("component", "embed", "--dummy", FIXTURES / "nested", "-w", world, "-o", module)
        wasm_tools("component", "new", module, "-o", component)
        return component.read_bytes()

    return make
