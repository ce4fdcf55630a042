"""One line of the capability list, as the families fill it in."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Entry:
    """What carries a function of the catalogue, and what its calls serve."""

    interface: str
    algorithms: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    supported: bool = True


def names(members: Iterable[Enum]) -> tuple[str, ...]:
    """Spell cases as the contract does."""
    return tuple(member.value for member in members)
