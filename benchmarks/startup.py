"""How long a workload takes from its file to its end: the component compiled anew, and taken from the cache."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import timed
from elastic_hal.guest_sdk.build import build
from elastic_hal.guest_sdk.project import new_project
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload


def run() -> dict[str, float]:
    """Loads and runs the program of the project template, as `elastic-hal run` does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        component = build(new_project("bench-guest", folder))
        state, cache = folder / "state", folder / "cache"
        host = ReferenceHost(platforms.load("simulated", state_directory=state))

        def start(engine: Engine) -> None:
            loaded = engine.load(component)
            outcome = Workload(
                engine,
                loaded,
                Identity(loaded.name, loaded.digest),
                link=host.link,
                arguments=("a message",),
                output=lambda _data: None,
            ).run()
            if not outcome.succeeded:
                raise RuntimeError(outcome.message)

        cold = timed(lambda: Engine().load(component), repeats=1).median
        cached = timed(lambda: start(Engine(cache)), repeats=5).median
        warm_engine = Engine(cache)
        again = timed(lambda: start(warm_engine), repeats=9).median
        return {
            "startup.compile_s": cold,
            "startup.cached_load_and_run_s": cached,
            "startup.instantiate_and_run_s": again,
            "startup.compile_ratio_to_cached_run": cold / cached,
        }
