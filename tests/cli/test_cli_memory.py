"""Commands that have keys in memory close it: no core dump, no debugger. The bytes bridge works all the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RUNS_AND_TELLS = """
import ctypes, json, os, resource, signal, sys, threading, time
from elastic_hal.cli.main import main

dumpable = lambda: ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
begun = (dumpable(), resource.getrlimit(resource.RLIMIT_CORE)[0])

def tell():
    print(json.dumps({"begun": begun, "dumpable": dumpable(), "core": resource.getrlimit(resource.RLIMIT_CORE)}))
    sys.stdout.flush()

def end_soon():
    for _ in range(600):
        time.sleep(0.1)
        if dumpable() == 0 or os.path.exists(sys.argv[0]):
            break
    tell()
    os.kill(os.getpid(), signal.SIGINT)

serves = sys.argv.pop(1) == "serves"
sys.argv[0] = sys.argv.pop(1)
if serves:
    threading.Thread(target=end_soon, daemon=True).start()
try:
    main()
finally:
    if not serves:
        tell()
"""


def told(arguments: list[str], *, serves: bool = False) -> dict[str, object]:
    """What the process of a command says about itself, at its end or while it serves."""
    command = [sys.executable, "-c", RUNS_AND_TELLS, "serves" if serves else "ends", "/nowhere", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    said = [line for line in done.stdout.splitlines() if line.startswith('{"begun"')]
    assert len(said) == 1, done
    found = json.loads(said[0])
    assert found.pop("begun")[0] == 1
    return dict(found)


CLOSED = {"dumpable": 0, "core": [0, 0]}


def broker_of(place: Path) -> list[str]:
    """What a broker is served with."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "broker"))
    from broker_site import write_tls

    write_tls(place)
    (place / "secret").write_bytes(bytes(32))
    (place / "appraisal.toml").write_text("version = 1\n")
    (place / "broker.toml").write_text('version = 1\n[secrets."a"]\npolicy = "appraisal.toml"\n')
    store = ["--store", str(place / "store")]
    assert told(["broker", "add-secret", "a", *store, "--file", str(place / "secret")]) == CLOSED
    files = ["--policy", "broker.toml", "--cert", "tls.pem", "--key", "tls.key"]
    return ["broker", "serve", *store, "--listen", "127.0.0.1:0", *files]


def test_a_run_closes_its_memory_unless_it_is_told_not_to(guest: Callable[..., Path]) -> None:
    component = str(guest("i32.const 0"))
    assert told(["run", component]) == CLOSED
    assert told(["run", "--core-dumps", component])["dumpable"] == 1


def test_a_deployment_closes_its_memory(guest: Callable[..., Path], place: Path) -> None:
    component = guest("i32.const 0")
    (place / "both.toml").write_text(
        f'version = 1\n[workload.a]\ncomponent = "{component}"\n[workload.b]\ncomponent = "{component}"\n'
    )
    assert told(["run", "both.toml"]) == CLOSED


def test_a_batch_as_the_suite_runs_it_closes_its_memory(guest: Callable[..., Path]) -> None:
    assert told(["run", "--batch", str(guest("i32.const 0"))]) == CLOSED


def test_making_evidence_closes_memory(place: Path) -> None:
    assert told(["attest", "--nonce", "00" * 8, "--out", str(place / "evidence")]) == CLOSED


def test_a_broker_closes_its_memory(place: Path) -> None:
    assert told(broker_of(place), serves=True) == CLOSED


def test_an_emulator_closes_its_memory(place: Path) -> None:
    from elastic_hal.cli.failures import CommandError
    from elastic_hal.reference_impl.platforms.emulator.mount import check_available

    try:
        check_available()
    except Exception as error:
        if isinstance(error, CommandError | AssertionError):
            raise
        pytest.skip(f"no machine can be emulated here: {error}")
    (place / "mount").mkdir()
    assert told(["platform", "emulate", "sev-snp", str(place / "mount")], serves=True) == CLOSED


def test_no_core_is_written_of_a_broker_that_is_aborted(place: Path) -> None:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    if pattern.startswith("|") or "/" in pattern:
        pytest.skip("core dumps go elsewhere on this machine")
    limit = (
        "import os, resource, sys; hard = resource.getrlimit(resource.RLIMIT_CORE)[1]; "
        "resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-c", limit, sys.executable, "-m", "elastic_hal.cli", *broker_of(place)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as served:
        assert served.stderr is not None
        assert served.stderr.readline().startswith("serving at ")
        served.send_signal(signal.SIGABRT)
        served.wait(60)
    assert served.returncode == -signal.SIGABRT
    assert not list(place.glob("core*"))


AS_SOMEBODY_ELSE = """
import ctypes, logging, os, sys
logging.basicConfig(level=logging.INFO)
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.abi import window_probe
from elastic_hal.runtime.own_process import close_memory
import elastic_hal.runtime.abi.linker, wasmtime.component
engine = Engine()
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
close_memory()
try:
    os.close(os.open("/proc/self/mem", os.O_RDONLY))
except PermissionError:
    print("no file")
window_probe._outcomes.clear()
print("bridged", window_probe.available(engine.wasm))
"""


def test_the_bytes_bridge_works_for_an_ordinary_user_whose_memory_is_closed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_SOMEBODY_ELSE],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["no file", "bridged True"], done.stderr


def test_commands_that_run_within_another_program_leave_its_memory_alone(
    guest: Callable[..., Path], cli: Callable[..., object]
) -> None:
    import ctypes

    before = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
    cli("run", guest("i32.const 0"))
    assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == before
