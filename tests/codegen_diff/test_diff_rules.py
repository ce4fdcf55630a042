"""Every rule with a pair of packages that shows it: what it is called, where it is, whom it breaks, what it needs."""

from collections.abc import Callable

import pytest

from elastic_hal.codegen.diffing import Report
from elastic_hal.codegen.diffing.rules import Rule

Compare = Callable[..., Report]

BOTH, HOSTS, GUESTS, NOBODY = "breaking-for-both", "breaking-for-hosts", "breaking-for-guests", "compatible"


def imported(body: str) -> str:
    return f"interface i {{ {body} }} world w {{ import i; }}"


def exported(body: str) -> str:
    return f"interface i {{ {body} }} world w {{ export i; }}"


def both(body: str) -> str:
    return f"interface i {{ {body} }} world w {{ import i; }} world v {{ export i; }}"


def world(body: str) -> str:
    return f"interface i {{}} interface j {{}} world w {{ {body} }}"


Row = tuple[str, str, str, str, str, str]

PAIRS: list[Row] = [
    ("", "interface i {}", "interface-added", "interface i", NOBODY, "minor"),
    ("interface i {}", "", "interface-removed", "interface i", GUESTS, "major"),
    ("", "world w {}", "world-added", "world w", NOBODY, "minor"),
    ("world w {}", "", "world-removed", "world w", BOTH, "major"),
    (world(""), world("import i;"), "import-added", "world w / imports / interface i", HOSTS, "minor"),
    (world("import i;"), world(""), "import-removed", "world w / imports / interface i", GUESTS, "major"),
    (world(""), world("export i;"), "export-added", "world w / exports / interface i", GUESTS, "major"),
    (world("export i;"), world(""), "export-removed", "world w / exports / interface i", HOSTS, "major"),
    (world(""), world("import f: func();"), "import-added", "world w / imports / function f", HOSTS, "minor"),
    (world("import f: func();"), world(""), "import-removed", "world w / imports / function f", GUESTS, "major"),
    (world(""), world("export f: func();"), "export-added", "world w / exports / function f", GUESTS, "major"),
    (world("export f: func();"), world(""), "export-removed", "world w / exports / function f", HOSTS, "major"),
    (world("import x: i;"), world("import x: j;"), "import-changed", "world w / imports / interface x", BOTH, "major"),
    (world("export x: i;"), world("export x: j;"), "export-changed", "world w / exports / interface x", BOTH, "major"),
    (
        world("import x: interface {}"),
        world("import x: interface { f: func(); }"),
        *("function-added", "world w / imports / interface x / function f", HOSTS, "minor"),
    ),
    (
        world("import f: func(); export f: func();"),
        world("import f: func(); export f: func(x: u8);"),
        *("parameter-added", "world w / exports / function f / parameter x", BOTH, "major"),
    ),
    (world("type t = u8;"), world("type t = u16;"), "type-changed", "world w / type t", BOTH, "major"),
    (imported(""), imported("type t = u8;"), "type-added", "interface i / type t", NOBODY, "minor"),
    (imported("type t = u8;"), imported(""), "type-removed", "interface i / type t", GUESTS, "major"),
    (exported("type t = u8;"), exported(""), "type-removed", "interface i / type t", HOSTS, "major"),
    (imported("type t = u8;"), imported("type t = s8;"), "type-changed", "interface i / type t", BOTH, "major"),
    (imported("enum t { a }"), imported("variant t { a }"), "type-changed", "interface i / type t", BOTH, "major"),
    (imported(""), imported("resource r;"), "resource-added", "interface i / resource r", HOSTS, "minor"),
    (imported("resource r;"), imported(""), "resource-removed", "interface i / resource r", GUESTS, "major"),
    (
        imported("record r { a: u8 }"),
        imported("record r { a: u8, b: u8 }"),
        *("field-added", "interface i / record r / field b", BOTH, "major"),
    ),
    (
        imported("record r { a: u8, b: u8 }"),
        imported("record r { b: u8 }"),
        *("field-removed", "interface i / record r / field a", BOTH, "major"),
    ),
    (
        imported("record r { a: u8, b: u8 }"),
        imported("record r { a: u8, c: u8 }"),
        *("field-renamed", "interface i / record r / field b", BOTH, "major"),
    ),
    (
        imported("record r { a: u8, b: u8 }"),
        imported("record r { a: u8, b: string }"),
        *("field-changed", "interface i / record r / field b", BOTH, "major"),
    ),
    (
        imported("record r { a: u8, b: u8 }"),
        imported("record r { b: u8, a: u8 }"),
        *("fields-reordered", "interface i / record r", BOTH, "major"),
    ),
    (
        imported("variant v { a }"),
        imported("variant v { a, b(u8) }"),
        *("case-added", "interface i / variant v / case b", BOTH, "major"),
    ),
    (
        imported("enum e { a, b }"),
        imported("enum e { a }"),
        "case-removed",
        "interface i / enum e / case b",
        BOTH,
        "major",
    ),
    (
        imported("enum e { a, b }"),
        imported("enum e { a, c }"),
        "case-renamed",
        "interface i / enum e / case b",
        BOTH,
        "major",
    ),
    (
        imported("variant v { a, b(u8) }"),
        imported("variant v { a, b }"),
        *("case-changed", "interface i / variant v / case b", BOTH, "major"),
    ),
    (
        imported("enum e { a, b }"),
        imported("enum e { b, a }"),
        "cases-reordered",
        "interface i / enum e",
        BOTH,
        "major",
    ),
    (
        imported("flags f { a }"),
        imported("flags f { a, b }"),
        "flag-added",
        "interface i / flags f / flag b",
        BOTH,
        "major",
    ),
    (
        imported("flags f { a, b }"),
        imported("flags f { b }"),
        "flag-removed",
        "interface i / flags f / flag a",
        BOTH,
        "major",
    ),
    (
        imported("flags f { a }"),
        imported("flags f { b }"),
        "flag-renamed",
        "interface i / flags f / flag a",
        BOTH,
        "major",
    ),
    (
        imported("flags f { a, b }"),
        imported("flags f { b, a }"),
        "flags-reordered",
        "interface i / flags f",
        BOTH,
        "major",
    ),
    (imported(""), imported("f: func();"), "function-added", "interface i / function f", HOSTS, "minor"),
    (exported(""), exported("f: func();"), "function-added", "interface i / function f", GUESTS, "major"),
    (both(""), both("f: func();"), "function-added", "interface i / function f", BOTH, "major"),
    ("interface i {}", "interface i { f: func(); }", "function-added", "interface i / function f", HOSTS, "minor"),
    (imported("f: func();"), imported(""), "function-removed", "interface i / function f", GUESTS, "major"),
    (exported("f: func();"), exported(""), "function-removed", "interface i / function f", HOSTS, "major"),
    (both("f: func();"), both(""), "function-removed", "interface i / function f", BOTH, "major"),
    (
        imported("resource r {}"),
        imported("resource r { m: func(); }"),
        *("function-added", "interface i / resource r / function m", HOSTS, "minor"),
    ),
    (
        imported("resource r { constructor(); }"),
        imported("resource r {}"),
        *("function-removed", "interface i / resource r / constructor", GUESTS, "major"),
    ),
    (
        imported("resource r { m: func(); }"),
        imported("resource r { m: static func(); }"),
        *("function-kind-changed", "interface i / resource r / function m", BOTH, "major"),
    ),
    (imported("f: func();"), imported("f: async func();"), "async-changed", "interface i / function f", BOTH, "major"),
    (
        imported("f: func();"),
        imported("f: func(a: u8);"),
        *("parameter-added", "interface i / function f / parameter a", BOTH, "major"),
    ),
    (
        imported("f: func(a: u8);"),
        imported("f: func();"),
        *("parameter-removed", "interface i / function f / parameter a", BOTH, "major"),
    ),
    (
        imported("f: func(a: u8);"),
        imported("f: func(b: u8);"),
        *("parameter-renamed", "interface i / function f / parameter a", BOTH, "major"),
    ),
    (
        imported("f: func(a: u8);"),
        imported("f: func(a: list<u8>);"),
        *("parameter-changed", "interface i / function f / parameter a", BOTH, "major"),
    ),
    (
        imported("f: func(a: u8, b: u8);"),
        imported("f: func(b: u8, a: u8);"),
        *("parameters-reordered", "interface i / function f", BOTH, "major"),
    ),
    (
        imported("f: func();"),
        imported("f: func() -> u8;"),
        "result-changed",
        "interface i / function f / result",
        BOTH,
        "major",
    ),
    (
        world('@external-id("x") import f: func();'),
        world('@external-id("y") import f: func();'),
        *("external-id-changed", "world w / imports / function f", BOTH, "major"),
    ),
    (
        imported("@unstable(feature = u) f: func();"),
        imported("@since(version = 1.0.0) f: func();"),
        *("stabilised", "interface i / function f", HOSTS, "minor"),
    ),
    (
        imported("@unstable(feature = u) type t = u8;"),
        imported("type t = u8;"),
        *("stabilised", "interface i / type t", NOBODY, "minor"),
    ),
    (
        imported("f: func();"),
        imported("@unstable(feature = u) f: func();"),
        *("withdrawn", "interface i / function f", GUESTS, "major"),
    ),
    (
        imported("@unstable(feature = u) f: func();"),
        imported("@unstable(feature = v) f: func();"),
        *("feature-renamed", "interface i / function f", NOBODY, "patch"),
    ),
    (
        imported("f: func();"),
        imported("@since(version = 1.0.0) f: func();"),
        *("since-changed", "interface i / function f", NOBODY, "patch"),
    ),
    (
        imported("@since(version = 1.0.0) f: func();"),
        imported("@since(version = 1.0.0) @deprecated(version = 1.0.0) f: func();"),
        *("deprecated", "interface i / function f", NOBODY, "minor"),
    ),
    (
        imported("@since(version = 1.0.0) @deprecated(version = 1.0.0) f: func();"),
        imported("@since(version = 1.0.0) f: func();"),
        *("deprecation-changed", "interface i / function f", NOBODY, "patch"),
    ),
    (
        imported("f: func();"),
        imported("/// Does it.\nf: func();"),
        "docs-changed",
        "interface i / function f",
        NOBODY,
        "patch",
    ),
    (
        imported("enum e { a }"),
        imported("enum e { /// First.\na }"),
        *("docs-changed", "interface i / enum e / case a", NOBODY, "patch"),
    ),
]


