"""Python forms of `result` and nested `option` where they are values: in parameters, fields and elements.

The result of a function is no value: there the provider returns the `ok` or raises the `err`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Ok(Generic[T_co]):
    """The `ok` case of a result; `value` is None where it carries nothing."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Err(Generic[T_co]):
    """The `err` case of a result; `value` is None where it carries nothing."""

    value: T_co


@dataclass(frozen=True, slots=True)
class Some(Generic[T_co]):
    """A present value of an option whose payload can itself be None."""

    value: T_co
