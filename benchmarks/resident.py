"""What fifty workloads take that live in one host at the same time, each a guest in Python that waits for a message.

Measured in a process of its own, as the proportional set size of all of it (`Pss` in /proc/self/smaps_rollup): engine,
Python and compiled code are counted once, and pages that other processes share in proportion. Where the kernel does not
say it, it is the resident set size, which is never less.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.guest_projects import built
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

WORKLOADS = 50
_PATIENCE_SECONDS = 120.0
_GUEST = '''"""Says that it is there, and then waits for a message that never comes."""
from elastic_hal.guest_sdk import channels, program


def main(arguments):
    with channels.Receiver("data", source="nobody") as receiver:
        print("waiting", flush=True)
        receiver.receive()


Run = program.command(main)
'''


def run() -> dict[str, float]:
    """MiB in all with fifty workloads waiting, for each of them, and the seconds until the last one waits."""
    component = built("resident", _GUEST)
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "benchmarks.resident", str(component), name]
        # The first run compiles; the second is a host that starts with what is in the cache.
        for _ in range(2):
            done = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(component: Path, folder: Path) -> dict[str, float]:
    """Starts them all in this process, looks at its memory, and stops them."""
    engine = Engine(folder / "cache")
    loaded = engine.load(component)
    host = ReferenceHost(platforms.load("simulated", state_directory=folder / "platform"), state=folder)
    grant = Grant(channels=(ChannelGrant("data", "nobody", False),))
    alone = _mebibytes()
    all_wait = threading.Semaphore(0)
    begin = time.perf_counter()
    runs = [
        Workload(
            engine,
            loaded,
            Identity(f"workload {number}", loaded.digest),
            grant,
            link=host.link,
            output=lambda data: all_wait.release(bytes(data).count(b"waiting")) if b"waiting" in bytes(data) else None,
        ).start()
        for number in range(WORKLOADS)
    ]
    for _ in runs:
        if not all_wait.acquire(timeout=_PATIENCE_SECONDS):
            raise RuntimeError("a workload did not come to wait")
    seconds = time.perf_counter() - begin
    whole = _mebibytes()
    stoppers = [threading.Thread(target=run.stop) for run in runs]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
    return {
        "host.resident_50_workloads_mib": whole,
        "host.resident_each_workload_mib": (whole - alone) / WORKLOADS,
        "host.start_50_workloads_s": seconds,
    }


def _mebibytes() -> float:
    for source, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        path = Path("/proc/self") / source
        if path.is_file():
            fields = dict(line.split(None, 1) for line in path.read_text("ascii").splitlines() if ":" in line)
            if key in fields:
                return int(fields[key].split()[0]) / 1024
    raise RuntimeError("/proc does not say how much memory this process has")


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
