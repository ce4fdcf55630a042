"""Semantic versions: which texts are one, and which of two is later (semver.org, version 2.0.0)."""

from __future__ import annotations

import re

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.resolve.context import Context
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax.ast import Token

_VERSION = re.compile(
    r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)\.(?P<patch>[0-9]+)(?:-(?P<pre>[0-9A-Za-z.-]*))?(?:\+(?P<build>[0-9A-Za-z.-]*))?"
)
_MAX_NUMBER = 20
"""Digits of the largest number that fits 64 bits."""

VersionKey = tuple[int, int, int, tuple[tuple[int, int, str], ...], tuple[tuple[int, int, str], ...]]


def problem_of_version(text: str) -> str | None:
    """What is wrong with a version, as a phrase for a message; None where nothing is."""
    found = _VERSION.fullmatch(text)
    if found is None:
        return "it needs three numbers, such as `1.0.0`"
    for part in ("major", "minor", "patch"):
        number = found[part]
        if number != "0" and number.startswith("0"):
            return f"the number {number} begins with a zero"
        if len(number) > _MAX_NUMBER or int(number) >= 1 << 64:
            return f"the number {number[:_MAX_NUMBER]}{'…' if len(number) > _MAX_NUMBER else ''} does not fit 64 bits"
    for word in (found["pre"] or "").split("."):
        if word.isdigit() and word != "0" and word.startswith("0"):
            return f"the pre-release number {word} begins with a zero"
    return None


def checked_version(token: Token, file: SourceFile, context: Context) -> model.Version | None:
    """The version that a token spells; a wrong one is reported."""
    problem = problem_of_version(token.text)
    if problem is None:
        return model.Version(token.text)
    message = f"`{token.text}` is not a semantic version: {problem}"
    context.diagnostics.error(Code.INVALID_VERSION, message, Span(file, token.start, token.end))
    return None


def version_key(text: str) -> VersionKey:
    """A value that orders valid versions; a release comes after its pre-releases, build metadata decides last."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a semantic version")
    release = ((2, 0, ""),)
    before = release if not found["pre"] else _words(found["pre"])
    build = _words(found["build"]) if found["build"] else ()
    return int(found["major"]), int(found["minor"]), int(found["patch"]), before, build


def _words(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(
        (0, int(word), "") if word.isdigit() and len(word) < 4000 else (1, 0, word) for word in text.split(".")
    )
