"""`elastic-hal conformance platforms`: the whole suite on every platform of the reference runtime, side by side.

The emulators of the hardware platforms run for as long as their suite does. Platforms may differ only in what their
capabilities declare: there a case is skipped on one and passes on another; everything else must come out the same.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import message, print_json
from elastic_hal.cli.emulated_machine import emulated_machine
from elastic_hal.cli.files import write_whole
from elastic_hal.cli.memory_option import closes_memory
from elastic_hal.cli.platform_options import SEALING_VARIABLE
from elastic_hal.cli.selection import selection_of, selection_options
from elastic_hal.common.errors import BAD

if TYPE_CHECKING:
    from elastic_hal.conformance import SuiteResult

PLATFORMS = ("simulated", "sev-snp", "tdx")


@click.command()
@selection_options
@click.option("--broker/--no-broker", default=True, show_default=True, help="Whether TDX has a key broker to seal by.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to write the report (Markdown).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@closes_memory
def platforms(
    expressions: tuple[str, ...], exact: tuple[str, ...], broker: bool, out: Path | None, as_json: bool
) -> int:
    """Run the suite on the simulated platform and on emulated SEV-SNP and TDX machines, and print one report.

    TDX, which has no sealing keys, gets them from a key broker that is started for the run.

    The exit code is 0 where every platform conforms and they differ only in what their capabilities declare.
    """
    from elastic_hal.cli.conformance_commands import REFERENCE, all_cases, run_and_report
    from elastic_hal.reference_impl.platforms.emulator.mount import check_available

    expression = selection_of(expressions, exact, lambda: all_cases(None))
    check_available()
    # A broker that the user has for other runs would take the place of the platforms' own keys.
    os.environ.pop(SEALING_VARIABLE, None)
    results: dict[str, SuiteResult] = {}
    for name in PLATFORMS:
        with nullcontext() if name == "simulated" else emulated_machine(name, with_broker=broker):
            results[name] = run_and_report(REFERENCE, name, expression=expression)
        message(f"{name}: {results[name].summary}")
    verdicts = _verdicts(results)
    different = {case: found for case, found in verdicts.items() if len(set(found.values())) > 1}
    report = _report(results, different)
    if out is not None:
        write_whole(out, report.encode())
        message(f"written: {out}")
    if as_json:
        print_json(
            {
                "platforms": {name: result.counts for name, result in results.items()},
                "different": different,
                "declared": _is_declared(different),
            }
        )
    elif out is None:
        click.echo(report, nl=False)
    # On one platform all of a few cases may be skipped by its own word, but not on every one.
    clean = all(result.is_clean for result in results.values()) and any(result.ok for result in results.values())
    whole = expression is not None or all(result.ok for result in results.values())
    return 0 if clean and whole and _is_declared(different) else BAD


def _verdicts(results: dict[str, SuiteResult]) -> dict[str, dict[str, str]]:
    """The verdicts of each case by platform."""
    verdicts: dict[str, dict[str, str]] = {}
    for name, result in results.items():
        for item in result.results:
            verdicts.setdefault(f"{item.interface} {item.case.id}", {})[name] = item.verdict.value
    return verdicts


def _is_declared(different: dict[str, dict[str, str]]) -> bool:
    """Whether the platforms differ only where a capability is missing, for which the suite skips a case."""
    return all(set(found.values()) == {"pass", "skip"} for found in different.values())


def _report(results: dict[str, SuiteResult], different: dict[str, dict[str, str]]) -> str:
    """The report: what every catalogue id came to on each platform, then the cases that came out differently."""
    counts = {name: _by_catalogue(result) for name, result in results.items()}
    identifiers = dict.fromkeys(identifier for counted in counts.values() for identifier in counted)
    lines = ["# Conformance by platform", "", f"| | {' | '.join(results)} |", f"|---|{'---|' * len(results)}"]
    for verdict in ("pass", "fail", "error", "skip"):
        lines.append(f"| {verdict} | {' | '.join(str(result.counts[verdict]) for result in results.values())} |")
    lines += ["", f"| catalogue | {' | '.join(results)} |", f"|---|{'---|' * len(results)}"]
    for identifier in sorted(identifiers, key=_in_order):
        cells = [_words(counted.get(identifier, Counter())) for counted in counts.values()]
        lines.append(f"| {identifier} | {' | '.join(cells)} |")
    lines += ["", f"## Cases that came out differently: {len(different)}", ""]
    for case, found in sorted(different.items()):
        lines.append(f"- {case}: {', '.join(f'{name} {verdict}' for name, verdict in found.items())}")
    return "\n".join(lines) + "\n"


def _by_catalogue(result: SuiteResult) -> dict[str, Counter[str]]:
    """How the cases of each catalogue id came out."""
    counted: dict[str, Counter[str]] = {}
    for item in result.results:
        for identifier in item.case.catalogue:
            counted.setdefault(identifier, Counter())[item.verdict.value] += 1
    return counted


def _words(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(counted.items()))


def _in_order(identifier: str) -> tuple[str, int]:
    family, _, number = identifier.partition("-")
    return family, int(number) if number.isdigit() else 0
