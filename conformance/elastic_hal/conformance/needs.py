"""What each step of a case needs of a runtime, derived from what the step calls and with which algorithms.

Algorithms are found by type wherever they stand: in arguments, inside variants, records, options and lists, and behind
values that earlier steps bound, also those of a fixture. A resource stands for the algorithm that it was made with:
what needs HMAC is not only `key.generate` but every use of the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.facts import kind_of
from elastic_hal.codegen.targets.suite.cases import CallStep, Need, Neutral, SuiteCase
from elastic_hal.codegen.targets.suite.reach import functions_by_label, used_interfaces
from elastic_hal.codegen.targets.suite.types import dealias, error_type, resource_of, returned_type
from elastic_hal.conformance.cases import CaseFile
from elastic_hal.conformance.catalogue import catalogue_ids

ALGORITHM = "algorithm"
UNSUPPORTED = "unsupported"
TYPED = ("typed",)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A case of an enum that a step chooses. `direct` where a parameter is of that enum, or of a variant of such."""

    enum: model.TypeDef
    value: str
    direct: bool = True


@dataclass(frozen=True, slots=True)
class _Enum:
    """What is known of an enum: its names, whether they are of algorithms, and the ids of functions that take it."""

    names: frozenset[str]
    is_algorithm: bool
    home: tuple[str, ...]


def with_needs(cases: Sequence[SuiteCase], file: CaseFile) -> tuple[SuiteCase, ...]:
    """Return the cases of a file with what they need."""
    contract = _Contract(file)
    return tuple(_with_needs(case, contract) for case in cases)


def _with_needs(case: SuiteCase, contract: _Contract) -> SuiteCase:
    # Without needs of its own a case has its catalogue ids for them, which the steps know better.
    written = tuple(Need.written(text) for text in case.needs) if case.needs != case.catalogue else ()
    derived = tuple(contract.steps(case))
    steps = tuple((*needs, *written) for needs in derived)
    spelled = dict.fromkeys(str(need) for needs in (written, *derived) for need in needs)
    return replace(case, needs=tuple(spelled), step_needs=steps)


class _Contract:
    """The functions and enums that a file's cases can name."""

    def __init__(self, file: CaseFile) -> None:
        self.functions: dict[tuple[str, str], tuple[model.Interface, model.Function]] = {}
        self.ids: dict[tuple[str, str], tuple[str, ...]] = {}
        self.enums: dict[model.TypeDef, _Enum] = {}
        for interface in used_interfaces(file.interface):
            for label, function in functions_by_label(interface).items():
                place = (interface.id or "", label)
                self.functions[place] = (interface, function)
                self.ids[place] = file.catalogue_of(label) if interface is file.interface else catalogue_ids(function)
                for parameter in function.parameters:
                    for enum in _enums(parameter.type):
                        self._learn(enum, parameter.name, place)

    def steps(self, case: SuiteCase) -> Iterator[tuple[Need, ...]]:
        """Give for each step what it needs. Steps that call nothing need nothing."""
        bound: dict[str, frozenset[_Choice]] = {}
        for step in case.steps:
            yield self._step(step, bound) if isinstance(step, CallStep) else ()

    def _learn(self, enum: model.TypeDef, parameter: str, place: tuple[str, str]) -> None:
        """An enum is of algorithms where its name says so, or that of a parameter that takes it."""
        before = self.enums.get(enum)
        named = parameter.endswith(ALGORITHM) or (enum.name or "").endswith(ALGORITHM)
        own = isinstance(enum.owner, model.Interface) and enum.owner.id == place[0]
        ids = self.ids[place] if own else ()
        names = frozenset(case.name for case in enum.kind.cases) if isinstance(enum.kind, model.Enum) else frozenset()
        home = dict.fromkeys((*(() if before is None else before.home), *ids))
        self.enums[enum] = _Enum(names, named or (before is not None and before.is_algorithm), tuple(home))

    def _step(self, step: CallStep, bound: dict[str, frozenset[_Choice]]) -> tuple[Need, ...]:
        place = (step.interface, step.function)
        interface, function = self.functions[place]
        named: set[_Choice] = set()
        carried: set[_Choice] = set()
        passed_on: set[_Choice] = set()
        for parameter, value in zip(function.parameters, step.arguments, strict=True):
            for choice in _choices(value, parameter.type, bound, direct=True):
                if isinstance(choice, _Choice):
                    named.add(choice)
            found = _references(value, bound)
            if _holds_resource(parameter.type):
                carried |= found
            elif not any(_enums(parameter.type)):
                passed_on |= found
        if step.bind is not None:
            algorithms = {choice for choice in named if self.enums[choice.enum].is_algorithm}
            bound[step.bind] = frozenset(algorithms or carried or passed_on)
        made = returned_type(function)
        makes_resource = made is not None and _holds_resource(made)
        chosen = named | carried | (passed_on if makes_resource and not named and not carried else set())
        if step.expect == TYPED:
            # Any error will do, and what is handed over may be a key of the wrong kind: only what is named counts.
            chosen = named
        fails = _may_be_unsupported(function)
        needs = [Need(self.ids[place], exact=fails)] if self.ids[place] else []
        for choice in sorted(chosen, key=lambda choice: (choice.enum.name or "", choice.value)):
            needs.append(self._need(choice, self.ids[place], interface, fails=fails))
        return tuple(dict.fromkeys(needs))

    def _need(self, choice: _Choice, ids: tuple[str, ...], interface: model.Interface, *, fails: bool) -> Need:
        """The need of a choice: of the function called, if its interface is the one that the enum is of, else of those
        that take the enum by name.
        """
        enum = self.enums[choice.enum]
        speaks = interface is choice.enum.owner or not enum.is_algorithm
        exact = fails and choice.direct and speaks
        return Need(ids if speaks else enum.home, choice.value, enum.names, enum.home, enum.is_algorithm, exact)


