"""The Python types that random WIT types are bound to: resources, a record, cases, an enum, flags."""

import enum
from dataclasses import dataclass
from typing import Any

from elastic_hal.runtime import abi


class Thing(abi.Resource):
    """A resource of the host, which notes when it is dropped."""

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.dropped: list[int] = []

    def drop(self) -> None:
        self.dropped.append(self.number)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.number})"


class Other(Thing):
    """Another resource."""


@dataclass(frozen=True)
class Record:
    a: Any
    b: Any = None
    c: Any = None


class Case(Exception):
    """A case of a variant. As an exception it serves for errors too."""

    def __init__(self, value: Any = None) -> None:
        super().__init__(value)
        self.value = value


class Internal(Case): ...


class LimitExceeded(Case): ...


class Second(Case): ...


class Third(Case): ...


class Bare(Case): ...


class Colour(enum.Enum):
    RED = "red"
    DARK_GREEN = "dark-green"


class ColourError(Exception):
    code = Colour.DARK_GREEN


Bits = enum.Flag("Bits", [f"B{number}" for number in range(20)])  # type: ignore[misc]
BIT_NAMES = tuple(f"b{number}" for number in range(20))
