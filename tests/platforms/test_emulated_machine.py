"""Machines that the command line starts for a run of the suite: adapters find them by variables, and none is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from elastic_hal.cli.emulated_machine import emulated_machine
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.platform_options import open_platform
from elastic_hal.runtime.platform import SealingRequest, SealingSource

VARIABLES = ("ELASTIC_HAL_PLATFORM_ROOT", "ELASTIC_HAL_SEALING", "ELASTIC_HAL_TDX_EVENT_LOG")


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLES[0], "/elsewhere")
    for name in VARIABLES[1:]:
        monkeypatch.delenv(name, raising=False)


def variables() -> list[str | None]:
    return [os.environ.get(name) for name in VARIABLES]


def test_a_tdx_machine_has_a_broker_to_seal_by() -> None:
    with emulated_machine("tdx", with_broker=True):
        root, sealing, log = variables()
        assert root is not None
        assert sealing is not None
        assert log is not None
        platform = open_platform("tdx", None, Path(sealing))
        assert platform.sealing_source is SealingSource.BROKER
        given = platform.sealing_key(SealingRequest(True, b"context"))
        assert open_platform("tdx", None, Path(sealing)).sealing_key(SealingRequest(True, b"context")) == given
        assert os.path.ismount(root)
    assert variables() == ["/elsewhere", None, None]
    assert not any(Path(place).exists() for place in (root, sealing, log))


def test_without_a_broker_it_seals_nothing() -> None:
    with emulated_machine("tdx", with_broker=False):
        assert variables()[1] is None
        assert open_platform("tdx", None).sealing_source is None


def test_a_machine_that_does_not_start_says_how_to_see_why() -> None:
    with (
        pytest.raises(CommandError, match="the abacus machine does not start; try: elastic-hal platform emulate"),
        emulated_machine("abacus", with_broker=True),
    ):
        raise AssertionError
    assert variables() == ["/elsewhere", None, None]
