"""`elastic-hal conformance`: runs the suite against a runtime, and shows what is in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from elastic_hal.cli.console import line, message, print_json, progress
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.platforms_command import platforms
from elastic_hal.cli.selection import selection_of, selection_options
from elastic_hal.common.errors import BAD, ENVIRONMENT, USAGE
from elastic_hal.common.text import counted

if TYPE_CHECKING:
    from elastic_hal.codegen.model import Resolve
    from elastic_hal.codegen.targets.suite.cases import SuiteCase, SuiteGuest
    from elastic_hal.conformance import Adapter, BuiltSuite, CaseResult, Expectations, MutantResult, SuiteResult

REFERENCE = "elastic-hal-reference"
F = TypeVar("F", bound=Callable[..., Any])


def _refuse_nan(_context: click.Context, _parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise click.BadParameter("it is not a number")
    return value


def _suite_options(command: F) -> F:
    command = selection_options(command)
    return click.option(
        "--cases", type=click.Path(path_type=Path), metavar="DIR", help="Case files. Default: those of the suite."
    )(command)


def _run_options(command: F) -> F:
    command = click.option(
        "--expectations", type=click.Path(path_type=Path), metavar="FILE", help="Failures that are known (TOML)."
    )(command)
    command = click.option(
        "--timeout",
        type=click.FloatRange(0.1, 86_400),
        callback=_refuse_nan,
        metavar="SECONDS",
        help="For each case, in place of its own.",
    )(command)
    command = click.option("--platform", metavar="NAME", help="The platform that the adapter is told to use.")(command)
    command = click.option(
        "--adapter", default=REFERENCE, show_default=True, metavar="A", help="A shipped adapter, or a Python file."
    )(command)
    return _suite_options(command)


@click.group()
def conformance() -> None:
    """Run the conformance suite and look at its cases."""


conformance.add_command(platforms)


@conformance.command()
@_run_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to write results.jsonl, junit.xml, summary.md, report.html.",
)
@click.option(
    "--level",
    type=click.Choice(["listed", "core", "full"]),
    default="listed",
    show_default=True,
    help="What has to pass: a case of each interface that the adapter lists, besides of those that every host can "
    "have, or of every one. A run of selected cases has no level.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as JSON.")
def run(
    *,
    adapter: str,
    platform: str | None,
    cases: Path | None,
    expressions: tuple[str, ...],
    exact: tuple[str, ...],
    expectations: Path | None,
    timeout: float | None,
    out: Path | None,
    level: str,
    as_json: bool,
) -> int:
    """Run the suite. The exit code is 0 where the runtime conforms, 1 where not, 3 where the runtime is not there.

    What is not as it should be is printed as it is found; with --out each result is in results.jsonl at once.
    """
    from elastic_hal.conformance import load_expectations

    known = None if expectations is None else load_expectations(expectations)

    def show(item: CaseResult) -> None:
        if not item.verdict.is_good:
            line(f"{item.verdict.value:<6} {item.interface} {item.case.id}: {item.reason}")

    result = run_and_report(
        adapter,
        platform,
        cases,
        selection_of(expressions, exact, lambda: all_cases(cases)),
        out,
        known,
        timeout,
        level=level,
        on_result=None if as_json else show,
    )
    if as_json:
        print_json(result.to_json())
    else:
        for entry in result.stale:
            line(f"stale  {entry}")
        line(result.summary)
        if result.unavailable is None:
            line(result.conclusion)
    for path in result.files.values():
        message(f"written: {path}")
    if result.unavailable is not None:
        return ENVIRONMENT
    return 0 if result.ok else BAD


@conformance.command("list")
@_suite_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(cases: Path | None, expressions: tuple[str, ...], exact: tuple[str, ...], as_json: bool) -> None:
    """List the cases."""
    from elastic_hal.conformance import case_to_json, list_cases

    _, guests = _guests(cases)
    pairs = list_cases(guests, selection_of(expressions, exact, lambda: list_cases(guests)))
    if as_json:
        print_json([case_to_json(interface, case) for interface, case in pairs])
        return
    for interface, case in pairs:
        line(f"{interface} {case.id}: {case.title}")
    message(counted(len(pairs), "case"))


@conformance.command()
@_run_options
@click.option("--run/--no-run", "with_run", default=True, help="Whether to run the suite for verdicts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def matrix(
    *,
    adapter: str,
    platform: str | None,
    cases: Path | None,
    expressions: tuple[str, ...],
    exact: tuple[str, ...],
    expectations: Path | None,
    timeout: float | None,
    with_run: bool,
    as_json: bool,
) -> int:
    """Print for each catalogue id its functions, cases and verdict."""
    from elastic_hal.conformance import list_cases, load_expectations
    from elastic_hal.conformance import matrix as make_matrix

    result = None
    expression = selection_of(expressions, exact, lambda: all_cases(cases))
    if with_run:
        known = None if expectations is None else load_expectations(expectations)
        result = run_and_report(adapter, platform, cases, expression, None, known, timeout)
        _require_available(result)
    _, guests = _guests(cases)
    rows = make_matrix(list_cases(guests, expression), result)
    if as_json:
        print_json([row.to_json() for row in rows])
    else:
        for row in rows:
            line(
                f"{row.id:<7} {row.verdict:<9} {len(row.functions):>3} functions {len(row.cases):>4} cases  {row.text}"
            )
    return BAD if any(row.verdict in {"fail", "error", "xpass"} for row in rows) else 0


@conformance.command()
@_suite_options
@click.option("--mutant", "names", multiple=True, metavar="NAME", help="Only this one; may be given more than once.")
@click.option(
    "--adapter", default=REFERENCE, show_default=True, metavar="A", help="The adapter; it takes the option `mutant`."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def mutants(
    *,
    cases: Path | None,
    expressions: tuple[str, ...],
    exact: tuple[str, ...],
    names: tuple[str, ...],
    adapter: str,
    as_json: bool,
) -> int:
    """Run the suite against broken copies of the reference runtime: each must be noticed.

    First it runs without any mutant. Where a case does not pass then, nothing can be said of the mutants: exit code 1.
    """
    from elastic_hal.conformance import adapter_options, load_adapter, mutant_names, mutants_selection, run_mutants

    for name in names:
        if name not in mutant_names():
            raise CommandError(f"there is no mutant {name!r}", USAGE, f"there are {', '.join(mutant_names())}")

    def adapter_for(name: str | None) -> Adapter:
        return load_adapter(adapter, adapter_options(None, name))

    wanted = names or mutant_names()
    expression = selection_of(expressions, exact, lambda: all_cases(cases))
    _check_adapter(adapter_for(None), cases)
    suite = build(cases, mutants_selection(wanted, expression))
    width = max(map(len, wanted))

    def show(result: MutantResult) -> None:
        verdict = f"noticed by cases: {len(result.killed_by)}" if result.killed else "NOT NOTICED"
        line(f"{result.mutant:<{width}} {verdict} in {result.result.seconds:.1f} s")

    on_mutant = None if as_json else show
    results = run_mutants(suite, adapter_for, names=wanted, expression=expression, on_mutant=on_mutant)
    if as_json:
        print_json([result.to_json() for result in results])
    return 0 if all(result.killed for result in results) else BAD


@conformance.command()
@_run_options
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The file to write.")
def expectations(
    *,
    adapter: str,
    platform: str | None,
    cases: Path | None,
    expressions: tuple[str, ...],
    exact: tuple[str, ...],
    expectations: Path | None,
    timeout: float | None,
    out: Path,
) -> None:
    """Run the suite and write every failure down as expected. Reasons in an earlier file (--expectations) are kept."""
    from elastic_hal.conformance import load_expectations, write_expectations

    previous = None if expectations is None else load_expectations(expectations)
    expression = selection_of(expressions, exact, lambda: all_cases(cases))
    result = run_and_report(adapter, platform, cases, expression, None, None, timeout)
    _require_available(result)
    count = write_expectations(result, out, previous)
    message(f"{out}: {count} expected failures")


def _require_available(result: SuiteResult) -> None:
    """Refuse to conclude anything from a runtime that is not there."""
    if result.unavailable is not None:
        raise CommandError(f"the runtime is not available: {result.unavailable}", ENVIRONMENT)


def run_and_report(
    adapter: str,
    platform: str | None = None,
    cases: Path | None = None,
    expression: str | None = None,
    out: Path | None = None,
    expectations: Expectations | None = None,
    timeout: float | None = None,
    *,
    level: str | None = None,
    on_result: Callable[[CaseResult], None] | None = None,
) -> SuiteResult:
    """Builds what has to be built, runs it, and writes the reports where a folder is given."""
    from elastic_hal.conformance import RESULTS, ResultsFile, adapter_options, load_adapter, run_suite, write_reports

    loaded = load_adapter(adapter, adapter_options(platform, None))
    if adapter == REFERENCE and platform is not None:
        from elastic_hal.reference_impl import platforms

        platforms.load(platform)  # A platform that is not there is told at once, not by every case after a long build.
    _check_adapter(loaded, cases)
    suite = build(cases, expression)
    with ExitStack() as stack:
        file = None
        if out is not None:
            file = ResultsFile(out / RESULTS, {"adapter": adapter, "platform": platform})
            stack.callback(file.close)
        update = stack.enter_context(progress("running cases"))

        def finished(result: CaseResult, done: int, total: int) -> None:
            if file is not None:
                file.add(result)
            if on_result is not None:
                on_result(result)
            update("running cases", done, total)

        try:
            result = run_suite(
                suite,
                loaded,
                platform=platform,
                expression=expression,
                expectations=expectations,
                timeout=timeout,
                on_progress=finished,
                level=None if expression is not None else level,
                options=_options(adapter, platform, cases, timeout),
            )
        except BaseException:
            if out is not None:
                message(f"stopped; what was found until then is in {out / RESULTS}")
            raise
    return result if out is None else write_reports(result, suite.cases(), out)


def _check_adapter(adapter: Adapter, cases: Path | None) -> None:
    """Refuse an adapter that says what cannot be, before anything is built for it. One that is not there is reported by
    the run.
    """
    from elastic_hal.codegen.targets.suite.reach import all_interfaces
    from elastic_hal.conformance import RuntimeUnavailable

    with suppress(RuntimeUnavailable):
        adapter.check([interface.id or "" for interface in all_interfaces(_guests(cases)[0])])


def _options(adapter: str, platform: str | None, cases: Path | None, timeout: float | None) -> Sequence[str]:
    """The options that give a run again."""
    given = {"--adapter": adapter, "--platform": platform, "--cases": cases, "--timeout": timeout}
    return [word for option, value in given.items() if value is not None for word in (option, str(value))]


def build(cases: Path | None = None, expression: str | None = None) -> BuiltSuite:
    """The components of the suite, built where the cache has none."""
    from elastic_hal.conformance import build_suite, list_cases, select_guests

    resolve, guests = _guests(cases)
    if not list_cases(guests, expression):
        raise CommandError(
            f"no case matches -k {expression!r}", USAGE, "`elastic-hal conformance list` shows the cases"
        )
    wanted = select_guests(guests, expression)
    done: list[str] = []

    with progress("building the suite") as update:

        def built(name: str, cached: bool) -> None:
            done.append(name)
            update(f"building the suite: {name}", len(done), len(wanted))

        suite = build_suite(resolve, wanted, on_built=built)
    return replace(suite, interfaces=tuple(guest.interface.id or "" for guest in guests))


def all_cases(cases: Path | None) -> list[tuple[str, SuiteCase]]:
    """Every case of the suite, or of a folder, with its interface."""
    from elastic_hal.conformance import list_cases

    return list_cases(_guests(cases)[1])


def _guests(cases: Path | None) -> tuple[Resolve, list[SuiteGuest]]:
    from elastic_hal.cli.regenerate import FEATURES
    from elastic_hal.codegen.frontend import load_or_raise
    from elastic_hal.codegen.resources import contract_dir
    from elastic_hal.conformance import load_guests

    resolve = load_or_raise([contract_dir()], FEATURES)
    return resolve, load_guests(resolve, cases)
