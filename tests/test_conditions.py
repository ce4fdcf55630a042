"""The conditions that tests run under: signals, time-outs and searches do not depend on who started them, or luck."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.internal.reflection import repr_call

TESTS = Path(__file__).parent
SIGNAL_TESTS = (
    "runtime/test_engine.py::test_ctrl_c_does_not_wait_for_the_compiler",
    "runtime/test_workload.py::test_an_interrupt_stops_the_guest_and_is_raised",
    "cli/test_cli_process.py::test_a_signal_stops_a_guest",
)


def inner(*arguments: object, cwd: Path = TESTS.parent, start: str = "") -> subprocess.CompletedProcess[str]:
    """Runs pytest in a shell that did `start` first; it would wait here for ever only without a time-out of its own."""
    command = ["sh", "-c", f'{start} exec "$@"', "sh", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [*command, *map(str, arguments)], cwd=cwd, env=quiet, capture_output=True, text=True, check=False
    )


def test_signals_may_be_ignored_where_pytest_is_started() -> None:
    """`nohup make test &` starts it so: what tests send to themselves and to their children arrives all the same."""
    done = inner(*(TESTS / name for name in SIGNAL_TESTS), "--timeout", "120", start="trap '' HUP INT QUIT TERM;")
    assert done.returncode == 0, done.stdout[-4000:]


def test_signals_may_be_blocked_where_pytest_is_started() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        done = inner(TESTS / SIGNAL_TESTS[1], TESTS / SIGNAL_TESTS[2], "--timeout", "120")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert done.returncode == 0, done.stdout[-4000:]


def test_a_test_that_hangs_ends_with_the_stacks_of_all_threads(tmp_path: Path) -> None:
    test = tmp_path / "test_hangs.py"
    test.write_text(
        "import threading\n"
        "def beside(): threading.Event().wait()\n"
        "def test_hangs():\n"
        "    threading.Thread(target=beside, daemon=True).start()\n"
        "    threading.Event().wait()\n"
        "def test_after(): pass\n"
    )
    done = inner("-c", TESTS.parent / "pyproject.toml", "--rootdir", tmp_path, "--timeout", "2", test, cwd=tmp_path)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "in beside" in done.stdout + done.stderr
    assert "in test_hangs" in done.stdout + done.stderr or "def test_hangs" in done.stdout


def test_every_test_has_a_time_out(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) < float(pytestconfig.getini("faulthandler_timeout"))


def test_searches_are_the_same_each_time_but_in_a_soak_run(pytestconfig: pytest.Config) -> None:
    soak = pytestconfig.getoption("--soak")
    assert hypothesis.settings().derandomize is not soak
    assert hypothesis.settings().deadline is None
    assert hypothesis.HealthCheck.too_slow in hypothesis.settings().suppress_health_check


def test_no_search_of_its_own_is_random() -> None:
    """A test's own settings take the rest from the profile, unless they say otherwise."""
    assert hypothesis.settings(max_examples=3).derandomize is hypothesis.settings().derandomize


@hypothesis.given(st.integers(40_000, 41_000).map(bytes))
@hypothesis.settings(max_examples=2)
def test_a_long_representation_is_no_fault(value: bytes) -> None:
    """Hypothesis warns of those that have more than 30 kB, and whether it meets one is up to chance."""
    assert len(repr_call(len, (value,), {})) > 40_000
