"""Capabilities: CAP-1."""

from __future__ import annotations

import dataclasses
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import with_answer
from elastic_hal.conformance.catalogue_mutants.target import Target


def _all_supported(listed: list[Any]) -> list[Any]:
    return [dataclasses.replace(entry, supported=True) for entry in listed]


MUTANTS = (
    Target(
        "cap-1-claims-everything",
        "elastic_hal_capabilities",
        {"list_capabilities": with_answer(_all_supported)},
        "capabilities",
    ),
)
