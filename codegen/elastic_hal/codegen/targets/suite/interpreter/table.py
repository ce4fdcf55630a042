"""What the interpreter knows of a function: how to call it and the types of what goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .wit_types import WitType


@dataclass(frozen=True)
class Errors:
    """How the bindings raise the error of a `result`: an exception class, and how to get the declared error out of
    it.
    """

    raised: type[BaseException]
    kind: WitType | None
    extract: Callable[[Any], Any]


@dataclass(frozen=True)
class Function:
    """One function of the contract as the bindings offer it."""

    call: Callable[..., Any]
    parameters: Sequence[WitType]
    returned: WitType | None
    errors: Errors | None


def itself(error: Any) -> Any:
    """The error of a variant: the exception is the case."""
    return error


def code_of(error: Any) -> Any:
    """The error of an enum."""
    return error.code


def value_of(error: Any) -> Any:
    """The error of any other type."""
    return error.value
