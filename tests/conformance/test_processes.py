"""What a runtime leaves behind neither keeps the runner waiting nor lives on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.conformance import Adapter, BuiltSuite, Verdict, run_suite
from elastic_hal.conformance.process import Running, RuntimeProcess, StoppedError

HELD = 60.0
"""Seconds after which a test has hung."""
LEAVES = """
import os, sys, time
way, file = sys.argv[1:]
if os.fork() == 0:
    if way != "child":
        os.setsid()
    if way == "double-fork" and os.fork():
        os._exit(0)
    if way == "without-environment" and "HOME" in os.environ:
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(3600)"], {})
    if way == "without-pipes":
        for descriptor in range(3):
            os.close(descriptor)
    open(file, "a").write(f"{os.getpid()}\\n")
    time.sleep(3600)
while not os.path.exists(file) and way != "without-environment":
    time.sleep(0.01)
print("a line")
"""
WAYS = ["child", "new-session", "double-fork", "without-pipes"]


def lives(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("way", WAYS)
def test_what_is_left_behind_is_ended_with_the_runtime(way: str, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    process = RuntimeProcess([sys.executable, "-c", LEAVES, way, str(pid_file)])
    deadline = time.monotonic() + HELD
    assert process.read_line(deadline) == b"a line\n"
    assert process.read_line(deadline) is None
    assert process.wait(deadline) == 0
    left = int(pid_file.read_text())
    assert not lives(left)
    assert process.close() == 0


def test_a_process_that_forgets_its_environment_is_found_as_well() -> None:
    code = f"""
import os, subprocess, sys
left = subprocess.Popen([{sys.executable!r}, "-c", "import time; time.sleep(3600)"], env={{}}, start_new_session=True)
print(left.pid, flush=True)
"""
    process = RuntimeProcess([sys.executable, "-c", code])
    left = process.read_line(time.monotonic() + HELD)
    assert left is not None
    assert process.wait(time.monotonic() + HELD) == 0
    assert not lives(int(left))
    process.close()


@pytest.mark.parametrize(("code", "expected"), [("import sys; sys.exit(3)", 3), ("import os; os.abort()", -6)])
def test_the_exit_code_is_that_of_the_runtime(code: str, expected: int) -> None:
    process = RuntimeProcess([sys.executable, "-c", code])
    assert process.wait(time.monotonic() + HELD) == expected
    assert process.close() == expected


def test_a_program_that_is_not_there_says_so() -> None:
    process = RuntimeProcess(["/no/such/program"])
    assert process.wait(time.monotonic() + HELD) == 127
    process.close()
    assert "/no/such/program: No such file" in process.stderr_tail()


def test_closing_ends_a_tree_of_processes(tmp_path: Path) -> None:
    code = f"""
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
open({str(tmp_path / "pids")!r}, "a").write(f"{{os.getpid()}}\\n")
os.write(1, b"up\\n")
time.sleep(3600)
"""
    process = RuntimeProcess([sys.executable, "-c", code])
    for _ in range(8):
        assert process.read_line(time.monotonic() + HELD) == b"up\n"
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 8
    assert all(lives(pid) for pid in pids)
    process.close()
    assert not any(lives(pid) for pid in pids)
    assert process.close() == -signal.SIGKILL


def test_a_runner_that_dies_takes_the_runtime_along(tmp_path: Path) -> None:
    code = f"""
