"""Attestation, CRY-15 and CRY-16."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import with_answer, with_argument
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_attestation"


def _believes_anything(function: Callable[..., Any]) -> Callable[..., Any]:
    """Answers for evidence that is refused as for the last that was not."""
    accepted: list[Any] = []

    def call(*arguments: Any) -> Any:
        try:
            accepted[:] = [function(*arguments)]
        except Exception as raised:
            if type(raised).__name__ != "Error_VerificationFailed" or not accepted:
                raise
        return accepted[0]

    return call


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
    Target("cry-16-believes-anything", _PROVIDER, {"appraise": _believes_anything}, "attestation and appraise-refuses"),
    Target(
        "cry-16-forgets-whose-key-it-is",
        _PROVIDER,
        {"appraise": with_answer(lambda found: dataclasses.replace(found, public_key=None))},
        "attestation and appraise-evidence",
    ),
)
