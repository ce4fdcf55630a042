"""Gathers files into packages: which package a file belongs to, nested packages, and what each package declares.

Looking names up is left to `lookup.py`; the bodies of declarations to `interfaces.py` and `worlds.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from elastic_hal.codegen import model
from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.resolve.context import Context, Declaration, Scope, Unit
from elastic_hal.codegen.resolve.files import Group, ParsedFile
from elastic_hal.codegen.resolve.gates import read_gate
from elastic_hal.codegen.resolve.versions import checked_version
from elastic_hal.codegen.source import SourceFile, Span
from elastic_hal.codegen.syntax import ast

Units = dict[model.PackageName, Unit]


def gather_packages(groups: Iterable[Group], context: Context) -> tuple[Units, Unit | None]:
    """Every package by name, and the one of the last group that was asked for."""
    units: Units = {}
    main: Unit | None = None
    for group in groups:
        unit = _gather_group(group, units, context)
        if not group.is_dependency:
            main = unit
    for unit in units.values():
        for scope in unit.scopes:
            _declare(scope)
    return units, main


def package_name(package: ast.PackageId, file: SourceFile, context: Context) -> model.PackageName:
    """The name that a package id spells; a wrong version is reported."""
    version = None
    if package.version is not None:
        version = checked_version(package.version, file, context) or model.Version(package.version.text)
    return model.PackageName(package.namespace.text, package.name.text, version)


def name_of_package(package: ast.PackageId) -> model.PackageName:
    """The name that a package id spells, its version unchecked."""
    version = None if package.version is None else model.Version(package.version.text)
    return model.PackageName(package.namespace.text, package.name.text, version)


def _gather_group(group: Group, units: Units, context: Context) -> Unit | None:
    unit: Unit | None = None
    others: dict[model.PackageName, Unit] = {}
    headerless: list[ParsedFile] = []
    for parsed in group.files:
        declaration = _file_declaration(parsed, context)
        if declaration is None:
            headerless.append(parsed)
            continue
        span = Span(parsed.file, declaration.id.namespace.start, declaration.id.end)
        name = package_name(declaration.id, parsed.file, context)
        if unit is None:
            unit = _new_unit(name, span, group, units, context)
        elif name != unit.name:
            # The file is resolved as what it says it is, so that its own mistakes come out in the same run.
            if name not in others:
                others[name] = _new_unit(name, span, group, units, context)
                _report_other_package(others[name], unit, group, context)
            others[name].scopes.append(Scope(parsed.file, others[name], parsed.items, context))
            continue
        _take_docs(unit, declaration, span, context)
        unit.scopes.append(Scope(parsed.file, unit, parsed.items, context))
    if unit is None:
        _report_missing_header(group, context)
    for parsed in headerless:
        if unit is not None:
            unit.scopes.append(Scope(parsed.file, unit, parsed.items, context))
    for parsed in group.files:
        _gather_nested(parsed, group, units, context)
    return unit


def _report_other_package(other: Unit, unit: Unit, group: Group, context: Context) -> None:
    if (other.name.namespace, other.name.name) == (unit.name.namespace, unit.name.name):
        message = f"this file belongs to `{other.name}`, but another file of its folder to `{unit.name}`"
        advice = "all files of a package name the same version"
    else:
        message = f"this file belongs to the package `{other.name}`, but another file of its folder to `{unit.name}`"
        folder = group.path / "deps" / other.name.name
        advice = f"a folder holds one package: move this file to {folder}{os.sep} if `{unit.name}` uses it, "
        advice += "else to a folder beside this one"
    notes = [Note("the other package is named here", unit.span), Note(advice)]
    context.diagnostics.error(Code.CONFLICTING_PACKAGE, message, other.span, notes)


def _file_declaration(parsed: ParsedFile, context: Context) -> ast.PackageDeclaration | None:
    first: ast.PackageDeclaration | None = None
    for number, item in enumerate(parsed.items):
        if not isinstance(item, ast.PackageDeclaration):
            continue
        span = Span(parsed.file, item.keyword.start, item.id.end)
        if item.lead.attributes:
            message = "a package has no attributes; put them on its interfaces and worlds"
            context.diagnostics.error(Code.MISPLACED_PACKAGE, message, span)
        if first is not None:
            message = "a file has one `package …;`; further packages are written as blocks, `package a:b { … }`"
            note = Note("the file's package is named here", Span(parsed.file, first.keyword.start, first.id.end))
            context.diagnostics.error(Code.MISPLACED_PACKAGE, message, span, [note])
        elif number > 0 and not all(isinstance(before, ast.Broken) for before in parsed.items[:number]):
            context.diagnostics.error(
                Code.MISPLACED_PACKAGE, "`package …;` must come before everything else in a file", span
            )
        first = first or item
    return first


def _new_unit(name: model.PackageName, span: Span, group: Group, units: Units, context: Context) -> Unit:
    unit = Unit(name, span, model.Package(name), group.is_dependency, group.path.parent)
    other = units.get(name)
    if other is None:
        units[name] = unit
    elif other.folder == unit.folder or not _same_text(other.span.file, span.file):
        message = f"the package `{name}` is defined twice"
        note = Note("it is defined here too", other.span)
        context.diagnostics.error(Code.CONFLICTING_PACKAGE, message, span, [note])
    return unit


def _same_text(one: SourceFile, other: SourceFile) -> bool:
    """Two folders may bring the same copy of a dependency, but one file cannot define a package twice."""
    return one is not other and one.text == other.text


def _take_docs(unit: Unit, declaration: ast.PackageDeclaration, span: Span, context: Context) -> None:
    docs = declaration.lead.docs
    if docs is None:
        return
    if unit.package.docs is not None:
        context.diagnostics.error(
            Code.DUPLICATE_DOCS,
            "two files document the package; keep the doc comment in one",
            span,
            [Note("the package is documented here too", unit.span)],
        )
        return
    unit.package.docs = docs
    unit.span = span


def _report_missing_header(group: Group, context: Context) -> None:
    if not group.is_complete:
        return  # the file that could not be read may say it
    if any(isinstance(item, ast.Broken) for parsed in group.files for item in parsed.items):
        return
    file = group.files[0].file
    message = f"no file of {group.path} says which package it is"
    note = Note("begin one file with its name, such as `package my-namespace:my-package;`")
    context.diagnostics.error(Code.MISSING_PACKAGE, message, Span(file, 0, 0), [note])


def _gather_nested(parsed: ParsedFile, group: Group, units: Units, context: Context) -> None:
    for item in parsed.items:
        if not isinstance(item, ast.NestedPackage):
            continue
        span = Span(parsed.file, item.id.namespace.start, item.id.end)
        if item.lead.attributes:
            message = "a package has no attributes; put them on its interfaces and worlds"
            context.diagnostics.error(Code.MISPLACED_PACKAGE, message, span)
        for inner in item.items:
            if isinstance(inner, ast.NestedPackage | ast.PackageDeclaration):
                inner_span = Span(parsed.file, inner.keyword.start, inner.id.end)
                message = "a package cannot stand inside another; move it to the top level"
                context.diagnostics.error(Code.MISPLACED_PACKAGE, message, inner_span)
        name = package_name(item.id, parsed.file, context)
        unit = _new_unit(name, span, group, units, context)
        unit.package.docs = item.lead.docs
        unit.scopes.append(Scope(parsed.file, unit, item.items, context))


def _declare(scope: Scope) -> None:
    unit = scope.unit
    for item in scope.items:
        if isinstance(item, ast.Broken):
            scope.broken |= item.names
        if not isinstance(item, ast.InterfaceDeclaration | ast.WorldDeclaration):
            continue
        earlier = unit.declarations.get(item.name.text)
        if earlier is not None:
            message = f"`{item.name.text}` is declared twice in the package `{unit.name}`"
            note = earlier.scope.note(f"it is declared here, as {earlier.label}", earlier.name)
            scope.error(Code.DUPLICATE_NAME, message, item.name, [note])
            continue
        declaration = Declaration(item.name, item, scope)
        gate = read_gate(item.lead, scope)
        declaration.included = gate.is_open
        if declaration.is_world:
            declaration.world = model.World(
                item.name.text,
                unit.package,
                docs=item.lead.docs,
                stability=gate.stability,
                span=scope.span(item.name),
            )
        else:
            declaration.interface = model.Interface(
                item.name.text,
                unit.package,
                docs=item.lead.docs,
                stability=gate.stability,
                span=scope.span(item.name),
            )
        unit.declarations[item.name.text] = declaration
