"""Bad implementations: wrappers that break any provider, to prove that the suite can fail.

A wrapper knows nothing of the interface: it works by reflection on whatever object implements a generated Protocol.
Functions are replaced on the provider, methods on the resources that it returns; a resource keeps its identity and
its state, only its class is replaced by a subclass.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

Behaviour = Callable[[Callable[..., Any]], Callable[..., Any]]


class MutantFailure(Exception):
    """What `always-error` raises: not an error of the contract, so the host reports it as its own failure."""


def mutant_names() -> tuple[str, ...]:
    """The names of the mutants."""
    return tuple(_BEHAVIOURS)


def wrap(provider: Any, name: str) -> Any:
    """The provider, broken in the named way; raises ValueError for an unknown name."""
    if name not in _BEHAVIOURS:
        raise ValueError(f"there is no mutant {name!r}; there are {', '.join(_BEHAVIOURS)}")
    return _Mutant(provider, _BEHAVIOURS[name])


class _Mutant:
    """Stands in for a provider. Only calls are changed; everything else is the provider's."""

    def __init__(self, provider: Any, behaviour: Behaviour) -> None:
        self._provider = provider
        self._behaviour = behaviour

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._provider, attribute)
        if attribute.startswith("_") or not callable(found):
            return found
        return _breaking(found, self._behaviour)


def _breaking(function: Callable[..., Any], behaviour: Behaviour) -> Callable[..., Any]:
    """The function with the behaviour, and with resources that it returns broken as well."""
    broken = behaviour(function)

    def call(*arguments: Any) -> Any:
        return _with_broken_methods(broken(*arguments), behaviour)

    return call


def _with_broken_methods(value: Any, behaviour: Behaviour) -> Any:
    """The value; where it is a resource, with every public method of it broken."""
    if not _is_resource(value) or getattr(type(value), "_is_mutant", False):
        return value
    original = type(value)
    body: dict[str, Any] = {"__slots__": (), "_is_mutant": True, "__module__": original.__module__}
    for attribute in dir(original):
        method = getattr(original, attribute)
        if not attribute.startswith("_") and attribute != "drop" and callable(method):
            body[attribute] = _breaking(method, behaviour)
    value.__class__ = type(original.__name__, (original,), body)
    return value


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
