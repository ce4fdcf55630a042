"""No line that a runtime forges makes a case pass, or excuses one; and what is no strict JSON is no line at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from elastic_hal.codegen.targets.suite.cases import CallStep, CheckStep, Need, SuiteCase
from elastic_hal.conformance import Verdict
from elastic_hal.conformance.capabilities import Statement, read_statement
from elastic_hal.conformance.events import parse_event
from elastic_hal.conformance.judge import judge
from elastic_hal.conformance.session import Observation

MAC = Need(("CRY-9",), "hmac", frozenset({"hmac", "cmac"}), ("CRY-1",), is_algorithm=True, exact=True)
KEY = Need(("CRY-1",), "hmac", frozenset({"hmac", "cmac"}), ("CRY-1",), is_algorithm=True, exact=True)
STEPS = (
    CallStep("i", "make", ("hmac",), None, bind="key"),
    CallStep("i", "mac", (("ref", "key"),), ("ok", ("any",))),
    CheckStep(("ref", "key"), ("any",)),
    CallStep("i", "verify", (("ref", "key"),), ("err", [{"denied": ("any",)}])),
    CallStep("i", "mac", (("ref", "key"),), ("ok", ("any",)), repeat=3),
)
CASE = SuiteCase("c", "t", "file", STEPS, ("CRY-9",), (), ("mac",), step_needs=((KEY,), (MAC,), (), (), (MAC,)))


def step(number: int, call: str, outcome: Any, **more: Any) -> dict[str, Any]:
    return {"event": "step", "case": "c", "step": number, "call": f"i#{call}", "outcome": outcome, **more}


BEGIN = {"event": "begin", "case": "c"}
MADE, MACED, DENIED = (
    step(1, "make", {"ok": "<Key>"}),
    step(2, "mac", {"ok": 1}),
    step(4, "verify", {"err": {"denied": ""}}),
)
END = {"event": "end", "case": "c", "verdict": "pass"}
SUMMARY = {"event": "summary", "count": 1, "passed": 1}
GOOD = [BEGIN, MADE, MACED, DENIED, END, SUMMARY]
SERVES = Statement({"CRY-9": ("hmac",), "CRY-1": ("hmac",)})


def verdict(
    events: list[Any], code: int | None = 0, statement: Statement | None = SERVES, case: SuiteCase = CASE
) -> Verdict:
    seen = Observation(("runtime",), list(events), exit_code=code)
    found = judge("i", case, seen, statement, asked=True)
    json.dumps(found.to_json(), allow_nan=False)
    return found.verdict


def test_the_lines_of_an_honest_guest_pass() -> None:
    assert verdict(GOOD) is Verdict.PASS


@pytest.mark.parametrize(
    ("what", "events"),
    [
        ("no steps", [BEGIN, END, SUMMARY]),
        ("a step left out", [BEGIN, MADE, DENIED, END, SUMMARY]),
        ("the last step left out", [BEGIN, MADE, MACED, END, SUMMARY]),
        ("a step twice", [BEGIN, MADE, MACED, MACED, DENIED, END, SUMMARY]),
        ("steps in another order", [BEGIN, MACED, MADE, DENIED, END, SUMMARY]),
        ("another function", [BEGIN, MADE, {**MACED, "call": "i#other"}, DENIED, END, SUMMARY]),
        ("a step that failed", [BEGIN, MADE, {**MACED, "outcome": {"err": {"denied": ""}}}, DENIED, END, SUMMARY]),
        ("an error that should be", [BEGIN, MADE, MACED, {**DENIED, "outcome": {"ok": 1}}, END, SUMMARY]),
        ("another error", [BEGIN, MADE, MACED, {**DENIED, "outcome": {"err": {"other": ""}}}, END, SUMMARY]),
        ("two outcomes", [BEGIN, MADE, {**MACED, "outcome": {"ok": 1, "err": 2}}, DENIED, END, SUMMARY]),
        ("no outcome", [BEGIN, MADE, {**MACED, "outcome": None}, DENIED, END, SUMMARY]),
        ("a trap announced", [BEGIN, MADE, {**MACED, "expect": "trap", "outcome": None}, DENIED, END, SUMMARY]),
        ("a step of another case", [BEGIN, MADE, {**MACED, "case": "d"}, DENIED, END, SUMMARY]),
        ("an end of another case", [*GOOD[:-2], {**END, "case": "d"}, SUMMARY]),
        ("two beginnings", [BEGIN, *GOOD]),
        ("two ends", [*GOOD[:-1], END, SUMMARY]),
        ("two counts", [*GOOD, SUMMARY]),
        ("a line after the count", [*GOOD, MADE]),
        ("a line before the beginning", [MADE, *GOOD]),
        ("no count", GOOD[:-1]),
        ("another count", [*GOOD[:-1], {**SUMMARY, "count": 2}]),
        ("a count that is true", [*GOOD[:-1], {**SUMMARY, "count": True}]),
        ("none that passed", [*GOOD[:-1], {**SUMMARY, "passed": 0}]),
        ("a line of no kind", [BEGIN, {"event": "pass"}, *GOOD[1:]]),
        ("a line without kind", [BEGIN, {}, *GOOD[1:]]),
        ("a kind that is none", [BEGIN, {"event": ["begin"]}, *GOOD[1:]]),
        ("a step without number", [BEGIN, {**MADE, "step": None}, *GOOD[2:]]),
        ("a step that is true", [BEGIN, {**MADE, "step": True}, *GOOD[2:]]),
        ("a step beyond the last", [BEGIN, {**MADE, "step": 99}, *GOOD[2:]]),
        ("no end", GOOD[:-2]),
        ("no beginning", GOOD[1:]),
        ("nothing", []),
    ],
)
def test_a_forged_pass_is_an_error(what: str, events: list[Any]) -> None:
    assert verdict(events) is Verdict.ERROR, what


def test_the_exit_code_belongs_to_the_verdict() -> None:
    assert verdict(GOOD, 1) is Verdict.ERROR
    assert verdict(GOOD, None) is Verdict.ERROR


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({**MADE, "step": 1, "expect": "trap"}, 134),
        ({"event": "step", "case": "c", "step": 5, "call": "i#mac", "expect": "trap"}, 134),
        ({"event": "step", "case": "c", "step": 1, "call": "i#make", "expect": "trap"}, 1),
    ],
)
def test_a_forged_trap_passes_no_case(event: Any, code: int) -> None:
    assert verdict([BEGIN, event], code) is Verdict.FAIL
    assert verdict([BEGIN, MADE, event] if event["step"] > 1 else [BEGIN, event], 0) is Verdict.ERROR


def unsupported(number: int, *before: Any, call: str = "make") -> list[Any]:
    said = step(number, call, {"err": {"unsupported": "no"}})
    end = {
        **END,
        "verdict": "unsupported",
        "step": number,
        "expected": "ok",
        "observed": {"err": {"unsupported": "no"}},
    }
    return [BEGIN, *before, said, end, {**SUMMARY, "passed": 0}]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (Statement({"CRY-1": ("hmac",), "CRY-9": ("hmac",)}), Verdict.FAIL),
        (Statement({"CRY-1": ("cmac",), "CRY-9": ("cmac",)}), Verdict.SKIP),
        (Statement({"CRY-1": (), "CRY-9": ("cmac",)}), Verdict.SKIP),
        (Statement({"CRY-1": (), "CRY-9": ("hmac",)}), Verdict.FAIL),
        (Statement({"CRY-1": None, "CRY-9": ("hmac",)}), Verdict.SKIP),
        (Statement({"CRY-1": ("hmac",), "CRY-9": None}), Verdict.FAIL),
        (Statement({"CRY-1": ("aead",), "SOC-7": ("hmac",)}), Verdict.SKIP),
        (Statement({"CRY-1": ("aead",), "CRY-10": ("hmac",)}), Verdict.FAIL),
        (Statement({}), Verdict.FAIL),
        (None, Verdict.FAIL),
    ],
)
def test_unsupported_is_excused_by_the_runtimes_own_word_alone(statement: Statement | None, expected: Verdict) -> None:
    assert verdict(unsupported(1), 1, statement) is expected


def test_the_excuse_has_to_be_for_the_step_that_was_unsupported() -> None:
    lacks_mac = Statement({"CRY-1": ("hmac",), "CRY-9": ("cmac",)})
    assert verdict(unsupported(2, MADE, call="mac"), 1, lacks_mac) is Verdict.SKIP
    assert verdict(unsupported(1), 1, lacks_mac) is Verdict.FAIL
    blames_another = unsupported(1)
    blames_another[-2] = {**blames_another[-2], "step": 2}
    assert verdict(blames_another, 1, lacks_mac) is Verdict.ERROR


def test_what_is_denied_must_not_work() -> None:
    assert verdict(GOOD, statement=Statement({"CRY-1": ("hmac",), "CRY-9": ("cmac",)})) is Verdict.FAIL
    assert verdict(GOOD, statement=Statement({"CRY-1": ("hmac",), "CRY-9": None})) is Verdict.FAIL


def test_a_step_that_may_fail_in_any_way_still_may_not_deny_what_is_listed() -> None:
    free = SuiteCase("c", "t", "types", (CallStep("i", "make", (), ("typed",)),), (), (), step_needs=((KEY,),))
    said = step(1, "make", {"err": {"unsupported": ""}})
    assert verdict([BEGIN, said, END, SUMMARY], statement=SERVES, case=free) is Verdict.FAIL
    assert verdict([BEGIN, said, END, SUMMARY], statement=Statement({"CRY-1": ("cmac",)}), case=free) is Verdict.PASS
    served = step(1, "make", {"ok": 1})
    assert verdict([BEGIN, served, END, SUMMARY], statement=SERVES, case=free) is Verdict.PASS
    assert verdict([BEGIN, served, END, SUMMARY], statement=Statement({"CRY-1": ("cmac",)}), case=free) is Verdict.FAIL


@pytest.mark.parametrize("text", ["\x1b[2J\nelastic-hal: all good", "\u202eabc", "x" * 100_000, {"a": 1}, None])
def test_words_of_the_runtime_stand_on_one_line(text: Any) -> None:
    end = {**END, "verdict": "fail", "step": 2, "call": text, "reason": text}
    found = judge("i", CASE, Observation(("r",), [BEGIN, MADE, MACED, end, SUMMARY], exit_code=1), SERVES)
    assert found.verdict is Verdict.FAIL
    assert found.reason.isprintable()
    assert len(found.reason) < 1000
    other = judge("i", CASE, Observation(("r",), [BEGIN, {**END, "verdict": text}, SUMMARY], exit_code=1), SERVES)
    assert other.verdict is Verdict.ERROR
    assert other.reason.isprintable()


@pytest.mark.parametrize(
    "line",
    [
        "NaN",
        '{"a": NaN}',
        '{"a": [Infinity]}',
        '{"a": -Infinity}',
        r'{"a": "\ud800"}',
        r'{"a\udc00": 1}',
        '{"a": 1e400}',
        '{"a": -1e400}',
        '{"verdict": "fail", "verdict": "pass"}',
        '{"a": {"b": 1, "b": 2}}',
        "[" * 100_000,
        '{"a":' * 100 + "1" + "}" * 100,
        "1",
        "[]",
        "{",
        "",
    ],
)
def test_what_is_not_strict_json_is_no_line(line: str) -> None:
    assert parse_event(line.encode()) is None


def test_text_of_json_stays() -> None:
    assert parse_event(rb'{"a": "\ud83d\ude00 \u00e9"}') == {"a": "\U0001f600 é"}


def test_numbers_of_json_stay() -> None:
    assert parse_event(b'{"a": [1.5e10, -3, 0.1, 18446744073709551615]}') == {"a": [1.5e10, -3, 0.1, 2**64 - 1]}


def test_a_statement_that_contradicts_itself_excuses_nothing() -> None:
    entries = [
        {"id": "CRY-1", "supported": True, "algorithms": ["hmac"]},
        {"id": "CRY-1", "supported": False, "algorithms": []},
        {"id": "CRY-9", "supported": False, "algorithms": ["hmac"]},
        {"id": "CRY-9", "supported": True, "algorithms": []},
    ]
    statement = read_statement([{"event": "value", "outcome": {"ok": entries}}])
    assert statement is not None
    assert not statement.denies(KEY)
    assert not statement.denies(MAC)
