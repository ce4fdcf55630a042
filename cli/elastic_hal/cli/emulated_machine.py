"""Emulated machines for a run of the suite: started, given to the adapters by environment variables, and ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.loopback_broker import loopback_broker
from elastic_hal.cli.platform_options import SEALING_VARIABLE, open_platform
from elastic_hal.common.errors import ENVIRONMENT

_ROOT_VARIABLE = "ELASTIC_HAL_PLATFORM_ROOT"
_COLLATERAL_VARIABLE = "ELASTIC_HAL_TDX_COLLATERAL"
_EVENT_LOG_VARIABLE = "ELASTIC_HAL_TDX_EVENT_LOG"
_SECONDS_TO_END = 20


@contextmanager
def emulated_machine(platform: str, *, with_broker: bool) -> Iterator[None]:
    """Emulates the machine of a platform, for adapters that are started from here; for one without sealing keys a key
    broker too, where that is wanted.
    """
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elastic-hal-machine-")))
        mount = place / "machine"
        mount.mkdir()
        trust = stack.enter_context(_emulator(platform, mount, place / "keys"))
        stack.enter_context(_variable(_ROOT_VARIABLE, mount))
        stack.enter_context(_variable(_EVENT_LOG_VARIABLE, place / "event-log"))
        if "collateral" in trust:
            stack.enter_context(_variable(_COLLATERAL_VARIABLE, trust["collateral"]))
        opened = open_platform(platform, mount)
        if with_broker and opened.sealing_source is None:
            from elastic_hal.runtime.measurements import runtime_measurement

            (place / "broker").mkdir()
            measured = (*opened.measurements(), runtime_measurement())
            broker = loopback_broker(place / "broker", measured, trust["root certificate"], trust.get("collateral"))
            stack.enter_context(_variable(SEALING_VARIABLE, stack.enter_context(broker)))
        yield


@contextmanager
def _emulator(platform: str, mount: Path, keys: Path) -> Iterator[dict[str, Path]]:
    """Emulates a machine, and gives the files that a verifier needs, by what the emulator calls them."""
    command = [sys.executable, "-m", "elastic_hal.cli", "platform", "emulate", platform]
    with subprocess.Popen(
        [*command, os.fspath(mount), "--state", os.fspath(keys)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as emulator:
        try:
            yield _trust(
                emulator, f"the {platform} machine does not start; try: elastic-hal platform emulate {platform} MOUNT"
            )
        finally:
            emulator.terminate()
            emulator.wait(_SECONDS_TO_END)


def _trust(emulator: subprocess.Popen[str], failure: str) -> dict[str, Path]:
    """Reads what the emulator prints once the machine answers: files, then how to use it."""
    trust: dict[str, Path] = {}
    for line in emulator.stdout or ():
        what, slash, path = line.rstrip("\n").partition(" /")
        if not slash:
            return trust
        trust[what] = Path(slash.strip() + path)
    raise CommandError(failure, ENVIRONMENT)


@contextmanager
def _variable(name: str, value: Path) -> Iterator[None]:
    """Sets a variable of the environment for a while."""
    before = os.environ.get(name)
    os.environ[name] = os.fspath(value)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
