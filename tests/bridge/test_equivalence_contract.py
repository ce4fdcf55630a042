"""The contract's own cryptography, called by a guest in Python with random data: the bridge changes nothing of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload

SIZES = st.sampled_from([0, 1, 16, 31, 32, 33, 1000, 65_535, 65_536]) | st.integers(0, 5000)
DATA = st.tuples(st.text("abc", max_size=3), SIZES)
KEYS = st.tuples(st.text("abc", max_size=3), st.sampled_from([32, 32, 32, 32, 0, 16, 31]))
CALLS = st.tuples(
    st.sampled_from(["hash", "hasher", "mac", "verify", "seal", "open"]), st.integers(0, 20), KEYS, DATA, DATA
)
Run = Callable[[list[Any], bool], tuple[Any, ...]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("contract-guest")
    engine = Engine(folder / "cache")
    file = build(Path(__file__).parent / "contract_guest", folder / "contract-guest.wasm")
    host = ReferenceHost(platforms.load("simulated", state_directory=folder / "state"))

    def start(calls: list[Any], bridge: bool) -> tuple[Any, ...]:
        component = engine.load(file, bytes_bridge=bridge)
        assert component.bridged == bridge
        output = bytearray()
        identity = Identity("contract-guest", component.digest)
        arguments = (json.dumps(calls),)
        outcome = Workload(engine, component, identity, link=host.link, arguments=arguments, output=output.extend).run()
        return outcome.reason, outcome.exit_code, outcome.message, outcome.standard_error, output.decode()

    return start


@settings(
    max_examples=settings.default.max_examples // 20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@example(calls=[("seal", 0, ("k", 32), ("a", 2**20 + more), ("b", 5)) for more in (0, 1)])
@given(calls=st.lists(CALLS, min_size=5, max_size=12))
def test_cryptography_with_and_without_the_bridge(run: Run, calls: list[Any]) -> None:
    without, bridged = run(calls, False), run(calls, True)
    assert without == bridged
    assert without[:2] == ("exited", 0), without[3]
    assert without[4].count("\n") == len(calls)
