"""One mutant for each function of the catalogue: a host that does that one thing wrong and all else right.

`target` says what a mutant is, `changes` has what can be done to a function; each family has a table of its own, which
is listed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from elastic_hal.conformance.catalogue_mutants import (
    attestation,
    capabilities,
    channels,
    clock,
    crypto,
    object_storage,
    random_numbers,
    resource_allocation,
    sealing,
    sockets,
)
from elastic_hal.conformance.catalogue_mutants.target import Target

_TABLES = (
    crypto.MUTANTS,
    object_storage.MUTANTS,
    sealing.MUTANTS,
    attestation.MUTANTS,
    capabilities.MUTANTS,
    channels.MUTANTS,
    resource_allocation.MUTANTS,
    clock.MUTANTS,
    random_numbers.MUTANTS,
    sockets.MUTANTS,
)

TARGETS: Mapping[str, Target] = {target.name: target for table in _TABLES for target in table}
"""All of them, by name."""

__all__ = ["TARGETS", "Target"]
