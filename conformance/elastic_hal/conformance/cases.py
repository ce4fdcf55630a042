"""Loads the case file of an interface and checks every call in it against the resolved WIT.

Values and expectations are read by `values` and `matchers`, tables by `tables`. What a file must cover is the
business of `coverage`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import CallStep, CheckStep, DropStep, Neutral, Step, SuiteCase
from elastic_hal.codegen.targets.suite.reach import all_interfaces, find_interface, functions_by_label, used_interfaces
from elastic_hal.codegen.targets.suite.types import resource_of, returned_type
from elastic_hal.conformance.case_keys import beside_of, ids_of, needs_of, timeout_of
from elastic_hal.conformance.catalogue import catalogue_ids
from elastic_hal.conformance.document import (
    CaseFileError,
    CaseProblem,
    Mapping,
    Node,
    Scalar,
    as_mapping,
    as_sequence,
    as_text,
    as_whole_number,
    read_document,
    suggestion,
)
from elastic_hal.conformance.groups import lead_groups
from elastic_hal.conformance.matchers import expectation, matcher
from elastic_hal.conformance.scope import Scope
from elastic_hal.conformance.tables import rows
from elastic_hal.conformance.values import value

FILE_KEYS = ("interface", "feature", "catalogue", "constants", "fixtures", "cannot-fail", "boundary", "cases")
CASE_KEYS = ("id", "title", "given", "source", "needs", "catalogue", "each", "timeout", "beside", "steps")
STEP_KEYS = ("call", "args", "expect", "bind", "repeat", "drop", "check", "is")
MOST_REPEATS = 100_000
_CASE_ID = re.compile(r"^[a-z0-9]+(-[a-z0-9]+)*$")


@dataclass(frozen=True, slots=True)
class Fixture:
    """A named preparation: its steps and what they bind."""

    name: str
    steps: tuple[Step, ...]
    bound: dict[str, model.Type]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One loaded file. Keys of `cannot_fail` are function labels, of `excluded` `function.parameter`; values are
    reasons.
    """

    path: str
    interface: model.Interface
    cases: tuple[SuiteCase, ...]
    fixtures: dict[str, Fixture]
    catalogue: dict[str, tuple[str, ...]]
    cannot_fail: dict[str, str] = field(default_factory=dict)
    excluded: dict[str, str] = field(default_factory=dict)

    def catalogue_of(self, label: str) -> tuple[str, ...]:
        """The catalogue ids of a function: of its doc comment, else of the file."""
        found = catalogue_ids(functions_by_label(self.interface)[label])
        return found or self.catalogue.get(label, self.catalogue.get("*", ()))


def load_case_file(path: Path, resolve: model.Resolve, shown: str | None = None) -> CaseFile:
    """Loads and checks one file; raises CaseFileError with everything wrong in it that could be found."""
    return _Loader(_root(path, shown), resolve).load(shown or str(path))


def load_open_case_file(path: Path, resolve: model.Resolve, shown: str | None = None) -> CaseFile | None:
    """The same; None where the interface stands behind a feature that the contract was read without."""
    root = _root(path, shown)
    if "feature" in root.entries:
        as_text(root.entries["feature"], "feature")
        if find_interface(resolve, as_text(root.entries["interface"], "interface")) is None:
            return None
    return _Loader(root, resolve).load(shown or str(path))


def _root(path: Path, shown: str | None) -> Mapping:
    return as_mapping(read_document(path, shown), "a case file", FILE_KEYS, ("interface", "cases"))


