"""From case files to a generated suite: loads and checks the files, adds the boundary cases, and generates the
guests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from elastic_hal.codegen import model
from elastic_hal.codegen.resources import data_dir
from elastic_hal.codegen.targets.suite.cases import SuiteCase, SuiteGuest
from elastic_hal.conformance.boundary import boundary_cases
from elastic_hal.conformance.capabilities import INTERFACE_PREFIX
from elastic_hal.conformance.cases import CaseFile, load_open_case_file
from elastic_hal.conformance.coverage import coverage_problems
from elastic_hal.conformance.document import CaseFileError, CaseProblem, Place
from elastic_hal.conformance.expression import case_words, compile_expression
from elastic_hal.conformance.needs import with_needs


def shipped_cases() -> Path:
    """The folder of the case files that come with the suite."""
    return data_dir("conformance", "cases")


def load_guests(
    resolve: model.Resolve, cases_dir: Path | None = None, world: model.World | None = None
) -> list[SuiteGuest]:
    """Every interface that a folder of case files covers, with written and boundary cases.

    With `world`, only the interfaces that it imports; each interface of the main package with functions must then
    have a file. Raises CaseFileError with everything wrong in any file.
    """
    folder = shipped_cases() if cases_dir is None else cases_dir
    files = _load_files(resolve, folder)
    if world is not None:
        imported = {item.interface for item in world.imports.values() if isinstance(item, model.InterfaceItem)}
        files = [file for file in files if file.interface in imported]
        _require_all(resolve, imported, files, folder)
    return [SuiteGuest(file.interface, with_needs((*file.cases, *boundary_cases(file)), file)) for file in files]


def list_cases(guests: Sequence[SuiteGuest], expression: str | None = None) -> list[tuple[str, SuiteCase]]:
    """Every case, or every selected one, with the id of its interface; raises ExpressionError."""
    pairs = [(guest.interface.id or "", case) for guest in guests for case in guest.cases]
    if expression is None:
        return pairs
    predicate = compile_expression(expression)
    return [(interface, case) for interface, case in pairs if predicate(case_words(interface, case))]


def select_guests(guests: Sequence[SuiteGuest], expression: str | None) -> list[SuiteGuest]:
    """The guests that hold a selected case, and the one that asks for the capabilities.

    They are whole: a guest is built with all its cases, whichever of them run.
    """
    wanted = {interface for interface, _ in list_cases(guests, expression)}
    return [guest for guest in guests if (guest.interface.id or "") in wanted or asks_capabilities(guest)]


def asks_capabilities(guest: SuiteGuest) -> bool:
    """Whether the runner needs the guest to ask the runtime what it supports."""
    return (guest.interface.id or "").startswith(INTERFACE_PREFIX)


def case_to_json(interface: str, case: SuiteCase) -> dict[str, object]:
    """A case as one object of `list --json`."""
    return {
        "interface": interface,
        "case": case.id,
        "title": case.title,
        "origin": case.origin,
        "functions": list(case.functions),
        "catalogue": list(case.catalogue),
        "needs": list(case.needs),
        "source": case.source,
        "place": case.place,
    }


def _load_files(resolve: model.Resolve, folder: Path) -> list[CaseFile]:
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise Place(str(folder), 1).problem("there are no case files (*.yaml) here")
    problems: list[CaseProblem] = []
    files: list[CaseFile] = []
    for path in paths:
        try:
            file = load_open_case_file(path, resolve, _shown(path, folder))
        except CaseFileError as error:
            problems.extend(error.problems)
            continue
        if file is None:
            continue
        problems.extend(coverage_problems(file))
        same = [other.path for other in files if other.interface is file.interface]
        if same:
            problems.append(
                CaseProblem(file.path, 1, f"{file.interface.id} has cases in {same[0]} already", "one file each")
            )
        files.append(file)
    if problems:
        raise CaseFileError(problems)
    return files


def _shown(path: Path, folder: Path) -> str:
    """The path that messages and generated code show: the same wherever the folder lies."""
    return f"{folder.name}/{path.name}"


def _require_all(
    resolve: model.Resolve, imported: set[model.Interface], files: Sequence[CaseFile], folder: Path
) -> None:
    covered = {file.interface for file in files}
    missing = [
        CaseProblem(str(folder), 1, f"{interface.id} has no case file", f"write {interface.name}.yaml")
        for interface in resolve.main.interfaces.values()
        if interface in imported and interface.functions and interface not in covered
    ]
    if missing:
        raise CaseFileError(missing)
