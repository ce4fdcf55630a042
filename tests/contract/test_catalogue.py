"""The catalogue is complete in itself, and what it says about WASI is so."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

REQUIRED = {"id", "family", "text", "requirements", "optional", "wasi"}
ALLOWED = REQUIRED | {"wasi-note", "interfaces"}


def test_rows_are_complete(catalogue: Json) -> None:
    for row in catalogue["function"]:
        assert set(row) >= REQUIRED, row
        assert set(row) <= ALLOWED, row
        assert re.fullmatch(r"[A-Z]{3}-[1-9][0-9]*", row["id"])
        assert row["text"].endswith("."), row
        assert row["requirements"], row
        assert all(1 <= number <= 16 for number in row["requirements"]), row


def test_ids_are_unique_and_numbered_without_gaps(catalogue: Json) -> None:
    numbers: dict[str, list[int]] = {}
    for row in catalogue["function"]:
        prefix, number = row["id"].split("-")
        numbers.setdefault(prefix, []).append(int(number))
    for prefix, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), prefix


def test_rows_stand_in_the_order_of_their_families(catalogue: Json) -> None:
    order = list(catalogue["families"])
    positions = [order.index(row["family"]) for row in catalogue["function"]]
    assert positions == sorted(positions)
    assert set(positions) == set(range(len(order))), "every family has functions"


def test_the_specification_is_covered(catalogue: Json) -> None:
    mandatory = {number for row in catalogue["function"] if not row["optional"] for number in row["requirements"]}
    optional = {number for row in catalogue["function"] if row["optional"] for number in row["requirements"]}
    assert mandatory == {*range(1, 12), 15}
    assert optional == {12, 13, 14, 15, 16}


def test_wasi_interfaces_exist(catalogue: Json, stable_document: Json) -> None:
    existing = set()
    for interface in stable_document["interfaces"]:
        package, _, version = stable_document["packages"][interface["package"]]["name"].partition("@")
        existing.add(f"{package}/{interface['name']}@{version}")
    for row in catalogue["function"]:
        assert set(row.get("interfaces", ())) <= existing, row["id"]
        assert row["wasi"] or "interfaces" not in row, row["id"]
