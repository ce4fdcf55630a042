"""The script that makes the keys and certificates of the cases of TLS: what it writes, the suite can read."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from elastic_hal.codegen import model
from elastic_hal.conformance import shipped_cases
from elastic_hal.conformance.cases import load_case_file

FOLDER = Path(__file__).parents[2] / "conformance" / "tools"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("tls_identities")


def test_everything_is_made_anew_in_its_place(script: Any, contract: model.Resolve, tmp_path: Path) -> None:
    path = shipped_cases() / "tls.yaml"
    before = path.read_text()
    made = script.make()
    text = script.written(before, made)
    assert text.partition("\nfixtures:")[2] == before.partition("\nfixtures:")[2]
    (tmp_path / "tls.yaml").write_text(text)
    again, shipped = (load_case_file(place, contract) for place in (tmp_path / "tls.yaml", path))
    assert [case.id for case in again.cases] == [case.id for case in shipped.cases]
    assert again.cases[0].steps != shipped.cases[0].steps
    key, certificate, others = pkcs12.load_key_and_certificates(made["server-file"], script.PASSWORD)
    assert (key is None, certificate is None, len(others)) == (False, False, 1)


def test_a_place_that_is_not_there(script: Any) -> None:
    with pytest.raises(SystemExit, match="&root is not there once"):
        script.written('other: &other "base64:"', {"root": b""})
