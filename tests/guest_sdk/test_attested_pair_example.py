"""The example `attested-pair` as an operator runs it, on simulated and on emulated machines: its two workloads accept
each other and nobody else.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl.platforms.emulator.errors import EmulatorUnavailableError
from elastic_hal.reference_impl.platforms.emulator.mount import check_available

ANOTHER_DIGEST = b"\x00\x05\x04note"
"""A custom section: with it, a component does the same and is another one."""
ELASTIC_HAL = (sys.executable, "-m", "elastic_hal.cli")

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, attested_pair: Any) -> dict[str, str]:
    state = tmp_path_factory.mktemp("attested-state") / "state"
    return {**os.environ, "ELASTIC_HAL_STATE": str(state), "XDG_CACHE_HOME": str(attested_pair.caches)}


@pytest.fixture(scope="module")
def command(environment: dict[str, str], attested_pair: Any) -> Command:
    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*ELASTIC_HAL, *map(str, arguments)],
            cwd=attested_pair.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


@pytest.fixture(scope="module", autouse=True)
def _compiled(command: Command, attested_pair: Any) -> None:
    """Both are compiled before anything is timed, or measured."""
    for component in (attested_pair.ledger, attested_pair.meter):
        done = command("run", component, "--", "--help")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"usage: {component.stem}" in done.stdout


@contextlib.contextmanager
def emulated(platform: str, place: Path) -> Iterator[tuple[str, ...]]:
    """An emulated machine, for as long as the block is entered: the options of commands that use it."""
    try:
        check_available()
    except EmulatorUnavailableError as error:
        pytest.skip(str(error))
    (place / "machine").mkdir()
    emulator = subprocess.Popen(
        [*ELASTIC_HAL, "platform", "emulate", platform, str(place / "machine"), "--state", str(place / "keys")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert emulator.stdout is not None
        assert emulator.stdout.readline().startswith(b"root certificate"), "the emulator does not start"
        yield "--platform", platform, "--platform-root", str(place / "machine")
    finally:
        emulator.send_signal(signal.SIGTERM)
        emulator.communicate(timeout=600)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def write_policies(command: Command, *machine: str) -> None:
    """What docs/attested-tls.md tells an operator to do."""
    emulation = ("--allow-emulated",) if machine else ()
    for component, policy in (("meter", "meters"), ("ledger", "ledger")):
        path = f"{component}/build/{component}.wasm"
        done = command("platform", "reference-values", *machine, *emulation, path, "--out", f"build/{policy}.toml")
        assert done.returncode == 0, done.stderr
    done = command("platform", "root", *machine, "--out", "build/root.pem")
    assert done.returncode == 0, done.stderr


def use_port(pair: Any, port: int) -> None:
    """Has the example use a port that is free on this machine."""
    for name in ("deployment.toml", "policy.toml"):
        path = pair.folder / name
        text = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", path.read_text())
        # A deadline of the ledger also passes while a meter that it waits for is still compiled.
        path.write_text(text.replace('deadline = "1min"', 'deadline = "10min"'))


@pytest.mark.parametrize("platform", ["simulated", "sev-snp", "tdx"])
def test_they_accept_each_other(command: Command, attested_pair: Any, tmp_path: Path, platform: str) -> None:
    with contextlib.ExitStack() as stack:
        machine = () if platform == "simulated" else stack.enter_context(emulated(platform, tmp_path))
        use_port(attested_pair, free_port())
        write_policies(command, *machine)
        policy = attested_pair.folder / "policy.toml"
        before = policy.read_text()
        if platform == "tdx":
            collateral = tmp_path / "keys" / "collateral.json"
            assert collateral.is_file()
            policy.write_text(before.replace("trust_roots", f'collateral = "{collateral}", trust_roots'))
        done = command("run", *machine, "deployment.toml")
        policy.write_text(before)
    assert done.returncode == 0, done.stderr
    receipt = re.search(r"^meter  \| (10 readings, \d+ Wh)$", done.stdout, re.MULTILINE)
    assert receipt is not None, done.stdout
    assert f"ledger | {receipt[1]} of component " in done.stdout


@pytest.fixture
def two_hosts(command: Command, attested_pair: Any, environment: dict[str, str]) -> Callable[..., Any]:
    """Runs a ledger and meters, each in a host of its own; gives what became of each meter, and then of the ledger."""
    port = free_port()
    use_port(attested_pair, port)
    write_policies(command)
    folder = attested_pair.folder
    address = f"127.0.0.1:{port}"

    def run(ledger: Path, *meters: Path, count: int) -> Any:
        start = [*ELASTIC_HAL, "run", "--policy", "policy.toml"]
        serving = subprocess.Popen(
            [*start, str(ledger), "--", "--address", address, "--meters", str(count)],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert serving.stdout is not None
        said = serving.stdout.readline()
        try:
            assert said.startswith("listening"), said + serving.stdout.read()
            ended = [command("run", "--policy", "policy.toml", meter, "--", "--ledger", address) for meter in meters]
            if any(done.returncode == 0 for done in ended):
                serving.wait(600)
        finally:
            serving.terminate()
            rest, _ = serving.communicate(timeout=600)
        return *ended, (serving.returncode, said + rest)

    return run


def test_a_ledger_refuses_another_meter_and_goes_on(
    two_hosts: Callable[..., Any], attested_pair: Any, tmp_path: Path
) -> None:
    other = tmp_path / "meter.wasm"
    other.write_bytes(attested_pair.meter.read_bytes() + ANOTHER_DIGEST)
    refused, accepted, (code, said) = two_hosts(attested_pair.ledger, other, attested_pair.meter, count=1)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "peer: the other end does not accept this workload" in refused.stderr
    assert accepted.returncode == 0, accepted.stderr
    assert code == 0, said
    assert "a client was not accepted: verification-failed" in said
    assert said.count(" readings, ") == 1


def test_a_meter_refuses_another_ledger(
    two_hosts: Callable[..., Any], command: Command, attested_pair: Any, tmp_path: Path
) -> None:
    wanted = tmp_path / "ledger.wasm"
    wanted.write_bytes(attested_pair.ledger.read_bytes() + ANOTHER_DIGEST)
    assert command("platform", "reference-values", wanted, "--out", "build/ledger.toml").returncode == 0
    refused, (_code, said) = two_hosts(attested_pair.ledger, attested_pair.meter, count=1)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Error_VerificationFailed: verification-failed" in refused.stderr
    assert " readings, " not in said