@pytest.mark.parametrize(("old", "new", "rule", "path", "verdict", "bump"), PAIRS)
def test_rule(compare: Compare, old: str, new: str, rule: str, path: str, verdict: str, bump: str) -> None:
    report = compare(old, new)
    found = [(one.rule.code, " / ".join(one.path), one.verdict, one.bump.name.lower()) for one in report.changes]
    assert found == [(rule, path, verdict, bump)]
    assert report.changes[0].why


DEPENDENCY = "package d:e@{}; interface k {{}}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("0.2.1", "0.2.4", [("dependency-raised", HOSTS, "minor")]),
        ("1.4.0", "1.2.0", [("dependency-lowered", GUESTS, "major")]),
        ("0.2.1", "0.3.0", [("import-removed", GUESTS, "major"), ("import-added", HOSTS, "minor")]),
    ],
)
def test_version_of_a_dependency(compare: Compare, old: str, new: str, expected: list[tuple[str, str, str]]) -> None:
    texts = [
        f"world w {{ import d:e/k@{version}; }} package d:e@{version} {{ interface k {{}} }}" for version in (old, new)
    ]
    report = compare(*texts)
    assert [(one.rule.code, one.verdict, one.bump.name.lower()) for one in report.changes] == expected


def test_every_rule_is_shown() -> None:
    shown = {row[2] for row in PAIRS} | {"dependency-raised", "dependency-lowered"}
    assert shown == {rule.code for rule in Rule}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("f: func(a: u32) -> list<u8>;", "type n = u32; type bytes = list<u8>; f: func(a: n) -> bytes;"),
        (
            "record r { a: u8 } record s { x: r } f: func() -> s;",
            "record r { a: u8 } type q = r; record s { x: q } f: func() -> s;",
        ),
        ("resource r; f: func(a: r);", "resource r; type q = r; f: func(a: own<q>);"),
        ("type t = tuple<u8, u8>; f: func(a: t);", "type t = tuple<u8, u8>; f: func(a: tuple<u8, u8>);"),
    ],
)
def test_aliases_are_looked_through(compare: Compare, old: str, new: str) -> None:
    report = compare(imported(old), imported(new))
    assert {one.rule.code for one in report.changes} <= {"type-added"}