def _choices(
    value: Neutral, wit_type: model.Type, bound: Mapping[str, frozenset[_Choice]], *, direct: bool
) -> Iterator[_Choice]:
    """The enum cases in a value, also those behind what it refers to."""
    plain = dealias(wit_type)
    kind = plain.kind if isinstance(plain, model.TypeDef) else None
    if isinstance(value, tuple):
        if value[0] == "ref" and any(_enums(wit_type)):
            reached = set(_enums(wit_type))
            yield from (replace(choice, direct=direct) for choice in bound.get(value[1], ()) if choice.enum in reached)
        elif isinstance(kind, model.List | model.FixedLengthList):
            for part in value[1:]:
                if isinstance(part, tuple | list):
                    yield from _choices(part, wit_type, bound, direct=False)
        return
    match kind:
        case model.Enum() if isinstance(plain, model.TypeDef) and isinstance(value, str):
            yield _Choice(plain, value, direct)
        case model.Variant(cases) if isinstance(value, dict):
            for case in cases:
                if case.name in value and case.type is not None:
                    yield from _choices(value[case.name], case.type, bound, direct=direct)
        case model.Record(fields) if isinstance(value, dict):
            for field in fields:
                if field.name in value:
                    yield from _choices(value[field.name], field.type, bound, direct=False)
        case model.Option(inner) if value is not None:
            some = value["some"] if isinstance(value, dict) and set(value) == {"some"} else value
            yield from _choices(some, inner, bound, direct=direct)
        case model.Tuple(types) if isinstance(value, list):
            for item, item_type in zip(value, types, strict=False):
                yield from _choices(item, item_type, bound, direct=False)
        case model.List(element) | model.FixedLengthList(element) if isinstance(value, list):
            for item in value:
                yield from _choices(item, element, bound, direct=False)
        case model.Result(ok, err) if isinstance(value, dict):
            for name, part in (("ok", ok), ("err", err)):
                if name in value and part is not None:
                    yield from _choices(value[name], part, bound, direct=False)


def _references(value: Neutral, bound: Mapping[str, frozenset[_Choice]]) -> frozenset[_Choice]:
    """What everything that a value refers to stands for."""
    if isinstance(value, tuple) and value and value[0] == "ref":
        return bound.get(value[1], frozenset())
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return frozenset(choice for part in parts for choice in _references(part, bound))


def _enums(wit_type: model.Type, seen: tuple[model.Type, ...] = ()) -> Iterator[model.TypeDef]:
    """Every enum inside a type."""
    plain = dealias(wit_type)
    if not isinstance(plain, model.TypeDef) or plain in seen:
        return
    if isinstance(plain.kind, model.Enum):
        yield plain
    for inner in _inside(plain):
        yield from _enums(inner, (*seen, plain))


def _holds_resource(wit_type: model.Type, seen: tuple[model.Type, ...] = ()) -> bool:
    plain = dealias(wit_type)
    if resource_of(plain) is not None:
        return True
    if not isinstance(plain, model.TypeDef) or plain in seen:
        return False
    return any(_holds_resource(inner, (*seen, plain)) for inner in _inside(plain))


def _inside(plain: model.TypeDef) -> Iterator[model.Type]:
    match plain.kind:
        case model.Record(fields):
            yield from (field.type for field in fields)
        case model.Variant(cases):
            yield from (case.type for case in cases if case.type is not None)
        case model.Tuple(types):
            yield from types
        case model.Option(inner) | model.List(inner) | model.FixedLengthList(inner):
            yield inner
        case model.Map(key, value):
            yield from (key, value)
        case model.Result(ok, err):
            yield from (part for part in (ok, err) if part is not None)


def _may_be_unsupported(function: model.Function) -> bool:
    """Whether the function's error has a case by which it can say that it is not served."""
    error = error_type(function)
    kind = None if error is None else kind_of(error)
    cases = kind.cases if isinstance(kind, model.Variant | model.Enum) else ()
    return any(case.name == UNSUPPORTED for case in cases)
