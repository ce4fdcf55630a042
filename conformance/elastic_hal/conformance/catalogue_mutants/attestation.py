"""Attestation, CRY-15 and CRY-16."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import with_answer, with_argument
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_attestation"

MUTANTS = (
    Target(
        "cry-15-forgets-the-key",
        _PROVIDER,
        {"AttestationContext_load": with_argument(1, lambda _: None)},
        "attestation and load",
    ),
    Target(
        "cry-16-hides-a-measurement",
        _PROVIDER,
        {"AttestationContext.measurements": with_answer(lambda measurements: measurements[:-1])},
        "attestation and measurements",
    ),
)
