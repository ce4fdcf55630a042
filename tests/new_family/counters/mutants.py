"""Counters, CTR-1."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import with_answer
from elastic_hal.conformance.catalogue_mutants.target import Target

MUTANTS = (
    Target(
        "ctr-1-stands-still", "elastic_hal_counters", {"next": with_answer(lambda _value: 1)}, "counters and one-by-one"
    ),
)