class _Loader:
    """The state of loading one file."""

    def __init__(self, root: Mapping, resolve: model.Resolve) -> None:
        self.root = root
        self.problems: list[CaseProblem] = []
        self.interface = self._interface(resolve)
        self.reachable = {interface.name: interface for interface in used_interfaces(self.interface)}
        self.labels = functions_by_label(self.interface)

    def load(self, path: str) -> CaseFile:
        self.fixtures = self._fixtures()
        self.catalogue = self._catalogue()
        file = CaseFile(
            path,
            self.interface,
            (),
            self.fixtures,
            self.catalogue,
            self._reasons("cannot-fail"),
            self._excluded(),
        )
        cases: list[SuiteCase] = []
        beside: dict[str, dict[str, str]] = {}
        for node in as_sequence(self.root.entries["cases"], "cases"):
            try:
                case = as_mapping(node, "a case", CASE_KEYS, ("id", "title", "steps"))
                for row in rows(case):
                    cases.append(self._case(row, file))
                    if "beside" in row.entries:
                        beside[cases[-1].id] = beside_of(row.entries["beside"])
            except CaseFileError as error:
                self.problems.extend(error.problems)
        self._refuse_repeated_ids(cases, path)
        cases, problems = lead_groups(cases, beside, path)
        self.problems += problems
        if self.problems:
            raise CaseFileError(dict.fromkeys(self.problems))
        return replace(file, cases=tuple(cases))

    def _interface(self, resolve: model.Resolve) -> model.Interface:
        node = self.root.entries["interface"]
        identifier = as_text(node, "interface")
        found = find_interface(resolve, identifier)
        if found is None:
            known = [interface.id or "" for interface in all_interfaces(resolve)]
            raise node.place.problem(f"the contract has no interface {identifier!r}", suggestion(identifier, known))
        return found

    def _fixtures(self) -> dict[str, Fixture]:
        fixtures: dict[str, Fixture] = {}
        node = self.root.entries.get("fixtures")
        if node is None:
            return fixtures
        if not isinstance(node, Mapping):
            raise node.place.problem("fixtures must be a mapping")
        for name, steps in node.entries.items():
            scope = Scope()
            fixtures[name] = Fixture(name, tuple(self._steps(steps, scope, [], [])), scope.types)
        return fixtures

    def _catalogue(self) -> dict[str, tuple[str, ...]]:
        node = self.root.entries.get("catalogue")
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            raise node.place.problem('catalogue is a mapping from function (or "*") to ids')
        for label, place in node.places.items():
            if label != "*" and label not in self.labels:
                raise place.problem(f"{self.interface.id} has no function {label!r}", suggestion(label, self.labels))
        return {label: ids_of(ids) for label, ids in node.entries.items()}

    def _reasons(self, key: str) -> dict[str, str]:
        node = self.root.entries.get(key)
        if node is None:
            return {}
        if not isinstance(node, Mapping):
            raise node.place.problem(f"{key} is a mapping from function to reason")
        for label, place in node.places.items():
            if label not in self.labels:
                raise place.problem(f"{self.interface.id} has no function {label!r}", suggestion(label, self.labels))
        return {label: as_text(reason, "a reason") for label, reason in node.entries.items()}

    def _excluded(self) -> dict[str, str]:
        node = self.root.entries.get("boundary")
        if node is None:
            return {}
        exclude = as_mapping(node, "boundary", ("exclude",)).entries.get("exclude")
        if exclude is None:
            return {}
        if not isinstance(exclude, Mapping):
            raise exclude.place.problem("exclude is a mapping from function.parameter to reason")
        known = [f"{label}.{item.name}" for label, function in self.labels.items() for item in function.parameters]
        for name, place in exclude.places.items():
            if name not in known:
                raise place.problem(f"there is no parameter {name!r}", suggestion(name, known))
        return {name: as_text(reason, "a reason") for name, reason in exclude.entries.items()}

    def _case(self, node: Mapping, file: CaseFile) -> SuiteCase:
        identifier = as_text(node.entries["id"], "id")
        if not _CASE_ID.match(identifier):
            raise node.entries["id"].place.problem(
                f"{identifier!r} is not kebab case", "lower-case letters, digits, dashes"
            )
        scope = Scope()
        steps: list[Step] = []
        for name_node in as_sequence(node.entries["given"], "given") if "given" in node.entries else ():
            name = as_text(name_node, "given")
            if name not in self.fixtures:
                raise name_node.place.problem(f"there is no fixture {name!r}", suggestion(name, self.fixtures))
            steps.extend(self.fixtures[name].steps)
            scope.types.update(self.fixtures[name].bound)
        positive: list[str] = []
        negative: list[str] = []
        steps.extend(self._steps(node.entries["steps"], scope, positive, negative))
        covered = dict.fromkeys((*positive, *negative))
        derived = tuple(dict.fromkeys(item for label in covered for item in file.catalogue_of(label)))
        catalogue = ids_of(node.entries["catalogue"]) if "catalogue" in node.entries else derived
        place = node.places.get("id", node.place) if node.place.line < node.places["id"].line else node.place
        return SuiteCase(
            id=identifier,
            title=as_text(node.entries["title"], "title"),
            origin="file",
            steps=tuple(steps),
            catalogue=catalogue,
            needs=needs_of(node.entries["needs"]) if "needs" in node.entries else catalogue,
            positive=tuple(dict.fromkeys(positive)),
            negative=tuple(dict.fromkeys(negative)),
            source=as_text(node.entries["source"], "source") if "source" in node.entries else None,
            timeout=timeout_of(node.entries.get("timeout")),
            place=f"{place.path}:{place.line}",
        )

    def _steps(self, node: Node, scope: Scope, positive: list[str], negative: list[str]) -> list[Step]:
        items = as_sequence(node, "steps")
        if not items:
            raise node.place.problem("there are no steps")
        return [self._step(item, scope, positive, negative) for item in items]

    def _step(self, node: Node, scope: Scope, positive: list[str], negative: list[str]) -> Step:
        step = as_mapping(node, "a step", STEP_KEYS)
        kinds = [key for key in ("call", "drop", "check") if key in step.entries]
        if len(kinds) != 1:
            raise step.place.problem("a step has exactly one of call, drop and check")
        match kinds[0]:
            case "call":
                return self._call(step, scope, positive, negative)
            case "drop":
                as_mapping(step, "a drop step", ("drop",))
                reference, _ = _bound(step.entries["drop"], scope, must_be_resource=True)
                return DropStep(reference, step.place.line)
            case _:
                as_mapping(step, "a check step", ("check", "is"), ("is",))
                reference, wit_type = _bound(step.entries["check"], scope, must_be_resource=False)
                return CheckStep(reference, matcher(step.entries["is"], wit_type, scope), step.place.line)

    def _call(self, step: Mapping, scope: Scope, positive: list[str], negative: list[str]) -> CallStep:
        as_mapping(step, "a call step", ("call", "args", "expect", "bind", "repeat"))
        interface, label, function = self._function(step.entries["call"])
        arguments = _arguments(step, function, scope)
        expect = expectation(step.entries["expect"], function, scope) if "expect" in step.entries else None
        repeat = None
        if "repeat" in step.entries:
            repeat = as_whole_number(step.entries["repeat"], "repeat", 1, MOST_REPEATS)
        bind = None
        if "bind" in step.entries:
            bind = as_text(step.entries["bind"], "bind")
            returned = returned_type(function)
            if returned is None or (expect is not None and expect[0] != "ok"):
                raise step.places["bind"].problem("there is no value to bind")
            scope.bind(bind, returned, repeat is not None, step.places["bind"])
        if interface is self.interface and expect is not None:
            (positive if expect[0] == "ok" else negative).append(label)
        return CallStep(interface.id or "", label, arguments, expect, bind, repeat, step.place.line)

    def _function(self, node: Node) -> tuple[model.Interface, str, model.Function]:
        text = as_text(node, "call")
        prefix, slash, label = text.rpartition("/")
        interface = self.interface if not slash else self.reachable.get(prefix)
        if interface is None:
            known = [name or "" for name in self.reachable]
            raise node.place.problem(f"{self.interface.id} uses no interface {prefix!r}", suggestion(prefix, known))
        labels = functions_by_label(interface)
        if label not in labels:
            raise node.place.problem(f"{interface.id} has no function {label!r}", suggestion(label, labels))
        return interface, label, labels[label]

    def _refuse_repeated_ids(self, cases: list[SuiteCase], path: str) -> None:
        seen: dict[str, str] = {}
        for case in cases:
            if case.id in seen:
                line = int(case.place.rpartition(":")[2])
                self.problems.append(
                    CaseProblem(path, line, f"the id {case.id!r} is used twice", f"first at {seen[case.id]}")
                )
            seen.setdefault(case.id, case.place)


def _arguments(step: Mapping, function: model.Function, scope: Scope) -> tuple[Neutral, ...]:
    names = [parameter.name for parameter in function.parameters]
    place = step.places["call"]
    given: Node = step.entries.get("args", Mapping({}, {}, place))
    if not isinstance(given, Mapping):
        raise given.place.problem("args is a mapping from parameter to value")
    for name, name_place in given.places.items():
        if name not in names:
            raise name_place.problem(f"{function.short_name} has no parameter {name!r}", suggestion(name, names))
    for name in names:
        if name not in given.entries:
            raise place.problem(f"{function.short_name} lacks the argument {name!r}")
    return tuple(value(given.entries[item.name], item.type, scope) for item in function.parameters)


def _bound(node: Node, scope: Scope, *, must_be_resource: bool) -> tuple[Neutral, model.Type]:
    if not isinstance(node, Scalar) or not node.text.startswith("$"):
        raise node.place.problem("a bound name such as $key is needed here")
    path, wit_type = scope.resolve(node.text, node.place)
    if must_be_resource and resource_of(wit_type) is None:
        raise node.place.problem(f"{node.text} is not a resource")
    return ("ref", *path), wit_type
