"""Random numbers: RND-1 in WASI's `random`."""

from __future__ import annotations

from elastic_hal.conformance.catalogue_mutants.changes import with_answer
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "wasi_random_random"

MUTANTS = (
    Target(
        "rnd-1-gives-zeros",
        _PROVIDER,
        {"get_random_bytes": with_answer(lambda drawn: bytes(len(drawn)))},
        "wasi:random and bytes",
    ),
    Target(
        "rnd-1-repeats-bytes",
        _PROVIDER,
        {"get_random_bytes": with_answer(lambda drawn: bytes(position % 251 for position in range(len(drawn))))},
        "wasi:random and bytes-do-not-repeat",
    ),
    Target(
        "rnd-1-repeats-a-number",
        _PROVIDER,
        {"get_random_u64": with_answer(lambda _: 4)},
        "wasi:random and numbers-do-not-repeat",
    ),
)
