"""Properties over generated packages: a comparison is total, finds nothing in equals, and agrees with itself."""

import importlib.util
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.diffing import compare_packages, to_document, to_text
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.model import Resolve
from elastic_hal.codegen.resources import contract_dir


def _frontend_generators() -> Any:
    path = Path(__file__).parents[1] / "codegen_frontend" / "test_frontend_properties.py"
    spec = importlib.util.spec_from_file_location("frontend_generators", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATORS = _frontend_generators()
packages: st.SearchStrategy[str] = GENERATORS.packages()


def resolve_of(text: str) -> Resolve | None:
    resolve: Resolve | None = GENERATORS.load_text(text).resolve
    return resolve


@given(packages)
def test_a_package_does_not_differ_from_itself(text: str) -> None:
    old, new = resolve_of(text), resolve_of(text)
    if old is None or new is None:
        return
    report = compare_packages(old.main, new.main)
    assert report.changes == ()
    assert report.is_sufficient


@given(packages, packages)
def test_any_two_packages_can_be_compared(old_text: str, new_text: str) -> None:
    old, new = resolve_of(old_text), resolve_of(new_text)
    if old is None or new is None:
        return
    report = compare_packages(old.main, new.main)
    document = to_document(report)
    assert json.loads(json.dumps(document)) == document
    assert to_text(report, colour=True)
    assert all(change["path"] and change["why"] for change in document["changes"])
    assert all(change["old"] or change["new"] for change in document["changes"])
    # The way back undoes everything: what came goes, and as many places differ.
    back = compare_packages(new.main, old.main)
    paths = {change.path[0] for change in report.changes}
    assert paths == {change.path[0] for change in back.changes}
    assert (report.changes == ()) == (back.changes == ())


def test_the_contract_does_not_differ_from_itself() -> None:
    old, new = load_or_raise([contract_dir()]), load_or_raise([contract_dir()])
    by_name = {str(package.name): package for package in new.packages}
    for package in old.packages:
        assert compare_packages(package, by_name[str(package.name)]).changes == ()
