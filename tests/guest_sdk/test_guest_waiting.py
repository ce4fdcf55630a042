"""Channels, the event loop and resources in a real guest: built by componentize-py, run on the reference runtime."""

import ast
import json
from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.policy import Grant, ResourceGrant
from elastic_hal.runtime.storage_grants import ContainerGrant
from elastic_hal.runtime.workload import Workload

CHECKS = Path(__file__).parent / "waiting_checks"
NAMES = [
    node.name.removeprefix("check_")
    for node in ast.parse((CHECKS / "src" / "app.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
]
ME = "waiting-checks"
GRANT = Grant(
    limits=Limits(memory_bytes=128 << 20, cpu_thousandths=500, deadline_seconds=600),
    resources=ResourceGrant(192 << 20, 1000),
    channels=(ChannelGrant("self", ME, True), ChannelGrant("self", ME, False)),
    containers=(ContainerGrant("results", frozenset({"read", "write", "list", "delete"})),),
)


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    folder = tmp_path_factory.mktemp("waiting-checks")
    engine = Engine(folder / "cache")
    component = engine.load(build(CHECKS, folder / "waiting-checks.wasm"))
    platform = platforms.load("simulated", state_directory=folder / "state")

    def run(name):
        output, error = bytearray(), bytearray()
        host = ReferenceHost(platform, state=folder / "objects")
        outcome = Workload(
            engine,
            component,
            Identity(ME, component.digest),
            GRANT,
            link=host.link,
            arguments=(name,),
            output=output.extend,
            error=error.extend,
        ).run()
        assert outcome.succeeded, (outcome, error.decode())
        return json.loads(output)

    return run


@pytest.mark.parametrize("name", NAMES)
def test_inside(check, name):
    assert check(name) == {"check": name, "problem": None}
