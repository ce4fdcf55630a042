"""Time: CLK-1 in WASI's `wall-clock`, CLK-2 in `timezone`, CLK-3 in `poll`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import with_answer, with_argument
from elastic_hal.conformance.catalogue_mutants.target import Change, Target

_WALL_CLOCK = "wasi_clocks_wall_clock"
_PROVIDER = "elastic_hal_poll"
_ZERO = with_answer(lambda found: dataclasses.replace(found, seconds=0, nanoseconds=0))


def _backwards() -> Change:
    """A clock of which each reading is a second before the one before it."""

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        first = function()
        readings = 0

        def call() -> Any:
            nonlocal readings
            readings += 1
            return dataclasses.replace(first, seconds=first.seconds - readings)

        return call

    return change


MUTANTS = (
    Target("clk-1-stands-at-the-epoch", _WALL_CLOCK, {"now": _ZERO}, "wall-clock and now-is-a-time"),
    Target("clk-1-runs-backwards", _WALL_CLOCK, {"now": _backwards()}, "wall-clock and now-goes-on"),
    Target("clk-1-claims-no-step", _WALL_CLOCK, {"resolution": _ZERO}, "wall-clock and resolution"),
    Target("clk-3-forgets-what-else-is-ready", _PROVIDER, {"poll": with_answer(lambda found: found[:1])}, "poll"),
    Target(
        "clk-3-wakes-too-early",
        _PROVIDER,
        {"subscribe_duration": with_argument(0, lambda when: when // 2)},
        "poll and waiting",
    ),
    Target(
        "clk-2-forgets-the-offset",
        "elastic_hal_timezone",
        {"display": with_answer(lambda shown: dataclasses.replace(shown, utc_offset=shown.utc_offset + 60))},
        "timezone and display",
    ),
)
