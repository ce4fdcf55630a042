"""The SDK in a real guest: built by componentize-py, run on the reference runtime."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.guest_sdk.project import new_project
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

CHECKS = Path(__file__).parent / "sdk_checks"
NAMES = [
    node.name.removeprefix("check_")
    for node in ast.parse((CHECKS / "src" / "checks.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
]
GRANT = Grant(attestation=frozenset({"platform", "workload"}), sealing=True)


@dataclass(frozen=True)
class Run:
    code: int | None
    output: str
    error: str


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdk-checks")
    engine = Engine(folder / "cache")
    component = engine.load(build(CHECKS, folder / "sdk-checks.wasm"))
    platform = platforms.load("simulated", state_directory=folder / "state")
    host = ReferenceHost(platform, zone="Europe/Berlin")

    def start(*arguments: str, grant: Grant = GRANT, limits: Limits | None = None) -> Run:
        output, error = bytearray(), bytearray()
        outcome = Workload(
            engine,
            component,
            Identity("sdk-checks", component.digest),
            grant,
            limits,
            link=host.link,
            arguments=arguments,
            output=output.extend,
            error=error.extend,
        ).run()
        assert outcome.reason == "exited", error.decode()
        return Run(outcome.exit_code, output.decode(), error.decode())

    return start


@pytest.fixture(scope="module")
def problems(run):
    done = run()
    assert done.code == 0, done.error
    return {line["check"]: line["problem"] for line in map(json.loads, done.output.splitlines())}


def test_every_check_ran(problems):
    assert sorted(problems) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_inside(problems, name):
    assert problems[name] is None


def test_arguments_arrive(run):
    arguments = ["a b", "", "--flag", "ünï", '"quoted"']
    done = run(*arguments)
    assert (done.code, json.loads(done.output)) == (0, arguments)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("exit-message", "sdk-checks: told so\n"),
        ("number", "sdk-checks: exit code 7, which is 1 to the host\n"),
    ],
)
def test_failure_is_one_line_and_exit_code_1(run, argument, said):
    done = run(argument)
    assert (done.code, done.output) == (1, "")
    assert done.error.startswith(said)
    assert done.error.count("\n") == 1


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("hal-error", "Error_Unsupported: unsupported: this program needs GPU-1, which the platform does not have\n"),
        ("file-error", "'/nowhere/file'\n"),
    ],
)
def test_an_error_of_the_hal_or_of_a_file_has_its_place(run, argument, said):
    done = run(argument)
    assert (done.code, done.output) == (1, "")
    assert 'File "src/checks.py", line ' in done.error
    assert said in done.error


def test_a_programming_mistake_has_its_traceback(run):
    done = run("value-error")
    assert done.code == 1
    assert "checks.py" in done.error
    assert done.error.endswith("ValueError: a programming mistake\n")


def test_exit_without_a_code_is_success(run):
    assert run("exit-zero") == Run(0, "", "")


def test_output_of_any_length_is_whole(run):
    done = run("long-output")
    assert done.code == 0, done.error[-1000:]
    assert done.output == "|".join(("ä" * 3_000_000, "b" * 3_000_000, "c" * 3_000_000))
    assert done.error == "e" * 3_000_000


def test_it_can_go_on_for_long(run):
    done = run("endurance", limits=Limits(memory_bytes=128 * 1024**2))
    assert done == Run(0, "300\n", "")


def test_what_is_not_granted_is_refused(run):
    problems = {line["check"]: line["problem"] for line in map(json.loads, run(grant=Grant()).output.splitlines())}
    for name in ("attestation", "sealing", "sealed_keys"):
        assert "AccessDenied" in problems.pop(name)
    assert set(problems.values()) == {None}


def test_a_new_project_passes_its_own_tests(tmp_path):
    project = new_project("first-guest", tmp_path)
    environment = {
        **os.environ,
        "ELASTIC_HAL_STATE": str(tmp_path / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
