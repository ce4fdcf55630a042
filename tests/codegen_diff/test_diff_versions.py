"""Which version a change needs, and whether the declared one is enough."""

from collections.abc import Callable

import pytest

from elastic_hal.codegen.diffing import DifferentPackagesError, Report, compare_packages
from elastic_hal.codegen.diffing.rules import Bump
from elastic_hal.codegen.diffing.texts import verdict
from elastic_hal.codegen.diffing.versions import is_enough, needed_version, track
from elastic_hal.codegen.model import Package, Version

BODIES = {
    "none": "interface i { f: func(); }",
    "patch": "/// Docs.\ninterface i { f: func(); }",
    "minor": "interface i { f: func(); g: func(); }",
    "major": "interface i {}",
}


@pytest.mark.parametrize(
    ("old", "bump", "needed"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "none", "1.2.3"),
        ("0.2.3", "major", "0.3.0"),
        ("0.2.3", "minor", "0.2.4"),
        ("0.2.3", "patch", "0.2.4"),
        ("0.0.3", "major", "0.0.4"),
        ("0.0.3", "patch", "0.0.4"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("1.2.3+build", "minor", "1.3.0"),
    ],
)
def test_needed_version(old: str, bump: str, needed: str) -> None:
    assert needed_version(Version(old), Bump[bump.upper()]) == needed
    assert is_enough(Version(old), Version(needed), Bump[bump.upper()])


@pytest.mark.parametrize(
    ("old", "new", "bump", "expected"),
    [
        ("1.2.3", "1.9.0", "major", False),
        ("1.2.3", "2.0.0-rc.1", "major", True),
        ("1.2.3", "1.2.9", "minor", False),
        ("1.2.3", "1.2.3", "patch", False),
        ("1.2.3", "1.2.3+b2", "patch", False),
        ("1.2.3", "1.2.3", "none", True),
        ("1.2.3", "1.2.2", "none", False),
        ("0.2.0", "0.2.9", "major", False),
        ("0.2.0", "0.2.1", "minor", True),
        ("0.9.0", "1.0.0", "major", True),
        ("2.0.0-rc.1", "2.0.0-rc.2", "major", True),
        ("2.0.0-rc.1", "2.0.0-rc.1", "patch", False),
        ("2.0.0-rc.1", "1.0.0", "patch", False),
    ],
)
def test_is_enough(old: str, new: str, bump: str, expected: bool) -> None:
    assert is_enough(Version(old), Version(new), Bump[bump.upper()]) is expected


@pytest.mark.parametrize("bump", list(BODIES))
@pytest.mark.parametrize("new", ["1.0.0", "1.0.1", "1.1.0", "2.0.0"])
def test_the_declared_version(compare: Callable[..., Report], bump: str, new: str) -> None:
    report = compare(BODIES["none"], BODIES[bump], ("1.0.0", new))
    order = ["none", "patch", "minor", "major"]
    declared = order[["1.0.0", "1.0.1", "1.1.0", "2.0.0"].index(new)]
    assert report.bump.name.lower() == bump
    assert report.is_sufficient == (order.index(declared) >= order.index(bump))
    assert ("too small" in verdict(report)) != report.is_sufficient


@pytest.mark.parametrize(
    ("old", "new", "expected", "text"),
    [
        ("", "", True, "nothing was promised"),
        ("", "@0.1.0", True, "nothing was promised"),
        ("@0.1.0", "", False, "declares none"),
    ],
)
def test_packages_without_version(
    load_text: Callable[..., Package], old: str, new: str, expected: bool, text: str
) -> None:
    packages = [load_text(f"package a:b{version}; {body}") for version, body in ((old, ""), (new, "interface i {}"))]
    report = compare_packages(*packages)
    assert report.is_sufficient is expected
    assert text in verdict(report)


def test_a_renamed_package_is_another_one(load_text: Callable[..., Package]) -> None:
    with pytest.raises(DifferentPackagesError, match="`a:b` and `a:c` are different packages"):
        compare_packages(load_text("package a:b;"), load_text("package a:c;"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.4.2", "1"), ("0.2.9", "0.2"), ("0.0.3", "0.0.3"), ("1.0.0-rc.1+b", "1.0.0-rc.1"), ("1.0.0+b", "1")],
)
def test_track(version: str, expected: str) -> None:
    assert track(Version(version)) == expected
