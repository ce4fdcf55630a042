"""Reads the attributes of an item: which gate it stands behind, whether that gate is open, and its external id."""

from __future__ import annotations

from typing import NamedTuple

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.context import Scope
from elastic_hal.codegen.resolve.versions import checked_version, problem_of_version, version_key
from elastic_hal.codegen.syntax import ast
from elastic_hal.codegen.syntax.strings import read_string

_FORMS = {
    "since": "@since(version = 1.0.0)",
    "unstable": "@unstable(feature = name)",
    "deprecated": "@deprecated(version = 1.0.0)",
    "external-id": '@external-id("text")',
}


class Gate(NamedTuple):
    """What stands before an item. `included` says whether its gate and those around it are open."""

    docs: str | None
    stability: model.Stability
    external_id: str | None
    is_open: bool
    included: bool


def read_gate(lead: ast.Lead, scope: Scope, included: bool = True) -> Gate:
    """The gate of an item within something that is `included` or not; wrong attributes are reported."""
    found = _read_attributes(lead.attributes, scope)
    external = found.get("external-id")
    external_id = _string_of(external)
    stability = _stability(found, scope)
    context = scope.context
    is_open = not isinstance(stability, model.Unstable) or context.all_features or stability.feature in context.features
    return Gate(lead.docs, stability, external_id, is_open, included and is_open)


def _string_of(attribute: ast.Attribute | None) -> str | None:
    """What the string of an attribute says; None also where the lexer has reported it."""
    if attribute is None or attribute.value is None:
        return None
    found = read_string(attribute.value.text)
    return found if isinstance(found, str) else None


def _read_attributes(attributes: list[ast.Attribute], scope: Scope) -> dict[str, ast.Attribute]:
    found: dict[str, ast.Attribute] = {}
    for attribute in attributes:
        name = attribute.name.text
        if not _has_right_form(attribute, scope):
            continue
        if name in found:
            first = scope.note("it stands here already", found[name])
            scope.error(Code.INVALID_ATTRIBUTE, f"`@{name}` is given twice", attribute, [first])
            continue
        found[name] = attribute
    if "since" in found and "unstable" in found:
        message = "an item is either `@since` a version or `@unstable`, not both"
        scope.error(Code.INVALID_ATTRIBUTE, message, found["unstable"])
    if "deprecated" in found and "since" not in found and "unstable" not in found:
        message = "`@deprecated` needs `@since` or `@unstable` beside it"
        scope.error(Code.INVALID_ATTRIBUTE, message, found["deprecated"])
    return found


def _stability(found: dict[str, ast.Attribute], scope: Scope) -> model.Stability:
    deprecated = _version_of(found.get("deprecated"), scope)
    if "since" in found:
        version = _version_of(found["since"], scope)
        if version is None:
            return None
        _check_released(version, found["since"], scope)
        return model.Since(version, deprecated)
    if "unstable" in found:
        value = found["unstable"].value
        return None if value is None else model.Unstable(value.text, deprecated)
    return None


def _version_of(attribute: ast.Attribute | None, scope: Scope) -> model.Version | None:
    if attribute is None or attribute.value is None:
        return None
    return checked_version(attribute.value, scope.file, scope.context)


def _check_released(version: model.Version, attribute: ast.Attribute, scope: Scope) -> None:
    package = scope.unit.name
    if package.version is None:
        message = f"`@since` names a version, but the package `{package}` has none"
        note = Note("give the package a version, such as `@0.1.0`", scope.unit.span)
        scope.error(Code.UNRELEASED_VERSION, message, attribute, [note])
    elif problem_of_version(package.version.text) is None and version_key(version.text) > version_key(
        package.version.text
    ):
        message = f"`@since` names version {version}, which is later than the package's own {package.version}"
        note = Note("the package's version is given here", scope.unit.span)
        scope.error(Code.UNRELEASED_VERSION, message, attribute, [note])


def _has_right_form(attribute: ast.Attribute, scope: Scope) -> bool:
    name, key, value = attribute.name.text, attribute.key, attribute.value
    if name not in _FORMS:
        message = f"unknown attribute `@{name}`"
        note = Note(f"the attributes are {', '.join(f'`{form}`' for form in _FORMS.values())}")
        scope.error(Code.INVALID_ATTRIBUTE, message, attribute.name, [note])
        return False
    if name == "external-id":
        right = key is None and value is not None and value.type == "TEXT"
    elif name == "unstable":
        right = key is not None and key.text == "feature" and value is not None and value.type == "ID"
    else:
        versions = {"VERSION", "INTEGER"}
        right = key is not None and key.text == "version" and value is not None and value.type in versions
    if not right:
        message = f"`@{name}` is written `{_FORMS[name]}`"
        scope.error(Code.INVALID_ATTRIBUTE, message, attribute)
    return right
