"""A package with data and with modules that are imported late."""

import importlib
from pathlib import Path


def from_file():
    return (Path(__file__).parent / "words.txt").read_text("utf-8").strip()


def from_backend(name):
    return importlib.import_module(f"greetings._{name}").greet()