def test_a_type_may_move_to_another_interface(compare: Compare) -> None:
    body = "record r { a: u8, b: e } enum e { x, y }"
    old = f"interface i {{ {body} f: func() -> r; }}"
    new = f"interface t {{ {body} }} interface i {{ use t.{{r, e}}; f: func() -> r; }}"
    assert [one.rule.code for one in compare(old, new).changes] == ["interface-added"]


def test_a_resource_that_moves_is_another_one(compare: Compare) -> None:
    old = "interface i { resource r; f: func() -> r; }"
    new = "interface t { resource r; } interface i { use t.{r}; f: func() -> r; }"
    found = [(one.rule.code, " / ".join(one.path)) for one in compare(old, new).changes]
    assert ("type-changed", "interface i / resource r") in found


def test_a_changed_type_is_told_once(compare: Compare) -> None:
    user = "interface i {{ use t.{{e}}; record r {{ x: e }} f: func(a: r) -> list<e>; }}"
    body = f"interface t {{{{ enum e {{{{ a{{}} }}}} }}}} {user}"
    report = compare(body.format(""), body.format(", b"))
    assert [" / ".join(one.path) for one in report.changes] == ["interface t / enum e / case b"]


@pytest.mark.parametrize(
    ("use", "wrap", "expected"),
    [
        ("f: func(a: e);", imported, {"to-hosts"}),
        ("f: func() -> e;", imported, {"to-guests"}),
        ("f: func(a: e);", exported, {"to-guests"}),
        ("f: func() -> result<u8, list<e>>;", exported, {"to-hosts"}),
        ("record r { x: option<e> } f: func(a: r) -> e;", imported, {"to-hosts", "to-guests"}),
        ("", imported, set()),
    ],
)
def test_the_way_of_values(compare: Compare, use: str, wrap: Callable[[str], str], expected: set[str]) -> None:
    (change,) = compare(wrap("enum e { a } " + use), wrap("enum e { a, b } " + use)).changes
    assert {travel.value for travel in change.travels} == expected
    for side in ("hosts", "guests"):
        assert (f"to-{side}" in expected) == (side in change.why)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("", "@unstable(feature = u) f: func();", "function-added"),
        ("@unstable(feature = u) f: func();", "", "function-removed"),
        ("@unstable(feature = u) f: func();", "@unstable(feature = u) f: func(a: u8);", "parameter-added"),
        (
            "@unstable(feature = u) resource r { @unstable(feature = u) m: func(); }",
            "@unstable(feature = u) resource r { @unstable(feature = u) m: func() -> u8; }",
            "result-changed",
        ),
    ],
)
def test_unstable_items_are_exempt(compare: Compare, old: str, new: str, rule: str) -> None:
    (change,) = compare(imported(old), imported(new)).changes
    assert (change.rule.code, change.exempt, change.verdict, change.bump.name) == (rule, "u", NOBODY, "PATCH")
    assert "nothing is promised" in change.why


