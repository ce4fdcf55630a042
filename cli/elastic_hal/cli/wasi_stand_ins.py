"""WASI's clock and random numbers once more, in Python, so that a mutant of the suite can break them.

wasmtime serves these interfaces itself, where nothing can get between it and the guest. A mutated run links what is
here in their place; a run that is meant to be right never does.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from elastic_hal.common.clock import now_ns
from elastic_hal.runtime import abi
from elastic_hal.runtime.imports import WASI_VERSION

_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Datetime:
    """`datetime` of `wasi:clocks/wall-clock`."""

    seconds: int
    nanoseconds: int


class WallClock:
    """`wasi:clocks/wall-clock`, the machine's."""

    def now(self) -> Datetime:
        """Gives the time since the beginning of 1970."""
        return Datetime(*divmod(now_ns(), _SECOND))

    def resolution(self) -> Datetime:
        """Gives the step of the clock."""
        return Datetime(0, max(1, round(time.get_clock_info("time").resolution * _SECOND)))


class Random:
    """`wasi:random/random`, the machine's."""

    def get_random_bytes(self, length: int) -> bytes:
        """Gives that many bytes."""
        return secrets.token_bytes(length)

    def get_random_u64(self) -> int:
        """Gives any number of 64 bits."""
        return secrets.randbits(64)


def link_stand_in(linker: abi.Linker, field: str, wrap: Callable[[Any], Any]) -> None:
    """Links what is here for that field of `Providers`, wrapped, in place of what wasmtime links; nothing for others.

    Raises:
        LinkError: the wrapped provider does not fit its interface.
    """
    stand_in = _STAND_INS.get(field)
    if stand_in is None:
        return
    linker.wasm.allow_shadowing = True
    try:
        with linker.instance(f"{stand_in.interface}@{WASI_VERSION}") as instance:
            stand_in.link(instance, wrap(stand_in.provider))
    finally:
        linker.wasm.allow_shadowing = False


@dataclass(frozen=True, slots=True)
class _StandIn:
    interface: str
    provider: Any
    link: Callable[[abi.InstanceLinker, Any], None]


def _link_wall_clock(instance: abi.InstanceLinker, provider: Any) -> None:
    datetime = abi.record(Datetime, (("seconds", "seconds", abi.u64), ("nanoseconds", "nanoseconds", abi.u32)))
    instance.function("now", provider.now, (), datetime)
    instance.function("resolution", provider.resolution, (), datetime)


def _link_random(instance: abi.InstanceLinker, provider: Any) -> None:
    instance.function("get-random-bytes", provider.get_random_bytes, (abi.u64,), abi.bytes_)
    instance.function("get-random-u64", provider.get_random_u64, (), abi.u64)


_STAND_INS: Mapping[str, _StandIn] = {
    "wasi_clocks_wall_clock": _StandIn("wasi:clocks/wall-clock", WallClock(), _link_wall_clock),
    "wasi_random_random": _StandIn("wasi:random/random", Random(), _link_random),
}
