"""The inputs of the reference implementation's own tests, where they are at hand: formatted, they say the same.

Printed, they resolve to the same model in the same order.
"""

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.diagnostics import WitError
from elastic_hal.codegen.formatting.formatter import format_text
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_resolve

ACCEPTED = 68


def corpus() -> Path:
    data = os.environ.get("ELASTIC_HAL_TEST_DATA")
    if not data:
        pytest.skip("ELASTIC_HAL_TEST_DATA does not name a folder with corpus/wit-ui")
    folder = Path(data) / "corpus" / "wit-ui"
    if not (folder / "corpus.json").is_file():
        pytest.skip(f"there is no corpus in {folder}")
    return folder


@cache
def cases() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((corpus() / "corpus.json").read_text("utf-8"))["cases"]
    return [case for case in listed if not case.get("needs_wasm_decoder")]


def comments(text: str) -> list[str]:
    """What comments say: everything from a mark to its end, for texts without marks in other places."""
    found: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").split("\n"):
        begin = line.find("//")
        block = line.find("/*")
        if depth == 0 and begin >= 0 and not 0 <= block < begin:
            found.append(line[begin:].rstrip())
        elif depth or block >= 0:
            depth += line.count("/*") - line.count("*/")
            found.append("".join(line.split()) if depth else "")
    return [comment for comment in found if comment]


def copied(case: dict[str, Any], folder: Path) -> Path:
    source, target = corpus() / case["path"], folder / Path(case["path"]).name
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return target


def texts_of(path: Path) -> list[Path]:
    return sorted(path.rglob("*.wit")) if path.is_dir() else [path]


def test_accepted_inputs_say_the_same(tmp_path: Path) -> None:
    compared = 0
    for number, case in enumerate(cases()):
        if case["expect"] != "accept":
            continue
        features = frozenset(case["features"])
        (tmp_path / str(number)).mkdir()
        path = copied(case, tmp_path / str(number))
        before = load([path], features, bool(case.get("all_features"))).resolve
        if before is None:
            continue
        for file in texts_of(path):
            text = file.read_bytes().decode()
            formatted = format_text(text)
            assert format_text(formatted) == formatted, file
            assert [line for line in comments(formatted) if line.startswith("//")] == [
                line for line in comments(text) if line.startswith("//")
            ], file
            file.write_bytes(formatted.encode())
        after = load([path], features, bool(case.get("all_features"))).resolve
        assert after is not None, case["path"]
        assert to_document(after) == to_document(before), case["path"]
        compared += 1
    assert compared >= ACCEPTED


def test_refused_inputs_are_refused_for_the_same_reasons(tmp_path: Path) -> None:
    compared = 0
    for number, case in enumerate(cases()):
        if case["expect"] == "accept":
            continue
        features = frozenset(case["features"])
        (tmp_path / str(number)).mkdir()
        path = copied(case, tmp_path / str(number))
        before = load([path], features)
        try:
            formatted = {file: format_text(file.read_bytes().decode()) for file in texts_of(path)}
        except (WitError, UnicodeDecodeError):
            continue
        for file, text in formatted.items():
            assert format_text(text) == text, file
            file.write_bytes(text.encode())
        after = load([path], features)
        said = [sorted((one.code, one.message) for one in result.diagnostics) for result in (before, after)]
        assert said[0] == said[1], case["path"]
        compared += 1
    assert compared > 50


def test_printed_text_keeps_every_order(tmp_path: Path) -> None:
    printed_file = tmp_path / "printed.wit"
    for case in cases():
        features = frozenset(case["features"])
        resolve = load([corpus() / case["path"]], features).resolve
        if resolve is None:
            continue
        printed = print_resolve(resolve)
        printed_file.write_text(printed, "utf-8")
        again = load([printed_file], features).resolve
        assert again is not None, case["path"]
        assert orders(again) == orders(resolve), case["path"]
        assert print_resolve(again) == printed, case["path"]
        assert format_text(format_text(printed)) == format_text(printed), case["path"]
        printed_file.write_text(format_text(printed), "utf-8")
        formatted = load([printed_file], features).resolve
        assert formatted is not None
        assert to_document(formatted) == to_document(again), case["path"]


def orders(resolve: model.Resolve) -> dict[str, list[list[str]]]:
    """The names in every package, in order."""
    found: dict[str, list[list[str]]] = {}
    for package in resolve.packages:
        parts = found[str(package.name)] = [list(package.interfaces), list(package.worlds)]
        for interface in package.interfaces.values():
            parts += [list(interface.types), list(interface.functions)]
        for world in package.worlds.values():
            parts += [list(world.imports), list(world.exports)]
    return found
