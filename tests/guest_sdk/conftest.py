"""The example of two workloads that accept only each other, built once for all tests, and a host that runs them."""

from __future__ import annotations

import queue
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.evidence import root_certificate
from elastic_hal.runtime.cache import default_cache_dir
from elastic_hal.runtime.engine import Engine

sys.path.insert(0, str(Path(__file__).parent))

from attested_ends import BAD, Made
from attested_world import SECONDS, Serving, World

EXAMPLE = Path(__file__).parents[2] / "examples" / "attested-pair"


@dataclass(frozen=True)
class AttestedPair:
    """The example in a folder of its own, its two components, and where user caches are, so that each of them is
    compiled once.
    """

    folder: Path
    meter: Path
    ledger: Path
    caches: Path


@pytest.fixture(scope="session")
def attested_pair(tmp_path_factory: pytest.TempPathFactory) -> AttestedPair:
    folder = tmp_path_factory.mktemp("attested") / "attested-pair"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "__pycache__"))
    (folder / "build").mkdir()
    meter, ledger = (build(folder / name) for name in ("meter", "ledger"))
    return AttestedPair(folder, meter, ledger, folder.parent / "caches")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, attested_pair: AttestedPair) -> World:
    folder = tmp_path_factory.mktemp("attacks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(attested_pair.caches))
        engine = Engine(default_cache_dir())
    components = {"meter": engine.load(attested_pair.meter), "ledger": engine.load(attested_pair.ledger)}
    platform = platforms.load("simulated", state_directory=folder / "state")
    (folder / "root.pem").write_bytes(root_certificate(platform).public_bytes(Encoding.PEM))
    made = World(engine, platform, components, folder)
    made.demand_digests()
    return made


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[Serving]:
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    rest = bytearray()

    def output(data: bytes) -> None:
        *whole, rest[:] = (bytes(rest) + data).split(b"\n")
        for line in whole:
            lines.put(line.decode())

    workload = world.workload("ledger", "--address", "127.0.0.1:0", "--meters", "1000", output=output, error=output)
    run = workload.start()
    try:
        first = lines.get(timeout=SECONDS)
        assert first.startswith("listening at port "), first
        yield Serving(int(first.rpartition(" ")[2]), lines)
    finally:
        run.stop()
        run.wait()


@pytest.fixture
def ledger(running: Serving) -> Serving:
    assert running.lines.empty()
    return running


@pytest.fixture(params=BAD)
def bad(request: pytest.FixtureRequest, world: World) -> Iterator[Made]:
    made = BAD[request.param]
    if made.lenient:
        world.demand_no_digests()
    yield made
    world.demand_digests()
