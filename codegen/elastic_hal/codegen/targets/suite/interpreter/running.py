"""Runs cases and prints one JSON object a line: begin, step, end with verdict and what was observed, and a last line
with the count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .expressions import evaluate
from .matching import matches
from .showing import jsonable, line
from .table import Function
from .wit_types import NOTHING, WrongType

Emit = Callable[[str], None]


def main(
    arguments: Sequence[str], functions: Mapping[str, Function], cases: Sequence[Mapping[str, Any]], emit: Emit
) -> bool:
    """Does what the arguments say and returns whether all was well.

    `--case ID…` runs these cases, no option all of them, `--list` prints their ids, `--call NAME` the value of a
    function without parameters. What stands before the first option, such as the program's name, is ignored: hosts
    differ in what they put there.
    """
    options = [index for index, argument in enumerate(arguments) if argument.startswith("--")]
    option, *chosen = arguments[options[0] :] if options else ["--all"]
    match option:
        case "--list":
            return _list(cases, emit)
        case "--call" if len(chosen) == 1:
            return _value(chosen[0], functions, emit)
        case "--case" if chosen:
            unknown = sorted(set(chosen) - {case["id"] for case in cases})
            return _run([case for case in cases if case["id"] in chosen], unknown, functions, emit)
        case "--all":
            return _run(cases, [], functions, emit)
    emit(line("usage", reason=f"{option} is not understood", usage="[--all | --list | --case ID... | --call NAME]"))
    return False


def _run(
    cases: Sequence[Mapping[str, Any]], unknown: Sequence[str], functions: Mapping[str, Function], emit: Emit
) -> bool:
    for identifier in unknown:
        emit(line("unknown", case=identifier))
    verdicts = [run_case(case, functions, emit) for case in cases]
    passed = verdicts.count("pass")
    emit(line("summary", count=len(verdicts), passed=passed))
    return passed == len(verdicts) and not unknown


def _list(cases: Sequence[Mapping[str, Any]], emit: Emit) -> bool:
    for case in cases:
        emit(line("case", case=case["id"]))
    emit(line("summary", count=len(cases), passed=0))
    return True


def _value(name: str, functions: Mapping[str, Function], emit: Emit) -> bool:
    """Prints the whole value, nothing cut, for a program to read."""
    found = [
        function for label, function in functions.items() if label.endswith("#" + name) and not function.parameters
    ]
    if len(found) != 1:
        emit(line("unknown", function=name))
        return False
    outcome, value, _ = _call(found[0], [], {})
    emit(line("value", call=name, outcome={outcome: jsonable(value, cut=False)}))
    return outcome == "ok"


def run_case(case: Mapping[str, Any], functions: Mapping[str, Function], emit: Emit) -> str:
    """Runs one case and reports it; the verdict is pass, fail, unsupported, or broken where the interpreter itself
    failed.
    """
    emit(line("begin", case=case["id"]))
    bound: dict[str, Any] = {}
    for number, step in enumerate(case["steps"], start=1):
        try:
            failure = _run_step(case["id"], number, step, functions, bound, emit)
        except Exception as error:
            failure = {
                "verdict": "broken",
                "reason": f"the guest's interpreter failed: {type(error).__name__}: {error}",
            }
        if failure is not None:
            emit(line("end", case=case["id"], step=number, **failure))
            return str(failure["verdict"])
    emit(line("end", case=case["id"], verdict="pass"))
    return "pass"


def _run_step(
    case: str,
    number: int,
    step: Mapping[str, Any],
    functions: Mapping[str, Function],
    bound: dict[str, Any],
    emit: Emit,
) -> dict[str, Any] | None:
    """What went wrong, or None."""
    if step["do"] == "drop":
        evaluate(step["value"], bound).close()
        return None
    if step["do"] == "check":
        observed = evaluate(step["value"], bound)
        if matches(step["is"], observed, bound):
            return None
        return {
            "verdict": "fail",
            "reason": "what was bound is not as expected",
            "expected": jsonable(step["is"]),
            "observed": jsonable(observed),
        }
    return _run_call(case, number, step, functions, bound, emit)


def _run_call(
    case: str,
    number: int,
    step: Mapping[str, Any],
    functions: Mapping[str, Function],
    bound: dict[str, Any],
    emit: Emit,
) -> dict[str, Any] | None:
    function = functions[step["function"]]
    expect = step["expect"]
    collected = []
    for _ in range(step["repeat"] or 1):
        if expect[0] == "trap":
            emit(line("step", case=case, step=number, call=step["function"], expect="trap"))
        outcome, value, failure = _call(function, step["args"], bound)
        if outcome != "broken":
            failure = _judge(expect, outcome, value, bound)
        if failure is not None or step["repeat"] is None:
            emit(line("step", case=case, step=number, call=step["function"], outcome={outcome: jsonable(value)}))
        if failure is not None:
            return {"call": step["function"], **failure}
        collected.append(value)
    if step["bind"] is not None:
        bound[step["bind"]] = collected[0] if step["repeat"] is None else collected
    return None


def _call(
    function: Function, arguments: Sequence[Any], bound: Mapping[str, Any]
) -> tuple[str, Any, dict[str, Any] | None]:
    """Outcome `ok`, `err` or `broken`, the neutral value, and for `broken` what is wrong."""
    built = [kind.build(evaluate(item, bound)) for kind, item in zip(function.parameters, arguments, strict=True)]
    try:
        value = function.call(*built)
        return "ok", (NOTHING if function.returned is None else function.returned).show(value), None
    except WrongType as wrong:
        return "broken", str(wrong), _fail("the value returned is not of the declared type", None, str(wrong))
    except Exception as raised:  # whatever a binding raises is an outcome to report
        return _raised(function, raised)


def _raised(function: Function, raised: Exception) -> tuple[str, Any, dict[str, Any] | None]:
    errors = function.errors
    text = f"{type(raised).__name__}: {raised}"
    if errors is None or not isinstance(raised, errors.raised):
        return "broken", text, _fail("the call raised what the contract does not declare", None, text)
    try:
        return "err", None if errors.kind is None else errors.kind.show(errors.extract(raised)), None
    except WrongType as wrong:
        return "broken", str(wrong), _fail("the error returned is not of the declared type", None, str(wrong))


def _judge(expect: Any, outcome: str, value: Any, bound: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = expect[0]
    if kind == "typed":
        return None
    if kind == "trap":
        return _fail("the call returned instead of trapping", "trap", {outcome: value})
    expected = {kind: expect[1]} if kind == "ok" else {"err": ("one-of", expect[1] or [("any",)])}
    if outcome == kind and matches(expected[kind], value, bound):
        return None
    failure = _fail("the outcome is not as expected", _shown_expectation(expect), {outcome: value})
    if outcome == "err" and isinstance(value, dict) and "unsupported" in value:
        failure["verdict"] = "unsupported"
    return failure


def _shown_expectation(expect: Any) -> Any:
    kind, detail = expect
    if kind == "ok":
        return "ok" if detail == ("any",) else {"ok": detail}
    return "err" if detail is None else {"err": detail[0] if len(detail) == 1 else detail}


def _fail(reason: str, expected: Any, observed: Any) -> dict[str, Any]:
    return {"verdict": "fail", "reason": reason, "expected": jsonable(expected), "observed": jsonable(observed)}


def emit_to_stdout(text: str) -> None:
    """Prints a line at once, so that a trap or a kill loses nothing that was said before."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