import sys, time
from elastic_hal.conformance.process import RuntimeProcess
process = RuntimeProcess([sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(3600)"])
print(int(process.read_line(time.monotonic() + {HELD})), flush=True)
time.sleep(3600)
"""
    runner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    assert runner.stdout is not None
    runtime = int(runner.stdout.readline())
    assert lives(runtime)
    runner.kill()
    runner.wait()
    runner.stdout.close()
    deadline = time.monotonic() + HELD
    while lives(runtime) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(runtime)


def test_a_run_that_is_stopped_ends_what_it_started_and_starts_nothing() -> None:
    running = Running()
    process = running.start([sys.executable, "-c", "import time; time.sleep(3600)"])
    running.stop()
    assert process.read_line(time.monotonic() + HELD) is None
    assert process.wait(time.monotonic() + HELD) == -signal.SIGKILL
    with pytest.raises(StoppedError):
        running.start([sys.executable, "-c", ""])


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("fault", ["leaves-a-session", "leaves-a-grandchild"])
def test_a_runtime_that_leaves_a_process_passes_and_the_process_is_gone(
    fake_adapter: Callable[..., Adapter],
    fake_suite: Callable[..., BuiltSuite],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    batch: bool,
) -> None:
    monkeypatch.setenv("LEFT_PIDS", str(tmp_path / "pids"))
    result = run_suite(fake_suite("before", "faulty", "after"), fake_adapter(fault, batch=batch))
    assert [item.verdict for item in result.results] == [Verdict.PASS] * 3
    pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 1
    assert not any(lives(pid) for pid in pids)


def test_the_time_that_the_user_gives_is_all_that_a_case_gets(
    fake_adapter: Callable[..., Adapter],
    fake_suite: Callable[..., BuiltSuite],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a batch command too, and though loading may otherwise take minutes: every case hangs here."""
    monkeypatch.setattr("elastic_hal.conformance.session.START_SECONDS", 10 * HELD)
    result = run_suite(fake_suite("one", "two", "three"), fake_adapter("hangs-at-once", batch=False), timeout=0.3)
    assert [item.verdict for item in result.results] == [Verdict.ERROR] * 3
    assert all(item.seconds < HELD for item in result.results)
    assert all("killed" in item.reason for item in result.results)


@pytest.mark.parametrize("batch", [True, False])
def test_a_runtime_that_hangs_while_it_loads_is_not_waited_for_again_and_again(
    fake_adapter: Callable[..., Adapter],
    fake_suite: Callable[..., BuiltSuite],
    monkeypatch: pytest.MonkeyPatch,
    batch: bool,
) -> None:
    monkeypatch.setattr("elastic_hal.conformance.session.START_SECONDS", 0.3)
    result = run_suite(
        fake_suite(*(f"case-{number}" for number in range(20))), fake_adapter("hangs-at-once", batch=batch)
    )
    assert [item.verdict for item in result.results] == [Verdict.ERROR] * 20
    assert sum("not run" in item.reason for item in result.results) == 18


def test_without_a_time_of_the_users_loading_does_not_count(
    fake_adapter: Callable[..., Adapter], fake_suite: Callable[..., BuiltSuite]
) -> None:
    suite = fake_suite("good", timeout=0.2)
    assert run_suite(suite, fake_adapter("loads-slowly", batch=False)).ok
    assert not run_suite(suite, fake_adapter("loads-slowly", batch=False), timeout=0.2).ok


def test_what_is_interrupted_leaves_its_results_and_no_process(tmp_path: Path) -> None:
    """Ctrl-C in the middle of a case that hangs."""
    adapter = tmp_path / "adapter.py"
    fake = Path(__file__).parent / "fake_runtimes.py"
    adapter.write_text(
        f"""
def get_name(): return "fake"
def get_version(): return "1"
def get_wasi_versions(): return ["wasm32-wasip2"]
def get_wasi_worlds(): return ["wasi:cli/command"]
def compute_argv(test_path, args_env_dirs, proposals, wasi_world, wasi_version):
    return [{sys.executable!r}, {str(fake)!r}, "once", "hangs", "--", *args_env_dirs[0]]
"""
    )
    script = tmp_path / "runner.py"
    script.write_text(
        f"""
import signal
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from elastic_hal.cli import conformance_commands, main
from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance import BuiltGuest, BuiltSuite
cases = tuple(SuiteCase(name, "", "file", (), (), ()) for name in ("first", "faulty", "last"))
conformance_commands.build = lambda *_: BuiltSuite((BuiltGuest("a:b/c@1.0.0", Path("g.wasm"), cases),))
main.main(["conformance", "run", "--adapter", {str(adapter)!r}, "--out", {str(tmp_path / "out")!r}])
"""
    )
    environment = {**os.environ, "LEFT_PIDS": str(tmp_path / "pids")}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as runner:
        results = tmp_path / "out" / "results.jsonl"
        deadline = time.monotonic() + HELD
        while not (tmp_path / "pids").is_file() and time.monotonic() < deadline:
            time.sleep(0.05)
        found = [json.loads(line) for line in results.read_text().splitlines()]
        assert [(line["type"], line.get("case")) for line in found] == [("start", None), ("case", "first")]
        runner.send_signal(signal.SIGINT)
        _, said = runner.communicate(timeout=HELD)
        assert runner.returncode == 130
    assert b"results.jsonl" in said
    assert b"interrupted" in said
    assert not any(lives(int(pid)) for pid in (tmp_path / "pids").read_text().split())
    assert [json.loads(line)["type"] for line in results.read_text().splitlines()] == ["start", "case"]
