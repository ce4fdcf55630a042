"""The WASI packages in `wit/deps` have exactly the types of the official ones.

`wasi-0.2.9-digests.json` holds a digest for each interface and world of WASI 0.2.9, taken over names, types, order and
gates, without doc comments. The digests were computed by this module from the official packages. A difference means
that a component built against our files would not be a WASI component.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

DIGESTS = Path(__file__).with_name("wasi-0.2.9-digests.json")
PACKAGES = {f"wasi:{name}@0.2.9" for name in ("cli", "clocks", "filesystem", "io", "random", "sockets")}

Json = dict[str, Any]


def test_packages_are_the_expected_ones(document: Json) -> None:
    found = {package["name"] for package in document["packages"] if package["name"].startswith("wasi:")}
    assert found == PACKAGES


def test_types_are_the_official_ones(document: Json) -> None:
    expected = json.loads(DIGESTS.read_text(encoding="utf-8"))
    found = digests(document)
    assert sorted(found) == sorted(expected)
    assert [name for name in expected if found[name] != expected[name]] == []


def test_unstable_items_are_gated(stable_document: Json, document: Json) -> None:
    assert gated(document, "wasi:clocks@0.2.9", "timezone", "display") == {"unstable": {"feature": "clocks-timezone"}}
    assert gated(document, "wasi:cli@0.2.9", "exit", "exit-with-code") == {
        "unstable": {"feature": "cli-exit-with-code"}
    }
    assert gated(document, "wasi:sockets@0.2.9", "network", "network-error-code") == {
        "unstable": {"feature": "network-error-code"}
    }
    assert gated(stable_document, "wasi:clocks@0.2.9", "timezone", "display") is None
    assert gated(stable_document, "wasi:cli@0.2.9", "exit", "exit-with-code") is None
    assert gated(stable_document, "wasi:sockets@0.2.9", "network", "network-error-code") is None


def test_every_function_is_documented(document: Json) -> None:
    bare = [
        f"{interface['name']}.{name}"
        for interface in document["interfaces"]
        if package_of(document, interface) in PACKAGES
        for name, function in interface["functions"].items()
        if not (function.get("docs") or {}).get("contents")
    ]
    assert bare == []


def digests(document: Json) -> dict[str, str]:
    forms: dict[str, Any] = {}
    for interface in document["interfaces"]:
        if package_of(document, interface) in PACKAGES:
            forms[interface_name(document, interface)] = interface_form(document, interface)
    for world in document["worlds"]:
        if package_of(document, world) in PACKAGES:
            forms[f"{package_of(document, world)} world {world['name']}"] = world_form(document, world)
    return {name: hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest() for name, form in forms.items()}


def interface_form(document: Json, interface: Json) -> Any:
    """Types and functions in their order, types spelled by name so that positions in the document do not matter."""
    types = [
        [name, document["types"][index].get("stability"), form(document, document["types"][index]["kind"])]
        for name, index in interface["types"].items()
    ]
    functions = [
        [
            name,
            function.get("stability"),
            form(document, function["kind"]),
            [[parameter["name"], form(document, parameter["type"])] for parameter in function["params"]],
            form(document, function.get("result")),
        ]
        for name, function in interface["functions"].items()
    ]
    return [interface.get("stability"), types, functions]


def world_form(document: Json, world: Json) -> Any:
    """Imports and exports as sets: their order has no meaning."""

    def side(entries: Json) -> list[Any]:
        return sorted(
            [
                interface_name(document, document["interfaces"][entry["interface"]["id"]]),
                entry["interface"].get("stability"),
            ]
            for entry in entries.values()
        )

    return [world.get("stability"), side(world["imports"]), side(world["exports"])]


def form(document: Json, value: Any) -> Any:
    """The value with doc comments left out and each reference to a type replaced by its name or structure."""
    if isinstance(value, int) and not isinstance(value, bool):
        referred = document["types"][value]
        if referred["name"] is None:
            return form(document, referred["kind"])
        owner = document["interfaces"][referred["owner"]["interface"]]
        return f"{interface_name(document, owner)}.{referred['name']}"
    if isinstance(value, dict):
        return {key: form(document, inner) for key, inner in value.items() if key != "docs"}
    if isinstance(value, list):
        return [form(document, inner) for inner in value]
    return value


def gated(document: Json, package: str, interface_name_: str, function: str) -> Any:
    for interface in document["interfaces"]:
        if package_of(document, interface) == package and interface["name"] == interface_name_:
            return interface["functions"].get(function, {}).get("stability")
    return None


def interface_name(document: Json, interface: Json) -> str:
    package, _, version = package_of(document, interface).partition("@")
    return f"{package}/{interface['name']}@{version}"


def package_of(document: Json, item: Json) -> str:
    return str(document["packages"][item["package"]]["name"])
