"""The inputs of the reference implementation's own tests, where they are at hand: same verdicts, same models."""

import json
import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen.diagnostics import render_text
from elastic_hal.codegen.frontend import load
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_resolve

VERDICTS_THAT_AGREE = 222
MODELS_THAT_AGREE = 68


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


def test_verdicts() -> None:
    agreeing = 0
    for case in cases():
        result = load([corpus() / case["path"]], frozenset(case["features"]), bool(case.get("all_features")))
        assert (result.resolve is None) == bool(render_text(result.diagnostics, colour=True)), case["path"]
        agreeing += (result.resolve is not None) == (case["expect"] == "accept")
    assert agreeing >= VERDICTS_THAT_AGREE


def test_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(corpus()))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    canon = import_module("canon").canon  # the corpus brings its own comparison

    agreeing = 0
    for case in cases():
        if case["expect"] != "accept" or not case.get("oracle_json"):
            continue
        resolve = load([corpus() / case["path"]], frozenset(case["features"])).resolve
        expected = json.loads((corpus() / case["oracle_json"]).read_text("utf-8"))
        agreeing += resolve is not None and canon(to_document(resolve)) == canon(expected)
    assert agreeing >= MODELS_THAT_AGREE


def test_printed_text_resolves_to_the_same_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(corpus()))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    canon = import_module("canon").canon

    for case in cases():
        features = frozenset(case["features"])
        resolve = load([corpus() / case["path"]], features).resolve
        if resolve is None:
            continue
        printed = tmp_path / "printed.wit"
        printed.write_text(print_resolve(resolve), "utf-8")
        again = load([printed], features)
        assert again.resolve is not None, f"{case['path']}: {render_text(again.diagnostics, colour=False)}"
        assert canon(to_document(again.resolve)) == canon(to_document(resolve)), case["path"]
