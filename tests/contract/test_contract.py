"""What holds for every item of `elastic:hal`: it is versioned, documented, and tied to the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

PACKAGE = "elastic:hal@0.2.0"
HAL_LINE = re.compile(r"^HAL: (.+)$", re.MULTILINE)
CATALOGUE_ID = re.compile(r"[A-Z]{3}-[1-9][0-9]*")
BYTE_BOUND = re.compile(r"\b[0-9][0-9,]* (bytes|KiB|MiB)\b|\blength\b")
DEFERRED_TO = re.compile(r"\b(?:[Aa]s|of) `([a-z0-9-]+)`")

Json = dict[str, Any]


def test_resolves_with_and_without_unstable_features(document: Json, stable_document: Json) -> None:
    for resolved in (document, stable_document):
        assert PACKAGE in [package["name"] for package in resolved["packages"]]
        assert {"imports", "command"} <= {world["name"] for world in worlds(resolved)}


def test_every_item_says_since_when_it_is_there(document: Json) -> None:
    ungated = [place for place, item in items(document) if not item.get("stability")]
    assert ungated == [], "these items need @since or @unstable"


def test_every_item_and_every_part_of_it_is_documented(document: Json) -> None:
    bare = [place for place, item in (*items(document), *parts(document)) if not text_of(item)]
    assert bare == [], "these need a doc comment"


def test_every_function_names_functions_of_one_family(document: Json, catalogue: Json) -> None:
    family_of = {entry["id"]: entry["family"] for entry in catalogue["function"]}
    wrong = {
        place: found
        for place, function in functions(document)
        if len(found := HAL_LINE.findall(text_of(function))) != 1
        or len({family_of.get(identifier, identifier) for identifier in found[0].split(", ")}) != 1
        or not set(found[0].split(", ")) <= family_of.keys()
    }
    assert wrong == {}, (
        "each function needs exactly one line `HAL: <id>, <id>` with ids of one family of wit/catalogue.toml"
    )


def test_the_hal_line_is_the_last_one(document: Json) -> None:
    buried = [place for place, function in functions(document) if not HAL_LINE.match(text_of(function).split("\n")[-1])]
    assert buried == []


def test_every_function_that_can_fail_names_its_errors(document: Json) -> None:
    silent = [
        place
        for place, function in functions(document)
        if is_fallible(document, function)
        and "\nErrors: " not in text_of(function)
        and "the same errors" not in text_of(function)
    ]
    assert silent == [], "these return a result and need a paragraph `Errors: ...`"


def test_errors_that_are_named_exist(document: Json) -> None:
    error = next(kind for place, kind in items(document) if place == "types.error")
    cases = {case["name"] for case in error["kind"]["variant"]["cases"]}
    for place, function in functions(document):
        errors = text_of(function).partition("\nErrors: ")[2].partition("\n\n")[0].replace("\n", " ")
        # Every clause begins with the case that it explains, or defers to another function.
        for clause in filter(None, re.sub(r"\([^)]*\)", "", errors).split("; ")):
            named = re.match(r"`([a-z-]+)`|as `", clause)
            assert named, f"{place}: {clause!r} does not begin with an error case"
            assert named[1] is None or named[1] in cases, f"{place}: there is no error case {named[1]!r}"


def test_every_function_that_takes_bytes_states_bounds(document: Json) -> None:
    documented = {place for place, function in functions(document) if BYTE_BOUND.search(text_of(function))}
    unbounded = [
        place
        for place, function in functions(document)
        if any(holds_bytes(document, parameter["type"]) for parameter in function["params"])
        and place not in documented
        and not any(sibling(place, other) in documented for other in DEFERRED_TO.findall(text_of(function)))
    ]
    assert unbounded == [], "these take list<u8> and say nothing about its length"


def test_handles_are_resources(document: Json) -> None:
    for place, function in functions(document):
        names = {parameter["name"] for parameter in function["params"] if parameter["type"] in ("u32", "s32", "u64")}
        assert not {name for name in names if name.endswith("handle")}, f"{place} takes an integer as a handle"


def test_every_family_world_carries_the_functions_of_its_family(document: Json, catalogue: Json) -> None:
    family_of = {entry["id"]: entry["family"] for entry in catalogue["function"]}
    needed: dict[str, set[str]] = {}
    for entry in catalogue["function"]:
        needed.setdefault(entry["family"], set()).update(entry.get("interfaces", ()))
    for place, function in functions(document):
        family = family_of[CATALOGUE_ID.findall(HAL_LINE.findall(text_of(function))[0])[0]]
        package, version = PACKAGE.split("@")
        needed[family].add(f"{package}/{place.partition('.')[0]}@{version}")
    imported = {world["name"]: imported_interfaces(document, world) for world in worlds(document)}
    for family, interfaces in needed.items():
        if interfaces:
            assert interfaces <= imported[f"{family}-family"]
            assert interfaces - imported["command"] == set(), "the world `command` has every family"


def test_worlds_and_interfaces_name_known_ids_only(document: Json, catalogue: Json) -> None:
    known = {entry["id"] for entry in catalogue["function"]}
    for place, item in (*items(document), *parts(document)):
        # Algorithms such as SHA-256 are spelled alike; only the prefixes of the catalogue count.
        prefixes = {identifier.partition("-")[0] for identifier in known}
        named = {found for found in CATALOGUE_ID.findall(text_of(item)) if found.partition("-")[0] in prefixes}
        assert named <= known, place


def worlds(document: Json) -> list[Json]:
    return [world for world in document["worlds"] if document["packages"][world["package"]]["name"] == PACKAGE]


def interfaces(document: Json) -> list[Json]:
    return [item for item in document["interfaces"] if document["packages"][item["package"]]["name"] == PACKAGE]


def functions(document: Json) -> Iterator[tuple[str, Json]]:
    """Places look like `crypto.hash` and `crypto.[method]key.usage`."""
    for interface in interfaces(document):
        for name, function in interface["functions"].items():
            yield f"{interface['name']}.{name}", function


def items(document: Json) -> Iterator[tuple[str, Json]]:
    """Everything that carries a gate of its own."""
    for world in worlds(document):
        yield f"world {world['name']}", world
    for interface in interfaces(document):
        yield interface["name"], interface
        for name, index in interface["types"].items():
            if not is_use(document, document["types"][index]):
                yield f"{interface['name']}.{name}", document["types"][index]
    yield from functions(document)


def parts(document: Json) -> Iterator[tuple[str, Json]]:
    """Fields, cases and flags."""
    for place, item in items(document):
        kind = item.get("kind")
        shapes = kind.values() if isinstance(kind, dict) else ()
        for shape in shapes:
            for group in ("fields", "cases", "flags"):
                for part in shape.get(group, ()) if isinstance(shape, dict) else ():
                    yield f"{place}.{part['name']}", part


def is_use(document: Json, item: Json) -> bool:
    """Whether the type stands there because of a `use`: an alias of a type that another interface owns."""
    kind = item["kind"]
    if not isinstance(kind, dict) or not isinstance(target := kind.get("type"), int):
        return False
    return bool(document["types"][target]["owner"] != item["owner"])


def is_fallible(document: Json, function: Json) -> bool:
    result = function.get("result")
    return isinstance(result, int) and "result" in document["types"][result]["kind"]


def holds_bytes(document: Json, reference: Any) -> bool:
    """Whether a value of the type has a `list<u8>` anywhere inside. Resources hold nothing: they are handles."""
    if not isinstance(reference, int):
        return False
    kind = document["types"][reference]["kind"]
    if isinstance(kind, str) or "handle" in kind:
        return False
    if kind.get("list") == "u8":
        return True
    return any(holds_bytes(document, inner) for inner in type_references(kind))


def type_references(kind: Any) -> Iterator[int]:
    if isinstance(kind, bool):
        return
    if isinstance(kind, int):
        yield kind
    elif isinstance(kind, dict):
        for value in kind.values():
            yield from type_references(value)
    elif isinstance(kind, list):
        for value in kind:
            yield from type_references(value)


def imported_interfaces(document: Json, world: Json) -> set[str]:
    found = set()
    for item in world["imports"].values():
        interface = document["interfaces"][item["interface"]["id"]]
        package, _, version = document["packages"][interface["package"]]["name"].partition("@")
        found.add(f"{package}/{interface['name']}@{version}")
    return found


def sibling(place: str, name: str) -> str:
    return f"{place.partition('.')[0]}.{name}"


def text_of(item: Json) -> str:
    return str((item.get("docs") or {}).get("contents", "")).strip()
