"""What the host's log says of calls that were refused: who, which function, about what, why; bounded, on one line."""

import ast
import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from elastic_hal import reference_impl
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.unproven import unproven
from elastic_hal.runtime.abi.refusals import MAX_REFUSALS_LOGGED, Refusals

FUNCTION = "elastic:hal/sealing@0.2.0.unseal"


@dataclass
class Named:
    log_name: str


def noted(caplog, error, *arguments, workload="keeper"):
    refusals = Refusals()
    refusals.workload = workload
    with caplog.at_level(logging.WARNING):
        refusals.note(FUNCTION, error, arguments)
    return caplog.messages


def test_the_reason_that_the_guest_does_not_get(caplog):
    assert noted(caplog, unproven("it was changed")) == [
        f"workload 'keeper': {FUNCTION}: verification-failed: it was changed"
    ]


def test_the_text_that_the_guest_gets(caplog):
    assert noted(caplog, types.Error_AccessDenied("not granted"), Named("container 'a'"), workload="") == [
        f"{FUNCTION}: access-denied: container 'a': not granted"
    ]


@pytest.mark.parametrize(
    "error",
    [types.Error_VerificationFailed(), types.Error_NotFound("nothing"), types.Error_Internal("x"), ValueError("x")],
)
def test_nothing_is_said_where_there_is_nothing_to_say(caplog, error):
    assert noted(caplog, error) == []


def test_arguments_are_never_told(caplog):
    assert "hunter2" not in noted(caplog, unproven("the password does not open it"), b"file", "hunter2")[0]


def test_an_entry_is_one_line_of_bounded_length(caplog):
    told = noted(
        caplog,
        unproven("first\nworkload 'other': " + "x" * 100_000),
        Named("a\x1b[2J" + "y" * 100_000),
        workload="z\n" * 10_000,
    )[0]
    assert "\n" not in told
    assert "\x1b" not in told
    assert len(told) < 2_000


def test_a_workload_cannot_fill_the_log(caplog):
    refusals = Refusals()
    with caplog.at_level(logging.WARNING):
        for _ in range(MAX_REFUSALS_LOGGED * 5):
            refusals.note(FUNCTION, unproven("it was changed"), ())
    assert len(caplog.messages) == MAX_REFUSALS_LOGGED
    assert caplog.messages[-1].endswith("(more refusals of this workload are not shown)")


@pytest.mark.parametrize("family", ["sealing", "storage", "tls"])
def test_where_the_host_knows_a_reason_it_gives_it(family):
    bare = [
        f"{path.name}:{node.lineno}"
        for path in sorted((Path(reference_impl.__file__).parent / family).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise)
        and node.exc is not None
        and ast.unparse(node.exc).startswith("types.Error_VerificationFailed")
    ]
    assert bare == []
