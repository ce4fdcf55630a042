"""The cases as the generator takes them: checked, resolved and independent of YAML.

Values are neutral Python: bool, int, float, str, bytes (`list<u8>`), list (lists, tuples, flags in declared order),
dict (records; variants and results as `{case: payload}`), None. A tuple is never a value: it is an expression or a
matcher, tagged by its first element, such as `("ref", "key")` or `("length", 12, 12)`. The interpreter in the guest
gives them their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from elastic_hal.codegen import model

Neutral = Any
"""A value, expression or matcher as the module says."""


@dataclass(frozen=True, slots=True)
class CallStep:
    """One call. `expect` is `("ok", matcher)`, `("err", alternatives)`, `("trap",)` or `("typed",)`; None means it
    must succeed.
    """

    interface: str
    function: str
    arguments: tuple[Neutral, ...]
    expect: tuple[Neutral, ...] | None
    bind: str | None = None
    repeat: int | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class DropStep:
    """Drops a resource."""

    value: Neutral
    line: int = 0


@dataclass(frozen=True, slots=True)
class CheckStep:
    """Compares something bound with a matcher."""

    value: Neutral
    matcher: Neutral
    line: int = 0


Step = CallStep | DropStep | CheckStep


@dataclass(frozen=True, slots=True)
class Need:
    """What a step needs of a runtime: one of the catalogue's functions `ids` and, where `value` is given, that
    algorithm (or format, or other named choice) of it.

    `kind` are all names of the value's kind, `home` the ids whose functions take that kind by name. `exact` says that
    the call works only where the need is met. Spelled `CRY-6/blake3`.
    """

    ids: tuple[str, ...]
    value: str | None = None
    kind: frozenset[str] = frozenset()
    home: tuple[str, ...] = ()
    is_algorithm: bool = False
    exact: bool = False

    @classmethod
    def written(cls, text: str) -> Need:
        """The need that a case file or a list spells."""
        identifier, _, value = text.partition("/")
        return cls((identifier,), value or None, is_algorithm=bool(value))

    def __str__(self) -> str:
        named = ", ".join(self.ids)
        return named if self.value is None else f"{named}/{self.value}"


@dataclass(frozen=True, slots=True)
class SuiteCase:
    """One case. `positive`, `negative` and `boundary` name the functions of its interface that it covers in that sense.

    `origin` is `file` for a written case and `types` for one that the types gave. `needs` is what `step_needs` has for
    each step, spelled, and what the case file adds.
    """

    id: str
    title: str
    origin: str
    steps: tuple[Step, ...]
    catalogue: tuple[str, ...]
    needs: tuple[str, ...]
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    source: str | None = None
    timeout: float = 10.0
    place: str = ""
    step_needs: tuple[tuple[Need, ...], ...] = ()

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function that the case covers, in the order of its steps."""
        return tuple(dict.fromkeys((*self.positive, *self.negative, *self.boundary)))

    @property
    def expects_trap(self) -> bool:
        """Whether the case ends in a trap on purpose."""
        return any(isinstance(step, CallStep) and step.expect == ("trap",) for step in self.steps)


@dataclass(frozen=True, slots=True)
class SuiteGuest:
    """Everything that one guest tests: one interface of the contract."""

    interface: model.Interface
    cases: tuple[SuiteCase, ...] = field(default=())

    @property
    def name(self) -> str:
        """File and world name of the guest, such as `elastic-hal-crypto`."""
        package = self.interface.package.name
        return f"{package.namespace}-{package.name}-{self.interface.name}"
