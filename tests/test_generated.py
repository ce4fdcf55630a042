"""The checked-in generated code is what the generators make of the contract, and the two runs of a generator agree."""

from __future__ import annotations

from elastic_hal.cli.regenerate import generated, pages


def test_checked_in_code_is_up_to_date() -> None:
    for folder, files in generated():
        present = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert present == files, f"{folder} is not what the generator makes: run `make generate`"


def test_generation_is_deterministic() -> None:
    assert dict(generated()) == dict(generated())


def test_generated_pages_are_up_to_date() -> None:
    for path, text in pages():
        assert path.read_text(encoding="utf-8") == text, f"{path} is not what the generator makes: run `make generate`"
