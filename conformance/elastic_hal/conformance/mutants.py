"""Bad implementations: wrappers that break any provider, to prove that the suite can fail.

Some break every function in the same way; those of `catalogue_mutants` break one function of the catalogue.

A wrapper knows nothing of the interface: it works by reflection on whatever object implements a generated Protocol.
Functions are replaced on the provider, methods on the resources that it returns; a resource keeps its identity and
its state, only its class is replaced by a subclass.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants import TARGETS, Target

Behaviour = Callable[[Callable[..., Any]], Callable[..., Any]]

HANGS = "hangs"
BREAKS_DOWN = frozenset({HANGS, "always-error"})
"""Mutants whose very fault is that nothing comes back, or that the host fails: an error notices them."""


class MutantFailure(Exception):
    """What `always-error` raises: not an error of the contract, so the host reports it as its own failure."""


def mutant_names() -> tuple[str, ...]:
    """The names of the mutants."""
    return (*_BEHAVIOURS, *TARGETS)


def mutant_cases(name: str) -> str | None:
    """The selection of cases that are to notice a mutant; None where it is for all of them."""
    target = TARGETS.get(name)
    return None if target is None else target.cases


def mutant_provider(name: str) -> str | None:
    """The only provider that a mutant breaks, by its field in `Providers`; None where it breaks all of the HAL's."""
    target = TARGETS.get(name)
    return None if target is None else target.provider


def wrap(provider: Any, name: str, field: str = "") -> Any:
    """The provider in that field of `Providers`, broken in the named way; raises ValueError for an unknown name."""
    if name in _BEHAVIOURS:
        return _Mutant(provider, lambda _place: _BEHAVIOURS[name])
    if name not in TARGETS:
        raise ValueError(f"there is no mutant {name!r}; there are {', '.join(mutant_names())}")
    target = TARGETS[name]
    return _Mutant(provider, functools.partial(_change_of, target)) if target.provider == field else provider


Choice = Callable[[str], Behaviour | None]
"""What happens to a function, by its name in a provider or as `Class.method`; None where it stays as it is."""


def _change_of(target: Target, place: str) -> Behaviour | None:
    return target.changes.get(place)


class _Mutant:
    """Stands in for a provider. Only calls are changed; everything else is the provider's."""

    def __init__(self, provider: Any, choice: Choice) -> None:
        self._provider = provider
        self._choice = choice

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._provider, attribute)
        if attribute.startswith("_") or not callable(found):
            return found
        return _breaking(found, attribute, self._choice)


def _breaking(function: Callable[..., Any], place: str, choice: Choice) -> Callable[..., Any]:
    """The function with its behaviour, and with resources that it returns broken as well."""
    behaviour = choice(place)
    broken = function if behaviour is None else behaviour(function)

    def call(*arguments: Any) -> Any:
        return _with_broken_methods(broken(*arguments), choice)

    return call


def _with_broken_methods(value: Any, choice: Choice) -> Any:
    """The value; where it is a resource, with every public method of it broken that is to be."""
    if not _is_resource(value) or getattr(type(value), "_is_mutant", False):
        return value
    original = type(value)
    body: dict[str, Any] = {"__slots__": (), "_is_mutant": True, "__module__": original.__module__}
    for attribute in dir(original):
        method = getattr(original, attribute)
        if not attribute.startswith("_") and attribute != "drop" and callable(method):
            body[attribute] = _breaking_method(method, f"{original.__name__}.{attribute}", choice)
    value.__class__ = type(original.__name__, (original,), body)
    return value


def _breaking_method(method: Callable[..., Any], place: str, choice: Choice) -> Callable[..., Any]:
    """The method, whose behaviour does not see the object."""

    def call(self: Any, *arguments: Any) -> Any:
        return _breaking(functools.partial(method, self), place, choice)(*arguments)

    return call


def _is_resource(value: Any) -> bool:
    """Whether a value is a resource: any object with a `drop` hook, which plain data never has."""
    return not isinstance(value, type) and callable(getattr(type(value), "drop", None))


def _always_error(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        raise MutantFailure("this provider fails always")

    return call


def _wrong_bytes(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        return _changed(function(*arguments))

    return call


def _hangs(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        threading.Event().wait()

    return call


def _changed(value: Any) -> Any:
    """The value with the lowest bit of the first byte of every byte string in it changed."""
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1, *value[1:]]) if value else b"\x00"
    if isinstance(value, list):
        return [_changed(item) for item in value]
    if isinstance(value, tuple):
        return tuple(_changed(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and not _is_resource(value):
        changes = {item.name: _changed(getattr(value, item.name)) for item in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    return value


_BEHAVIOURS: dict[str, Behaviour] = {
    "always-error": _always_error,
    "wrong-bytes": _wrong_bytes,
    "hangs": _hangs,
}
