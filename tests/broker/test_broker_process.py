"""The broker as a process of its own: the command line, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from broker_site import MEASURED, NAME, SECRET, Site

from elastic_hal.reference_impl.broker import BrokerClient, Store
from elastic_hal.reference_impl.broker.audit_log import verify_log
from elastic_hal.reference_impl.broker.errors import BrokerError, ReleaseRefusedError


def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "elastic_hal.cli", "broker", *arguments]
    return subprocess.run(command, input=given, capture_output=True, check=False, timeout=600)


def start(directory: Path, store: Path) -> tuple[subprocess.Popen[str], BrokerClient]:
    command = [
        *(sys.executable, "-m", "elastic_hal.cli", "broker", "serve", "--store", str(store), "--listen", "127.0.0.1:0"),
        *("--policy", str(directory / "broker.toml")),
        *("--cert", str(directory / "tls.pem"), "--key", str(directory / "tls.key")),
    ]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    line = server.stderr.readline()
    assert line.startswith("serving at https://127.0.0.1:"), line
    return server, BrokerClient(line.removeprefix("serving at ").strip(), roots=directory / "tls.pem")


def stop(server: subprocess.Popen[str], number: signal.Signals) -> None:
    os.kill(server.pid, number)
    server.wait(600)
    assert server.stderr is not None
    server.stderr.close()


def test_an_operator_s_day(site: Site, tmp_path: Path) -> None:
    store = str(tmp_path / "other")
    added = run("add-secret", NAME, "--store", store, given=SECRET)
    assert (added.returncode, added.stdout) == (0, b""), added
    assert SECRET not in added.stderr
    again = run("add-secret", NAME, "--store", store, given=b"x")
    assert again.returncode == 2
    assert b"--replace" in again.stderr
    server, client = start(site.directory, Path(store))
    assert client.fetch(NAME, site.platform, MEASURED) == SECRET
    head = run("log", "verify", "--store", store)
    assert head.returncode == 0
    assert run("revoke", MEASURED[1].value.hex(), "--store", store, "--reason", "a flaw").returncode == 0
    with pytest.raises(ReleaseRefusedError):
        client.fetch(NAME, site.platform, MEASURED)
    stop(server, signal.SIGTERM)
    shown = run("log", "show", "--json", "--store", store)
    events = [entry["event"] for entry in json.loads(shown.stdout)["entries"]]
    assert events == ["secret added", "started", "released", "value revoked", "refused"]
    assert SECRET not in shown.stdout + run("log", "show", "--store", store).stdout
    assert run("log", "verify", "--store", store, "--head", head.stdout.decode().strip()).returncode == 0
    assert run("log", "verify", "--store", store, "--head", f"3:{'0' * 64}").returncode == 1
    assert run("log", "verify", "--store", str(tmp_path / "nowhere")).returncode == 3
    assert run("revoke", "zz", "--store", store).returncode == 2
    assert run("remove-secret", NAME, "--store", store).returncode == 0


def test_what_was_released_is_in_the_log_though_the_broker_was_killed(site: Site, tmp_path: Path) -> None:
    place = tmp_path / "other"
    with_secret = Store.open(place, create=True)
    with_secret.add_secret(NAME, SECRET, {"event": "added"})
    with_secret.close()
    server, client = start(site.directory, place)

    def ask(number: int) -> bool:
        if number == 25:
            os.kill(server.pid, signal.SIGKILL)
        try:
            return client.fetch(NAME, site.platform, MEASURED) == SECRET
        except BrokerError:
            return False

    with ThreadPoolExecutor(6) as pool:
        released = sum(pool.map(ask, range(40)))
    stop(server, signal.SIGKILL)
    assert 0 < released < 40
    store = Store.open(place)
    events = [entry.fields()["event"] for entry in store.entries()]
    assert events.count("released") >= released
    verify_log(store.entries())
    store.close()
