"""Stops a guest that runs, from another thread.

wasmtime checks at loop heads and function entries whether the engine's epoch has advanced. Nobody advances it while
nothing is to be stopped and no guest is held to a share of the CPU (see `cpu_share.py`): whoever wants a guest to stop
raises its flag and then advances the epoch. Every running guest then looks at its own flag, once.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, cast

import wasmtime
from wasmtime import _bindings

from elastic_hal.runtime.abi.cells import immortal
from elastic_hal.runtime.abi.functions import trap
from elastic_hal.runtime.engine import Engine

_raised: dict[int, Interrupt] = {}
_keys = itertools.count(1)


class Interrupt:
    """The flag of one workload. `tick` is called on the guest's thread whenever the guest looks up."""

    def __init__(self, engine: Engine, tick: Callable[[], None] | None = None) -> None:
        self._engine = engine
        self.is_set = False
        self.tick = tick

    def set(self) -> None:
        """Makes the guest stop within milliseconds if it computes, and as soon as it comes back if it waits in a host
        function.
        """
        self.is_set = True
        self._engine.interrupt()

    def attach(self, store: wasmtime.Store) -> None:
        """Makes the guests of a store look at this flag. If it is raised before, they stop at once."""
        key = next(_keys)
        _raised[key] = self
        cast(Any, _bindings).wasmtime_store_epoch_deadline_callback(store.ptr(), _check_pointer, key, _release_pointer)
        store.set_epoch_deadline(1)
        if self.is_set:
            self._engine.interrupt()


def _check(_context: object, key: int, ticks: Any, _kind: object) -> int:
    try:
        interrupt = _raised[key]
        if interrupt.tick is not None and not interrupt.is_set:
            interrupt.tick()
        if interrupt.is_set:
            return trap("the workload was stopped")
        ticks[0] = 1
    except BaseException as error:  # nothing may cross into wasmtime
        return trap(f"the host failed: {type(error).__name__}")
    return 0


def _release(key: int, forget: Any = _raised.pop) -> None:
    forget(key, None)


_signature: Any = cast(Any, _bindings)._wasmtime_store_epoch_deadline_callback.argtypes
_check_pointer = immortal(_signature[1](_check))
_release_pointer = immortal(_signature[3](_release))
