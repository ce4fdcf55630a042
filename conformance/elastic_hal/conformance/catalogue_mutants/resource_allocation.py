"""Resource allocation, RES-1 to RES-3."""

from __future__ import annotations

import dataclasses

from elastic_hal.conformance.catalogue_mutants.changes import does_nothing, with_answer, without
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_resource_allocation"
_PAGE_BYTES = 65536

MUTANTS = (
    Target(
        "res-1-lists-no-memory",
        _PROVIDER,
        {"get_allocation": with_answer(lambda found: dataclasses.replace(found, memory_bytes=0))},
        "resource and allocation",
    ),
    Target(
        "res-2-grants-what-is-not-there",
        _PROVIDER,
        {"request_memory": without("Error_LimitExceeded", _PAGE_BYTES)},
        "resource and memory",
    ),
    Target("res-2-grants-and-does-nothing", _PROVIDER, {"request_memory": does_nothing(2**30)}, "resource and memory"),
    Target(
        "res-3-grants-what-is-not-there",
        _PROVIDER,
        {"request_cpu": without("Error_LimitExceeded", 1000)},
        "resource and cpu",
    ),
)
