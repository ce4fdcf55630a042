"""The SDK's module for objects in a real guest."""

from __future__ import annotations

from pathlib import Path

import pytest

from elastic_hal.guest_sdk.build import build
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant
from elastic_hal.runtime.workload import Workload

CHECKS = Path(__file__).parent / "sdk_guest"
NAMES = [
    line.partition("(")[0].removeprefix("def ")
    for line in (CHECKS / "src" / "checks.py").read_text().splitlines()
    if line.startswith("def check_")
]
ALL = frozenset(CONTAINER_RIGHTS)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("storage-checks")
    engine = Engine(folder / "cache")
    component = engine.load(build(CHECKS, folder / "storage-checks.wasm"))
    host = ReferenceHost(platforms.load("simulated", state_directory=folder / "platform"), state=folder / "state")
    output, error = bytearray(), bytearray()
    outcome = Workload(
        engine,
        component,
        Identity("storage-checks", component.digest),
        Grant(containers=(ContainerGrant("box", ALL), ContainerGrant("open", ALL))),
        link=host.link,
        output=output.extend,
        error=error.extend,
    ).run()
    host.storages.close()
    assert outcome.succeeded, error.decode()
    return output.decode().split()


@pytest.mark.parametrize("name", NAMES)
def test_inside(printed: list[str], name: str) -> None:
    assert name in printed
