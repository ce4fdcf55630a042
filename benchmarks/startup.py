"""How long a workload takes from its file to its end, and what one more instance costs in time and memory."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import wasmtime

from benchmarks.measure import timed
from elastic_hal.guest_sdk.build import build
from elastic_hal.guest_sdk.project import new_project
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime import abi
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload

_INSTANCES = 8
_ALONE = """
import sys
from pathlib import Path
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl import platforms
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload
component, cache = map(Path, sys.argv[1:])
engine = Engine(cache)
loaded = engine.load(component)
host = ReferenceHost(platforms.load("simulated", state_directory=cache.parent / "state"))
identity = Identity(loaded.name, loaded.digest)
Workload(engine, loaded, identity, link=host.link, arguments=("a message",), output=lambda _data: None).run()
fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(fields["VmRSS"].split()[0]) / 1024)
"""


def run() -> dict[str, float]:
    """Loads and runs the program of the project template, as `elastic-hal run` does: compiled anew, taken from the
    cache, and taken from memory; then instantiates it, without running it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        component = build(new_project("bench-guest", folder))
        state, cache = folder / "state", folder / "cache"
        host = ReferenceHost(platforms.load("simulated", state_directory=state))

        def workload(engine: Engine) -> Workload:
            loaded = engine.load(component)
            return Workload(
                engine,
                loaded,
                Identity(loaded.name, loaded.digest),
                link=host.link,
                arguments=("a message",),
                output=lambda _data: None,
            )

        def start(engine: Engine) -> None:
            outcome = workload(engine).run()
            if not outcome.succeeded:
                raise RuntimeError(outcome.message)

        cold = timed(lambda: Engine().load(component), repeats=1).median
        cached = timed(lambda: start(Engine(cache)), repeats=5).median
        warm_engine = Engine(cache)
        again = timed(lambda: start(warm_engine), repeats=9).median
        seconds, mebibytes = _one_more(warm_engine, workload(warm_engine))
        return {
            "startup.compile_s": cold,
            "startup.compile_ratio_to_cached_run": cold / cached,
            "workload.start_cached_ms": cached * 1000,
            "workload.start_loaded_ms": again * 1000,
            "workload.second_instance_ms": seconds * 1000,
            "workload.rss_per_instance_mib": mebibytes,
            "workload.process_rss_mib": _process_mebibytes(component, cache),
        }


def _one_more(engine: Engine, workload: Workload) -> tuple[float, float]:
    """The median time of linking and instantiating a loaded component, and the memory that each instance takes."""
    kept = []
    _instantiate(engine, workload, workload.component)
    before = _resident_mebibytes()
    times = []
    for _ in range(_INSTANCES):
        begin = time.perf_counter()
        kept.append(_instantiate(engine, workload, workload.component))
        times.append(time.perf_counter() - begin)
    grown = (_resident_mebibytes() - before) / _INSTANCES
    for linker, store in kept:
        linker.close()
        store.close()
    return sorted(times)[_INSTANCES // 2], grown


def _instantiate(engine: Engine, workload: Workload, loaded: LoadedComponent) -> tuple[abi.Linker, wasmtime.Store]:
    linker = abi.Linker(engine.wasm, bytes_bridge=loaded.bridged)
    linker.wasm.add_wasip2()
    if workload.link is not None:
        workload.link(linker, workload)
    store = wasmtime.Store(engine.wasm)
    store.set_wasi(wasmtime.WasiConfig())
    store.set_epoch_deadline(10**9)
    linker.instantiate(store, loaded.compiled)
    return linker, store


def _process_mebibytes(component: Path, cache: Path) -> float:
    """The resident memory of a process of its own that has the component loaded from the cache and an instance."""
    arguments = [sys.executable, "-c", _ALONE, str(component), str(cache)]
    return float(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def _resident_mebibytes() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1024**2
