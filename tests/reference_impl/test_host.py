"""The host: every interface of the HAL links, and what a workload gets follows from its own identity and grant."""

from pathlib import Path

import pytest

from elastic_hal.reference_impl import bindings
from elastic_hal.reference_impl.bindings.elastic_hal import attestation, types
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

# The smallest component that there is: a header and nothing else.
EMPTY_COMPONENT = b"\0asm\x0d\0\1\0"


def workload(engine: Engine, tmp_path: Path, name: str, *granted: str) -> Workload:
    path = tmp_path / f"{name}.wasm"
    path.write_bytes(EMPTY_COMPONENT)
    component = engine.load(path)
    return Workload(engine, component, Identity(name, component.digest), Grant(attestation=frozenset(granted)))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("cache"))


def test_every_interface_links_whatever_is_granted(
    shared_platform: SimulatedPlatform, engine: Engine, tmp_path: Path
) -> None:
    linker = abi.Linker(engine.wasm)
    ReferenceHost(shared_platform).link(linker, workload(engine, tmp_path, "guest"))
    with_functions = set(bindings.INTERFACES) - {types.INTERFACE}
    assert with_functions <= set(linker.interfaces)


def test_each_workload_has_its_own_grant_and_measurement(
    shared_platform: SimulatedPlatform, engine: Engine, tmp_path: Path
) -> None:
    host = ReferenceHost(shared_platform, zone="Asia/Tokyo")
    trusted = host.providers(workload(engine, tmp_path, "trusted", "workload"))
    stranger = host.providers(workload(engine, tmp_path, "stranger"))
    target = attestation.Target.WORKLOAD
    measured = trusted.elastic_hal_attestation.AttestationContext_load(target, None).measurements()
    assert measured[2].name == "workload"
    assert measured[2].value == bytes.fromhex(engine.load(tmp_path / "trusted.wasm").digest.removeprefix("sha256:"))
    with pytest.raises(types.Error_AccessDenied):
        stranger.elastic_hal_attestation.AttestationContext_load(target, None)
    assert stranger.elastic_hal_timezone.zone_id() == "Asia/Tokyo"
    assert stranger.elastic_hal_capabilities.get_capability("CLK-2").supported
