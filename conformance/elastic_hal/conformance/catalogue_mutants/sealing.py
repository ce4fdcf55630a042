"""Sealing, CRY-13 and CRY-14."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import VERIFICATION_FAILED, with_argument, without
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_sealing"

MUTANTS = (
    Target(
        "cry-13-forgets-the-associated-data",
        _PROVIDER,
        {"seal": with_argument(2, lambda _: b"")},
        "seal-round-trip",
    ),
    Target(
        "cry-14-skips-verification",
        _PROVIDER,
        {"unseal": without(VERIFICATION_FAILED, b"")},
        "unseal-refuses",
    ),
)
