"""The engine: compiles components, keeps them, and interrupts guests. One engine serves any number of workloads on any
number of threads.
"""

from __future__ import annotations

import hashlib
import platform
import threading
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import wasmtime
from wasmtime import _bindings

from elastic_hal.runtime.cache import ComponentCache
from elastic_hal.runtime.components import LoadedComponent, compile_component, read_component
from elastic_hal.runtime.cpu_share import Ticker
from elastic_hal.runtime.identity import content_digest

WASM_STACK_BYTES = 2 * 1024**2
"""How deep a guest may recurse. Guests in Python need more than wasmtime's default of 512 KiB."""


class Engine:
    """Compiles components and keeps them, in memory and in `cache_dir` where one is given (see `default_cache_dir`)."""

    def __init__(self, cache_dir: Path | None = None) -> None:
        self.wasm = wasmtime.Engine(_config())
        self._cache = ComponentCache(cache_dir) if cache_dir is not None else None
        self._loaded: dict[str, LoadedComponent] = {}
        self._lock = threading.Lock()
        self.ticker = Ticker(self.interrupt)

    def load(self, path: Path) -> LoadedComponent:
        """Reads and compiles the component in a file; its name is the file's without the suffix.

        Raises:
            ComponentError: the file cannot be read or is no valid component.
        """
        return self.compile(read_component(path), path.stem, str(path))

    def compile(self, content: bytes, name: str, origin: str = "") -> LoadedComponent:
        """Compiles a component, or takes it from a cache. `origin` is what messages call it.

        Raises:
            ComponentError: it is no valid component.
        """
        digest = content_digest(content)
        with self._lock:
            known = self._loaded.get(digest)
        if known is not None and known.name == name:
            return known
        compiled = known.compiled if known is not None else self._compiled(content, digest, origin or name)
        kind = compiled.type
        loaded = LoadedComponent(name, digest, tuple(kind.imports(self.wasm)), tuple(kind.exports(self.wasm)), compiled)
        with self._lock:
            self._loaded[digest] = loaded
        return loaded

    def interrupt(self) -> None:
        """Makes every running guest ask soon whether it should stop (see `interrupt.py`)."""
        self.wasm.increment_epoch()

    def _compiled(self, content: bytes, digest: str, origin: str) -> wasmtime.component.Component:
        if self._cache is None:
            return compile_component(self.wasm, content, origin)
        key = _cache_key(digest)
        compiled = self._cache.get(self.wasm, key)
        if compiled is None:
            compiled = compile_component(self.wasm, content, origin)
            self._cache.put(key, compiled)
        return compiled


_SETTINGS = {"epoch_interruption": True, "max_wasm_stack": WASM_STACK_BYTES, "wasm_component_model_map": True}
_CONCURRENCY = False
"""Whether guests may use asynchronous tasks. Nothing here serves them, and their bookkeeping in wasmtime 50 fails for a
host function that takes two borrowed handles.
"""


def _config() -> wasmtime.Config:
    config = wasmtime.Config()
    for name, value in _SETTINGS.items():
        setattr(config, name, value)
    cast(Any, _bindings).wasmtime_config_concurrency_support_set(config.ptr(), _CONCURRENCY)
    return config


def _cache_key(digest: str) -> str:
    """Names everything that compiled code depends on: the component, wasmtime, its settings, the machine."""
    parts = (
        digest,
        metadata.version("wasmtime"),
        repr((sorted(_SETTINGS.items()), _CONCURRENCY)),
        platform.machine(),
        platform.system(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
