"""How long evidence takes on the emulated platforms, through FUSE and all; nothing where FUSE is missing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import timed
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.platforms.emulator.errors import EmulatorUnavailableError
from elastic_hal.reference_impl.platforms.emulator.mount import check_available
from elastic_hal.runtime.platform import EvidenceRequest, Measurement, SealingRequest

_VOUCHED = (Measurement("runtime", "sha-384", b"r" * 48), Measurement("workload", "sha-256", b"w" * 32))


def run() -> dict[str, float]:
    """Makes evidence for a workload on each platform, and sealing keys where there are any."""
    try:
        check_available()
    except EmulatorUnavailableError as reason:
        print(f"  left out: {reason}")
        return {}
    figures: dict[str, float] = {}
    for name in ("sev-snp", "tdx"):
        figures |= _of(name)
    return figures


def _of(name: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        mount, state = Path(place) / "machine", Path(place) / "keys"
        mount.mkdir()
        command = [sys.executable, "-m", "elastic_hal.cli", "platform", "emulate", name, os.fspath(mount)]
        emulator = subprocess.Popen([*command, "--state", os.fspath(state)], stdout=subprocess.PIPE)
        try:
            assert emulator.stdout is not None
            emulator.stdout.readline()
            options = {"event_log": Path(place) / "event-log"} if name == "tdx" else {}
            platform = platforms.load(name, root=mount, **options)
            request = EvidenceRequest(b"n" * 32, _VOUCHED)
            figures = {f"platforms.{name}_evidence_s": timed(lambda: platform.evidence(request), calls=20).median}
            if platform.sealing_source is not None:
                contexts = iter(range(1_000_000))
                figures[f"platforms.{name}_sealing_key_s"] = timed(
                    lambda: platform.sealing_key(SealingRequest(True, b"%d" % next(contexts))), calls=100
                ).median
            return figures
        finally:
            emulator.terminate()
            emulator.wait(20)
