"""The engine: compiles components, keeps them, and interrupts guests. One engine serves any number of workloads on any
number of threads.
"""

from __future__ import annotations

import hashlib
import platform
import threading
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import wasmtime
from wasmtime import _bindings

from elastic_hal.runtime.abi.window_probe import available
from elastic_hal.runtime.apart import apart
from elastic_hal.runtime.bridged import BRIDGE_VERSION, compile_guest
from elastic_hal.runtime.cache import ComponentCache
from elastic_hal.runtime.components import LoadedComponent, check_header, describe, inspect, read_component, uncountable
from elastic_hal.runtime.cpu_share import Ticker
from elastic_hal.runtime.identity import content_digest

WASM_STACK_BYTES = 2 * 1024**2
"""How deep a guest may recurse. Guests in Python need more than wasmtime's default of 512 KiB."""


class Engine:
    """Compiles components and keeps them, in memory and in `cache_dir` where one is given (see `default_cache_dir`).

    With `bytes_bridge`, components get an adapter that carries their `list<u8>` cheaply, unless they are loaded
    without; nothing else about them changes.
    """

    def __init__(self, cache_dir: Path | None = None, *, bytes_bridge: bool = True) -> None:
        self.wasm = wasmtime.Engine(_config())
        self.bytes_bridge = bytes_bridge
        self._cache = ComponentCache(cache_dir) if cache_dir is not None else None
        self._loaded: dict[tuple[str, bool], LoadedComponent] = {}
        self._lock = threading.Lock()
        self.ticker = Ticker(self.interrupt)

    def load(self, path: Path, *, bytes_bridge: bool | None = None) -> LoadedComponent:
        """Reads and compiles the component in a file; its name is the file's without the suffix. `bytes_bridge` is the
        engine's unless given.

        Raises:
            ComponentError: the file cannot be read or is no valid component.
        """
        return self.compile(read_component(path), path.stem, str(path), bytes_bridge=bytes_bridge)

    def compile(
        self, content: bytes, name: str, origin: str = "", *, bytes_bridge: bool | None = None
    ) -> LoadedComponent:
        """Compiles a component, or takes it from a cache. `origin` is what messages call it.

        Raises:
            ComponentError: it is no valid component.
        """
        digest = content_digest(content)
        bridge = (self.bytes_bridge if bytes_bridge is None else bytes_bridge) and available(self.wasm)
        with self._lock:
            known = self._loaded.get((digest, bridge))
        if known is not None:
            if known.name != name:
                known = replace(known, name=name)
        else:
            check_header(content, origin or name)
            holds = inspect(content, origin or name)
            compiled = self._compiled(content, digest, origin or name, bridge)
            if holds is None:
                raise uncountable(origin or name)
            known = describe(self.wasm, name, digest, compiled, holds)
        with self._lock:
            self._loaded[digest, bridge] = known
        return known

    def interrupt(self) -> None:
        """Makes every running guest ask soon whether it should stop (see `interrupt.py`)."""
        self.wasm.increment_epoch()

    def _compiled(self, content: bytes, digest: str, origin: str, bridge: bool) -> wasmtime.component.Component:
        key = _cache_key(digest, bridge)
        compiled = self._cache.get(self.wasm, key) if self._cache is not None else None
        if compiled is not None:
            return compiled
        compiled = apart(lambda: compile_guest(self.wasm, content, origin, bridge=bridge), f"compilation of {origin}")
        if self._cache is not None:
            self._cache.put(key, compiled)
        return compiled


_SETTINGS = {
    "epoch_interruption": True,
    "max_wasm_stack": WASM_STACK_BYTES,
    "memory_may_move": False,  # the host keeps the address of an adapter's memory
    "wasm_component_model_map": True,
}
_CONCURRENCY = False
"""Whether guests may use asynchronous tasks. Nothing here serves them, and their bookkeeping in wasmtime 50 fails for a
host function that takes two borrowed handles.
"""


_LABELS = True
"""Whether components may say of an import or export under a label which interface it is."""


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    for name, value in _SETTINGS.items():
        setattr(config, name, value)
    library = cast(Any, _bindings)
    library.wasmtime_config_concurrency_support_set(config.ptr(), _CONCURRENCY)
    library.wasmtime_config_wasm_component_model_implements_set(config.ptr(), _LABELS)
    return config


def _cache_key(digest: str, bridge: bool) -> str:
    """Names everything that compiled code depends on: the component and its adapter, wasmtime, its settings, the
    machine.
    """
    parts = (
        digest,
        f"bridge {BRIDGE_VERSION}" if bridge else "no bridge",
        metadata.version("wasmtime"),
        repr((sorted(_SETTINGS.items()), _CONCURRENCY, _LABELS)),
        platform.machine(),
        platform.system(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
