"""A guest author's first day: programs that work, and programs that fail and say where, in one real guest."""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

PROJECT = Path(__file__).parent / "first_day"


@dataclass(frozen=True)
class Ended:
    code: int
    message: str
    output: str
    error: str


@pytest.fixture(scope="module")
def attempt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first-day")
    engine = Engine(folder / "cache")
    project = shutil.copytree(PROJECT, folder / "project")
    (project / "vendor" / "greetings" / ".env").write_text("a secret of a tool\n")
    compiled = project / "vendor" / "compiled"
    compiled.mkdir()
    (compiled / "__init__.py").write_text("from . import _core\n")
    (compiled / "_core.cpython-313-x86_64-linux-gnu.so").write_bytes(b"no machine code")
    component = engine.load(build(project, folder / "first-day.wasm"))
    host = ReferenceHost(platforms.load("simulated", state_directory=folder / "state"))

    def start(name: str) -> Ended:
        output, error = bytearray(), bytearray()
        outcome = Workload(
            engine,
            component,
            Identity("first-day", component.digest),
            Grant(sealing=True),
            link=host.link,
            arguments=[name],
            output=output.extend,
            error=error.extend,
        ).run()
        assert outcome.reason == "exited", error.decode()
        return Ended(outcome.exit_code, outcome.message, output.decode(), error.decode())

    return start


def test_asyncio_runs_on_the_loop_of_the_sdk(attempt):
    done = attempt("asyncio")
    assert (done.code, done.error) == (0, "")
    assert done.output == "(['timed out', 'timed out', 'timed out'], 1)\nrunner\n"


def test_packages_find_their_data(attempt):
    done = attempt("data")
    assert (done.code, done.error) == (0, "")
    read, resource, size, data, names, hidden, written = done.output.splitlines()
    assert read == "hello from a file late hello 42"
    assert (resource, size, data) == ("hello from a file", " 18", r"b'hello from a file\n'")
    assert names == "['__init__.py', '_polite.py', 'words.txt'] ['__init__.py', '_polite.py', 'words.txt']"
    assert hidden == "False"
    assert written.endswith("Error")


def test_modules_of_python_can_be_imported_late(attempt):
    done = attempt("late")
    assert (done.code, done.error) == (0, "")
    assert done.output == '2.5 2 00000000-0000-0000-0000-000000000001\n{"name": "a", "value": 1.5} LOW\n'


@pytest.mark.parametrize(
    ("name", "raised", "place"),
    [
        ("timeout", "TimeoutError", "fail"),
        ("own", "app.Own: mine", "fail"),
        ("keyboard", "KeyboardInterrupt", "fail"),
        ("chain", "RuntimeError: bad settings", "try_chain"),
        ("group", "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)", "both"),
        ("channel", "access-denied: the policy grants this workload no channel 'numbers' from 'sensor'", "<lambda>"),
        ("unseal", "elastic_hal.guest_sdk.bindings.elastic_hal.types.Error_VerificationFailed", "try_unseal"),
        ("thread", "NotImplementedError: asyncio's run_in_executor does not work here: a guest has one thread", ""),
        ("connection", "connections are those of elastic_hal.guest_sdk.tls", ""),
    ],
)
def test_a_failure_names_exception_and_place(attempt, name, raised, place):
    ended = attempt(name)
    assert ended.code == 1
    assert raised in ended.error
    assert raised in ended.message
    assert "(src/app.py:" in ended.message
    assert place in ended.message.rpartition(", in ")[2]
    number = int(ended.message.rpartition("src/app.py:")[2].partition(",")[0])
    line = (PROJECT / "src" / "app.py").read_text().splitlines()[number - 1].strip()
    assert line in ended.error


def test_tasks_of_a_group_are_all_told(attempt):
    assert {"ValueError: task 1", "ValueError: task 2"} <= {
        line.strip(" |") for line in attempt("group").error.splitlines()
    }


@pytest.mark.parametrize(("name", "said"), [("forgotten", "ValueError: nobody awaits this"), ("del", "'in del'")])
def test_what_nobody_sees_is_told(attempt, name, said):
    done = attempt(name)
    assert done.code == 0
    assert said in done.error
    assert 'File "src/app.py", line ' in done.error
    assert "    raise " in done.error


def test_a_huge_message_is_cut(attempt):
    ended = attempt("huge")
    assert "ValueError: xxx" in ended.error
    assert len(ended.error) < 8_000


def test_an_odd_exit_code_is_said(attempt):
    assert attempt("exit").error == "first-day: exit code 7, which is 1 to the host\n"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("missing", "the component has no module numpy: put its package into a folder"),
        ("compiled", "vendor/compiled/_core.cpython-313-x86_64-linux-gnu.so is compiled for some machine"),
        ("ssl", "connections are those of elastic_hal.guest_sdk.tls"),
    ],
)
def test_a_module_that_is_not_there_gets_the_right_hint(attempt, name, hint):
    ended = attempt(name)
    assert "ModuleNotFoundError: No module named" in ended.error or "ImportError" in ended.error
    assert f"hint: {hint}" in ended.error


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        (
            "channel",
            "workload 'first-day': elastic:hal/channels@0.2.0.[static]receiver.open: access-denied: "
            "the policy grants this workload no channel 'numbers' from 'sensor'",
        ),
        (
            "unseal",
            "workload 'first-day': elastic:hal/sealing@0.2.0.unseal: verification-failed: it does not open: it was",
        ),
    ],
)
def test_the_host_logs_why_it_refused(attempt, caplog, name, entry):
    with caplog.at_level(logging.WARNING):
        attempt(name)
    assert [message for message in caplog.messages if message.startswith(entry)]


def test_a_guest_cannot_fill_the_log(attempt, caplog):
    with caplog.at_level(logging.WARNING):
        attempt("flood")
    told = [message for message in caplog.messages if "nothing" in message]
    assert len(told) == 10
    assert told[-1].endswith("(more refusals of this workload are not shown)")
