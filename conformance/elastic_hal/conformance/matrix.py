"""The traceability matrix: catalogue id → functions → cases → verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.common.toml_text import read_toml
from elastic_hal.conformance.catalogue import sort_key
from elastic_hal.conformance.results import SuiteResult


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One catalogue id. `cases` are (interface, case id, verdict or None); an id without functions is not in the
    contract yet.
    """

    id: str
    text: str
    functions: tuple[str, ...]
    cases: tuple[tuple[str, str, str | None], ...]

    @property
    def verdict(self) -> str:
        """The worst verdict of its cases; `untested` without cases, `not run` without verdicts."""
        if not self.cases:
            return "untested"
        verdicts = {verdict for _, _, verdict in self.cases if verdict is not None}
        for worst in ("error", "fail", "xpass", "xfail", "pass", "skip"):
            if worst in verdicts:
                return worst
        return "not run"

    def to_json(self) -> dict[str, Any]:
        """The row as JSON data."""
        return {
            "id": self.id,
            "text": self.text,
            "verdict": self.verdict,
            "functions": list(self.functions),
            "cases": [{"interface": where, "case": case, "verdict": verdict} for where, case, verdict in self.cases],
        }


def matrix(cases: Iterable[tuple[str, SuiteCase]], result: SuiteResult | None = None) -> list[MatrixRow]:
    """The matrix of (interface, case) pairs, with the verdicts of a run where there is one."""
    verdicts: dict[tuple[str, str], str] = {}
    if result is not None:
        verdicts = {(item.interface, item.case.id): item.verdict.value for item in result.results}
    functions: dict[str, dict[str, None]] = {}
    entries: dict[str, list[tuple[str, str, str | None]]] = {}
    for interface, case in cases:
        for identifier in case.catalogue:
            entries.setdefault(identifier, []).append((interface, case.id, verdicts.get((interface, case.id))))
            functions.setdefault(identifier, {}).update({f"{interface}#{label}": None for label in case.functions})
    texts = catalogue_texts()
    order = [*texts, *sorted(set(entries) - set(texts), key=sort_key)]
    return [
        MatrixRow(
            identifier,
            texts.get(identifier, ""),
            tuple(functions.get(identifier, ())),
            tuple(entries.get(identifier, ())),
        )
        for identifier in order
    ]


def catalogue_texts() -> Mapping[str, str]:
    """Catalogue id → what it demands, in the order of the contract's catalogue; empty where the contract has none."""
    path = contract_dir() / "catalogue.toml"
    if not path.is_file():
        return {}
    entries = read_toml(path).get("function", [])
    return {entry["id"]: entry["text"] for entry in entries}
