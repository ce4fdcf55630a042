"""Time as far as the contract itself has it: CLK-2 in `timezone`, CLK-3 in `poll`."""

from __future__ import annotations

import dataclasses

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
    Target(
        "clk-2-forgets-the-offset",
        "elastic_hal_timezone",
        {"display": with_answer(lambda shown: dataclasses.replace(shown, utc_offset=shown.utc_offset + 60))},
        "timezone and display",
    ),
)
