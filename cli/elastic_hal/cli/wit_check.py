"""What `elastic-hal wit check` does: reads WIT, repairs what is certain where asked to, and reports the rest."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click

from elastic_hal.cli.console import colour_wanted, findings, message, print_json
from elastic_hal.cli.failures import CommandError, describe
from elastic_hal.codegen import frontend
from elastic_hal.codegen.diagnostics import Diagnostic, WitError, render_text
from elastic_hal.codegen.fixes import fixed_texts
from elastic_hal.codegen.source import SourceFile
from elastic_hal.common.text import counted

FORMATS = ("text", "json", "sarif", "github")
_MAX_PASSES = 50
"""A fix can bring out the next mistake, so that reading and repairing alternate; no text needs that many turns."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to read and how."""

    paths: tuple[Path, ...]
    features: frozenset[str]
    all_features: bool
    lints: bool | None
    """Whether to look for all that is valid but doubtful, or (None) only for what is likely a mistake."""

    def load(self) -> frontend.LoadResult:
        """Reads the packages."""
        if self.lints is False:
            return frontend.load(self.paths, self.features, self.all_features)
        return frontend.load_and_lint(self.paths, self.features, self.all_features, style=self.lints is True)


def check(request: Request, form: str, fix: bool) -> int:
    """Checks WIT, prints what is to be said about it in the form asked for, and gives the exit code."""
    result = _repaired(request) if fix else request.load()
    if form == "text":
        return _report_text(result)
    _print_form(result.diagnostics, form)
    if result.resolve is not None:
        return 0
    failure = describe(WitError(result.diagnostics))
    return 1 if failure is None else failure.exit_code


def _report_text(result: frontend.LoadResult) -> int:
    if result.resolve is None:
        raise WitError(result.diagnostics)
    packages = result.resolve.packages
    warnings = ""
    if result.diagnostics:
        findings(render_text(result.diagnostics, colour_wanted()) + "\n")
        warnings = f"; {counted(len(result.diagnostics), 'warning')}"
    interfaces = sum(len(package.interfaces) for package in packages)
    functions = sum(len(i.functions) for package in packages for i in package.interfaces.values())
    counts = ", ".join(
        [counted(len(packages), "package"), counted(interfaces, "interface"), counted(functions, "function")]
    )
    message(f"{result.resolve.main.name}: valid; {counts}{warnings}")
    return 0


def _print_form(diagnostics: Sequence[Diagnostic], form: str) -> None:
    from elastic_hal.codegen import reports

    if form == "json":
        print_json(reports.to_json(diagnostics))
    elif form == "sarif":
        print_json(reports.to_sarif(diagnostics, version("elastic-hal")))
    else:
        click.echo(reports.to_github(diagnostics), nl=False)


def _repaired(request: Request) -> frontend.LoadResult:
    """Applies the certain fixes, as long as reading the texts again brings out more, and gives what is left.

    Files of dependencies are left alone: they are their authors' to repair.
    """
    dependencies = [(path / "deps").resolve() for path in request.paths]
    fixed: dict[str, int] = {}
    result = request.load()
    for _ in range(_MAX_PASSES):
        own = [one for one in result.diagnostics if one.fix is not None and not _is_in(one.fix.span.file, dependencies)]
        texts = {file: text for file, text in fixed_texts(own).items() if text != file.text}
        if not texts:
            break
        _write_all(texts)
        for one in own:
            if one.fix is not None:
                path = one.fix.span.file.path
                fixed[path] = fixed.get(path, 0) + 1
        result = request.load()
    for path, count in sorted(fixed.items()):
        message(f"{path}: {counted(count, 'problem')} fixed")
    return result


def _is_in(file: SourceFile, folders: Sequence[Path]) -> bool:
    path = Path(file.path).resolve()
    return any(path.is_relative_to(folder) for folder in folders)


def _write_all(texts: dict[SourceFile, str]) -> None:
    """Replaces files, each as a whole, and none before the new text of every one is on the disk."""
    staged: dict[Path, Path] = {}
    try:
        for file, text in texts.items():
            target = Path(file.path).resolve()
            if target.read_bytes() != file.text.encode():
                raise CommandError(f"{file.path} was changed while it was checked; nothing was fixed", hint="try again")
            staged[target] = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            staged[target].write_bytes(text.encode())
            shutil.copymode(target, staged[target])
        for target, partial in staged.items():
            os.replace(partial, target)
    finally:
        for partial in staged.values():
            partial.unlink(missing_ok=True)
