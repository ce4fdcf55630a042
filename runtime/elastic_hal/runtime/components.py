"""Components as files: reading them, and telling what is wrong with those that are none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.common.files import FileError, read_file
from elastic_hal.common.text import shown
from elastic_hal.runtime.bridge.errors import UnreadableBinaryError
from elastic_hal.runtime.bridge.names import is_bridge_name
from elastic_hal.runtime.contents.bounds import MAX_COMPONENT_BYTES, TooLargeError
from elastic_hal.runtime.contents.holdings import Holdings, read_holdings
from elastic_hal.runtime.errors import (
    ComponentError,
    CoreModuleError,
    CorruptComponentError,
    LargeComponentError,
    NotWebAssemblyError,
    TextFormatError,
    UnreadableError,
)

_MAGIC = b"\0asm"
_COMPONENT_LAYER = b"\x0d\0\x01\0"
_MODULE_LAYER = b"\x01\0\0\0"
_HEADER_SIZE = 8
_MAX_REASON = 400
_NUMBER = re.compile(r"^\d+: ")
_FEATURE = re.compile(r"\brequires? the .* (feature|proposal)\b")


@dataclass(frozen=True, slots=True)
class LoadedComponent:
    """A component that is compiled and ready to run, under the digest of its file.

    `bridged` tells whether an adapter for its bytes is compiled with it; name, digest, imports and exports are those
    of the component itself all the same, and so is what an instance of it `holds`.
    """

    name: str
    digest: str
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    compiled: wasm_component.Component
    holds: Holdings
    bridged: bool = False


def describe(
    engine: wasmtime.Engine, name: str, digest: str, compiled: wasm_component.Component, holds: Holdings
) -> LoadedComponent:
    """Makes the description of a compiled component. What only an adapter imports is none of the component's."""
    every = tuple(compiled.type.imports(engine))
    imports = tuple(wanted for wanted in every if not is_bridge_name(wanted))
    exports = tuple(compiled.type.exports(engine))
    return LoadedComponent(name, digest, imports, exports, compiled, holds, bridged=len(imports) < len(every))


def read_component(path: Path) -> bytes:
    """Reads the file of a component.

    Raises:
        ComponentError: it cannot be read, or it is no component; the class says which.
    """
    try:
        content = read_file(path, MAX_COMPONENT_BYTES)
    except FileError as error:
        raise UnreadableError(str(error), error.hint) from error
    check_header(content, str(path))
    return content


def check_header(content: bytes, name: str) -> None:
    """Tells by its first bytes whether content claims to be a component.

    Raises:
        ComponentError: it does not.
    """
    if content.startswith(_MAGIC):
        layer = content[4:_HEADER_SIZE]
        if layer == _MODULE_LAYER:
            hint = "make a component of it: `wasm-tools component new`, or build with a component toolchain"
            raise CoreModuleError(f"{name}: this is a core WebAssembly module, not a component", hint)
        if len(layer) < len(_COMPONENT_LAYER):
            raise CorruptComponentError(f"{name}: the file ends within its header", "get or build the file again")
        if layer != _COMPONENT_LAYER:
            raise CorruptComponentError(f"{name}: unknown version of the binary format: {layer.hex()}")
        return
    if content.lstrip()[:1] == b"(" or content.lstrip().startswith(b";;"):
        raise TextFormatError(
            f"{name}: this is WebAssembly text", "turn it into binary: `wasm-tools parse FILE -o FILE.wasm`"
        )
    if not content:
        raise NotWebAssemblyError(f"{name}: the file is empty")
    raise NotWebAssemblyError(f"{name}: this is not WebAssembly")


def inspect(content: bytes, name: str) -> Holdings | None:
    """Reads what an instance of a component will hold; None where that cannot be told, as a rule because the component
    is not valid.

    Raises:
        LargeComponentError: a part of it is beyond its bound.
    """
    try:
        return read_holdings(content)
    except TooLargeError as error:
        hint = "no toolchain makes components like this; make several of it"
        raise LargeComponentError(f"{name}: this component is too large: {error}", hint) from None
    except UnreadableBinaryError:
        return None


def uncountable(name: str) -> LargeComponentError:
    """Makes the error for a valid component of which nobody can tell what it holds."""
    return LargeComponentError(
        f"{name}: this component has instances of which the runtime cannot tell how much memory they need",
        "link its parts into one component, without core modules or components as imports",
    )


def compile_component(engine: wasmtime.Engine, content: bytes, name: str) -> wasm_component.Component:
    """Compiles a component.

    Raises:
        ComponentError: it is no component, or an invalid one.
    """
    check_header(content, name)
    try:
        return wasm_component.Component(engine, content)
    except wasmtime.WasmtimeError as error:
        raise _invalid(str(error), name) from error


def _invalid(reason: str, name: str) -> ComponentError:
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    last = shown(_NUMBER.sub("", lines[-1]), _MAX_REASON) if lines else "unknown reason"
    if "unexpected end" in last or "unexpected EOF" in last:
        return CorruptComponentError(f"{name}: the file is truncated: {last}", "get or build the file again")
    if _FEATURE.search(last):
        hint = "build it without that feature, which wasmtime for Python has no switch for"
        return CorruptComponentError(f"{name}: this component cannot run here: {last}", hint)
    return CorruptComponentError(f"{name}: invalid component: {last}", "check it with `wasm-tools validate`")
