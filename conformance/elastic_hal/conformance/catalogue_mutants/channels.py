"""Channels, CHN-1 to CHN-3."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import with_answer, with_argument
from elastic_hal.conformance.catalogue_mutants.target import Change, Target

_PROVIDER = "elastic_hal_channels"
_ANY_COMPONENT = with_argument(1, lambda workload: dataclasses.replace(workload, digest=None))


def _leak() -> tuple[Change, Change]:
    """A push that others can see, and a read that shows it to whoever has nothing to read."""
    seen: list[bytes] = []

    def push(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(data: bytes) -> Any:
            seen.append(data)
            return function(data)

        return call

    def read(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(most: int) -> Any:
            try:
                return function(most)
            except Exception:
                if not seen:
                    raise
                return seen[-1]

        return call

    return push, read


_LEAKING_PUSH, _LEAKING_READ = _leak()

MUTANTS = (
    Target("chn-1-ignores-the-digest", _PROVIDER, {"Sender_open": _ANY_COMPONENT}, "channels and digest"),
    Target(
        "chn-2-loses-the-last-byte",
        _PROVIDER,
        {"Sender.push": with_argument(0, lambda data: data[:-1])},
        "channels and (bytes or messages)",
    ),
    Target(
        "chn-3-reads-backwards",
        _PROVIDER,
        {"Receiver.read": with_answer(lambda data: data[::-1])},
        "channels and (bytes or messages)",
    ),
    Target(
        "chn-3-leaks-across-workloads",
        _PROVIDER,
        {"Sender.push": _LEAKING_PUSH, "Receiver.read": _LEAKING_READ},
        "channels and stranger",
    ),
)
