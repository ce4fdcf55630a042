"""Emulated machines, each mounted once for all tests by a process of its own. Without FUSE these tests are skipped."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastic_hal.reference_impl.platforms.emulator.errors import EmulatorUnavailableError
from elastic_hal.reference_impl.platforms.emulator.mount import check_available


class Machine:
    """An emulated machine: where it is mounted, and where its keys are."""

    def __init__(self, platform: str, root: Path, state: Path) -> None:
        self.platform, self.root, self.state = platform, root, state
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def reports(self) -> Path:
        return self.root / "sys/kernel/config/tsm/report"

    def start(self, *options: str) -> None:
        self.root.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "elastic_hal.cli", "platform", "emulate", self.platform, str(self.root)]
        log = self.state.with_suffix(".log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*command, "--state", str(self.state), *options], stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 120
        while b"root certificate" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the emulator does not start: {log.read_text()[-400:]}")
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            return self._process.wait(600)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise


@pytest.fixture(scope="session", autouse=True)
def _fuse() -> None:
    try:
        check_available()
    except EmulatorUnavailableError as error:
        pytest.skip(str(error))


@contextlib.contextmanager
def _machine(platform: str, place: Path) -> Iterator[Machine]:
    machine = Machine(platform, place / "machine", place / "keys")
    machine.start()
    try:
        yield machine
    finally:
        machine.stop()
        assert not os.path.ismount(machine.root)


@pytest.fixture
def new_machine() -> type[Machine]:
    return Machine


@pytest.fixture(scope="session")
def snp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with _machine("sev-snp", tmp_path_factory.mktemp("snp")) as machine:
        yield machine


@pytest.fixture(scope="session")
def tdx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with _machine("tdx", tmp_path_factory.mktemp("tdx")) as machine:
        yield machine