def test_places_are_those_of_the_members(compare: Compare) -> None:
    text = "interface i {{\n  variant error {{\n    denied(/* timed-out, */ timed-out),\n{}    other,\n  }}\n{}}}"
    types = "  type timed-out = u8;\n"
    added = "    %timed-out(list<tuple<u8, u8>>),\n"
    (change,) = compare(text.format("", types), text.format(added, types)).changes
    assert change.old is None
    assert change.new is not None
    assert change.new.text == "timed-out(list<tuple<u8, u8>>)"
    assert change.new.place.endswith("new.wit:5")


def test_the_package_version_is_no_change(compare: Compare) -> None:
    body = "interface i { type t = u8; } interface j { use i.{t}; f: func() -> t; } world w { import j; export i; }"
    assert compare(body, body, ("0.1.0", "7.0.0")).changes == ()


def test_a_type_nested_through_many_names(compare: Compare) -> None:
    chain = "".join(f"type {{0}}{n} = list<{{0}}{n - 1}>; " for n in range(1, 1500))
    texts = [
        f"interface i {{ type {name}0 = u8; {chain.replace('{0}', name)} f: func(a: {name}1499); }}" for name in "pq"
    ]
    assert {one.rule.code for one in compare(*texts).changes} == {"type-added", "type-removed"}
