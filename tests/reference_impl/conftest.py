"""A simulated platform in a directory of the test's own, and what is made from it."""

from pathlib import Path

import pytest

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "simulated"


@pytest.fixture
def platform(state: Path) -> SimulatedPlatform:
    loaded = platforms.load("simulated", state_directory=state)
    assert isinstance(loaded, SimulatedPlatform)
    return loaded


@pytest.fixture(scope="module")
def shared_platform(tmp_path_factory: pytest.TempPathFactory) -> SimulatedPlatform:
    """One for the tests that only read, hypothesis above all."""
    loaded = platforms.load("simulated", state_directory=tmp_path_factory.mktemp("shared") / "simulated")
    assert isinstance(loaded, SimulatedPlatform)
    return loaded
