"""Sealing on emulated hardware as its users have it: a guest under `elastic-hal run`, with the processor's keys and
with those of a key broker, before and after an update of what was launched.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.loopback_broker import ROOT_NAME, loopback_broker
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.broker import Store
from elastic_hal.runtime.measurements import runtime_measurement
from elastic_hal.runtime.platform import Platform

PROJECT = Path(__file__).parent / "keeper"
ELASTIC_HAL = (sys.executable, "-m", "elastic_hal.cli")
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("keeper") / "keeper.wasm"
    subprocess.run([*ELASTIC_HAL, "guest", "build", str(PROJECT), "--output", str(output)], check=True, timeout=600)
    return output


@pytest.fixture
def run(keeper: Path, tmp_path: Path) -> Run:
    def started(machine: Any, *arguments: str, sealing: Path | None = None, name: str = "keeper") -> object:
        platform = ("--platform", machine.platform, "--platform-root", str(machine.root), "--name", name)
        options = (*platform, *(() if sealing is None else ("--sealing", str(sealing))))
        return subprocess.run(
            [*ELASTIC_HAL, "run", str(keeper), "--policy", str(PROJECT / "policy.toml"), *options, "--", *arguments],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "ELASTIC_HAL_STATE": str(tmp_path / "state"),
                "ELASTIC_HAL_TDX_EVENT_LOG": str(machine.root.parent / "event-log"),
            },
            timeout=600,
            check=False,
        )

    return started  # type: ignore[return-value]


@contextmanager
def broker(machine: Any, place: Path) -> Iterator[Path]:
    """A broker that trusts this machine as it was launched, and this runtime."""
    place.mkdir()
    loaded = platforms.load(machine.platform, root=machine.root)
    measured = (*loaded.measurements(), runtime_measurement())
    root = machine.state / ("root.pem" if machine.platform == "tdx" else "genoa-root.pem")
    collateral = machine.state / "collateral.json" if machine.platform == "tdx" else None
    with loopback_broker(place, measured, root, collateral) as settings:
        yield settings


def events(place: Path) -> list[str]:
    store = Store.open(place / "store")
    try:
        return [str(entry.fields()["event"]) for entry in store.entries()]
    finally:
        store.close()


def allow(demands: Path, platform: Platform) -> None:
    """Trusts what was launched there, besides what was trusted before."""
    table, [measurement] = "[measurements.platform]\n", platform.measurements()
    entry = f'"next image" = "{measurement.algorithm}:{measurement.value.hex()}"\n'
    demands.write_text(demands.read_text().replace(table, table + entry))


def good(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result
    return result.stdout.strip()


def test_a_tdx_guest_seals_by_a_broker(tdx, run: Run, tmp_path: Path) -> None:
    assert good(run(tdx, "source")) == ""
    assert "unsupported" in run(tdx, "seal", "a secret").stderr
    with broker(tdx, tmp_path / "broker") as settings:
        assert good(run(tdx, "source", sealing=settings)) == "key-broker"
        assert good(run(tdx, "nothing", sealing=settings)) == "nothing"
        assert "released" not in events(tmp_path / "broker"), "a guest that seals nothing needs no secret"
        sealed = good(run(tdx, "seal", "a secret", sealing=settings))
        assert good(run(tdx, "unseal", sealed, sealing=settings)) == "a secret"
        foreign = run(tdx, "unseal", sealed, sealing=settings, name="other")
        assert (foreign.returncode, "verification-failed" in foreign.stderr) == (1, True)
        assert events(tmp_path / "broker").count("released") == 3


def test_a_deployment_seals_by_a_broker(tdx, keeper: Path, tmp_path: Path) -> None:
    deployment = tmp_path / "deployment.toml"
    policy, component = json.dumps(str(PROJECT / "policy.toml")), json.dumps(str(keeper))
    head = f"version = 1\npolicy = {policy}\n"
    deployment.write_text(f'{head}[workload.keeper]\ncomponent = {component}\narguments = ["source"]\n')
    options = ("--platform", "tdx", "--platform-root", str(tdx.root), "--state", str(tmp_path / "state"))
    with broker(tdx, tmp_path / "broker") as settings:
        environment = {
            **os.environ,
            "ELASTIC_HAL_SEALING": str(settings),
            "ELASTIC_HAL_TDX_EVENT_LOG": str(tdx.root.parent / "event-log"),
        }
        command = [*ELASTIC_HAL, "run", str(deployment), *options]
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=False)
    assert "key-broker" in good(ran)


def test_a_broker_that_does_not_answer_is_an_error_and_no_more(tdx, run: Run, tmp_path: Path) -> None:
    with broker(tdx, tmp_path / "broker") as settings:
        demands = tmp_path / "broker" / "appraisal.toml"
        demands.write_text(demands.read_text().replace(runtime_measurement().value.hex(), "00" * 48))
        refused = run(tdx, "seal", "a secret", sealing=settings)
    stopped = run(tdx, "seal", "a secret", sealing=settings)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        slow = tmp_path / "broker" / "slow.toml"
        head = f'version = 1\nbroker = "https://127.0.0.1:{port}"\nsecret = "{ROOT_NAME}"\n'
        slow.write_text(head + 'roots = "tls.pem"\ntimeout = "300ms"\n')
        waited = run(tdx, "seal", "a secret", sealing=slow)
    said = {"does not release": refused, "does not answer": stopped, "not answer within 0.3 s": waited}
    for reason, result in said.items():
        assert (result.returncode, result.stdout) == (1, ""), result
        assert reason in result.stderr
        assert "internal: the platform failed to give a sealing key" in result.stderr


def test_the_command_line_says_what_is_wrong_with_the_settings(tdx, run: Run, tmp_path: Path) -> None:
    absent = run(tdx, "nothing", sealing=tmp_path / "absent.toml")
    assert (absent.returncode, "absent.toml: the sealing settings cannot be read" in absent.stderr) == (2, True)
    command = [*ELASTIC_HAL, "platform", "show", "--platform", "tdx", "--platform-root", str(tdx.root), "--json"]
    with broker(tdx, tmp_path / "broker") as settings:
        environment = {**os.environ, "ELASTIC_HAL_SEALING": str(settings)}
        shown = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=600, check=True)
    assert json.loads(shown.stdout)["sealing"] == "key-broker"


@pytest.mark.parametrize("platform", ["sev-snp", "tdx"])
def test_another_image_needs_the_broker_s_consent(
    snp, tdx, new_machine: Any, run: Run, tmp_path: Path, platform: str
) -> None:
    """The host launches an image of its own on the same chip, under the same policy, with the same runtime in it."""
    machine = snp if platform == "sev-snp" else tdx
    updated = new_machine(platform, tmp_path / "machine", machine.state)
    with broker(machine, tmp_path / "broker") as settings:
        own = None if platform == "tdx" else good(run(machine, "seal", "a secret"))
        shared = good(run(machine, "seal", "a secret", sealing=settings))
        bound = good(run(machine, "seal", "a secret", "platform", sealing=settings))
        updated.start("--image", "another")
        try:
            if own is not None:
                assert "verification-failed" in run(updated, "unseal", own).stderr
            refused = run(updated, "unseal", shared, sealing=settings)
            assert "does not release" in refused.stderr
            allow(tmp_path / "broker" / "appraisal.toml", platforms.load(platform, root=updated.root))
            assert good(run(updated, "unseal", shared, sealing=settings)) == "a secret"
            assert "verification-failed" in run(updated, "unseal", bound, sealing=settings).stderr
        finally:
            updated.stop()
