"""Time as far as the contract itself has it: CLK-3 in `poll`."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import with_answer, with_argument
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_poll"

MUTANTS = (
    Target("clk-3-forgets-what-else-is-ready", _PROVIDER, {"poll": with_answer(lambda found: found[:1])}, "poll"),
    Target(
        "clk-3-wakes-too-early",
        _PROVIDER,
        {"subscribe_duration": with_argument(0, lambda when: when // 2)},
        "poll and waiting",
    ),
)
