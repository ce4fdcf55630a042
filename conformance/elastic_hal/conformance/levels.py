"""Conformance levels: what has to pass before a report may say that a runtime conforms, and to what.

What was skipped did not run and shows nothing: each level counts what passed. No level is reached while anything fails.

- `listed`: of every interface that the adapter lists (all, where it lists none by name) a case passes, unless the
  runtime's own capabilities say that it lacks what its cases need; and something passes at all.
- `core`: besides, a case passes of each interface that every host can have, whatever its platform.
- `full`: besides, a case passes of every stable interface of the contract, and none of their cases is left out because
  of what the adapter cannot do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from elastic_hal.common.text import counted
from elastic_hal.conformance.results import LEVELS, CaseResult, Skip, Verdict

CORE = (
    "elastic:hal/capabilities",
    "elastic:hal/crypto",
    "elastic:hal/poll",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
)
UNSTABLE = ("elastic:hal/post-quantum",)


def level_reached(
    results: Sequence[CaseResult], offered: Iterable[str] | None, interfaces: Sequence[str]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the highest level that the results of a whole run reach, and what the next one lacks.

    `offered` is what the adapter lists, `interfaces` are those of the whole suite.
    """
    listed = tuple(interfaces) if offered is None else tuple(offered)
    checks = (_lacks_listed(results, listed), _lacks_core(results), _lacks_full(results, interfaces))
    reached = None
    for level, lacking in zip(LEVELS, checks, strict=True):
        if lacking:
            return reached, lacking
        reached = level
    return reached, ()


def _lacks_listed(results: Sequence[CaseResult], listed: Sequence[str]) -> tuple[str, ...]:
    bad = sum(not result.verdict.is_good for result in results)
    lacking = [f"{bad} cases are not as they should be"] if bad else []
    expected = sum(result.verdict is Verdict.XFAIL for result in results)
    if expected:
        lacking.append(f"{counted(expected, 'case')} failed, as expected")
    if not any(result.verdict is Verdict.PASS for result in results):
        lacking.append("no case passed")
    for interface in listed:
        own = [result for result in results if result.interface == interface]
        excused = own and all(result.skip is Skip.LACKING for result in own)
        if own and not excused and not _passes(own):
            lacking.append(f"no case of {interface} passed")
    return tuple(lacking)


def _lacks_core(results: Sequence[CaseResult]) -> tuple[str, ...]:
    return tuple(f"no case of {name} passed" for name in CORE if not _passes(_of(results, name)))


def _lacks_full(results: Sequence[CaseResult], interfaces: Sequence[str]) -> tuple[str, ...]:
    lacking = []
    for interface in interfaces:
        if _name(interface) in UNSTABLE:
            continue
        own = _of(results, _name(interface))
        if not _passes(own):
            lacking.append(f"no case of {interface} passed")
        left_out = sum(result.verdict is Verdict.SKIP and result.skip is not Skip.LACKING for result in own)
        if left_out:
            lacking.append(f"{left_out} cases of {interface} did not run, for want of the adapter")
    return tuple(lacking)


def _of(results: Sequence[CaseResult], name: str) -> list[CaseResult]:
    return [result for result in results if _name(result.interface) == name]


def _passes(results: Iterable[CaseResult]) -> bool:
    return any(result.verdict is Verdict.PASS for result in results)


def _name(interface: str) -> str:
    return interface.partition("@")[0]
