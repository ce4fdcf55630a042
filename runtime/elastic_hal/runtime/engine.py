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

import wasmtime

from elastic_hal.runtime.abi.window_probe import available
from elastic_hal.runtime.bridged import BRIDGE_VERSION
from elastic_hal.runtime.cache import ComponentCache
from elastic_hal.runtime.compilation import LoadLimits, compiled_within
from elastic_hal.runtime.components import LoadedComponent, check_header, describe, inspect, read_component, uncountable
from elastic_hal.runtime.cpu_share import Ticker
from elastic_hal.runtime.engine_settings import FINGERPRINT, config
from elastic_hal.runtime.identity import content_digest


class Engine:
    """Compiles components and keeps them, in memory and in `cache_dir` where one is given (see `default_cache_dir`).

    With `bytes_bridge`, components get an adapter that carries their `list<u8>` cheaply, unless they are loaded
    without; nothing else about them changes. `load_limits` bound what the compilation of one may take.
    """

    def __init__(
        self, cache_dir: Path | None = None, *, bytes_bridge: bool = True, load_limits: LoadLimits | None = None
    ) -> None:
        self.load_limits = load_limits or LoadLimits()
        self.wasm = wasmtime.Engine(config())
        self.bytes_bridge = bytes_bridge
        self._cache = ComponentCache(cache_dir) if cache_dir is not None else None
        self._loaded: dict[tuple[str, bool], LoadedComponent] = {}
        self._turns: dict[tuple[str, bool], threading.Lock] = {}
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
            turn = self._turns.setdefault((digest, bridge), threading.Lock())
        with turn:  # whoever loads the same component at the same time waits for this one
            known = self._loaded.get((digest, bridge))
            if known is None:
                known = self._described(content, name, digest, origin or name, bridge)
            elif known.name != name:
                known = replace(known, name=name)
            self._loaded[digest, bridge] = known
        return known

    def _described(self, content: bytes, name: str, digest: str, origin: str, bridge: bool) -> LoadedComponent:
        check_header(content, origin)
        holds = inspect(content, origin)
        compiled = self._compiled(content, digest, origin, bridge)
        if holds is None:
            raise uncountable(origin)
        return describe(self.wasm, name, digest, compiled, holds)

    def interrupt(self) -> None:
        """Makes every running guest ask soon whether it should stop (see `interrupt.py`)."""
        self.wasm.increment_epoch()

    def _compiled(self, content: bytes, digest: str, origin: str, bridge: bool) -> wasmtime.component.Component:
        key = _cache_key(digest, bridge)
        compiled = self._cache.get(self.wasm, key) if self._cache is not None else None
        if compiled is not None:
            return compiled
        compiled = compiled_within(self.wasm, content, origin, bridge=bridge, limits=self.load_limits)
        if self._cache is not None:
            self._cache.put(key, compiled)
        return compiled


def _cache_key(digest: str, bridge: bool) -> str:
    """Names everything that compiled code depends on: the component and its adapter, wasmtime, its settings, the
    machine.
    """
    parts = (
        digest,
        f"bridge {BRIDGE_VERSION}" if bridge else "no bridge",
        metadata.version("wasmtime"),
        FINGERPRINT,
        platform.machine(),
        platform.system(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
