"""What all tests share: the conditions they run under, how long searches go on, and where the genuine evidence of
others is.

`make test` searches the same examples each time, so that it says the same each time; `--soak` (`make soak`) makes
property tests search much longer, and at random. `--soak-seconds` says for how long soak tests go on, and
`--soak-minutes` for how long the mixed load does (`tests/soak`).
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How fast examples are made says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile(
    "test", derandomize=True, database=None, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "soak",
    derandomize=False,
    deadline=None,
    max_examples=5000,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.filter_too_much,
    ],
)

STANDARD_SIGNALS = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGCHLD,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
)
"""What tests send, wait for or get from processes that they start. Whoever starts pytest may have them ignored or
blocked (`nohup`, a shell's `&`, some CI runners), and programs that are started inherit that.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="search property tests for much longer")
    parser.addoption("--docs", action="store_true", help="run the command lines that README and docs print")
    parser.addoption("--soak-seconds", type=float, default=None, help="how long each soak test goes on (default: 60)")
    parser.addoption(
        "--soak-minutes", type=float, default=None, help="how long the mixed load goes on (default: as a soak test)"
    )


@pytest.fixture(scope="session")
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """How long a soak test goes on: `--soak-seconds`, a minute with `--soak`, else just long enough to run it."""
    given: float | None = request.config.getoption("--soak-seconds")
    if given is not None:
        return given
    return 60.0 if request.config.getoption("--soak") else 1.0


@pytest.fixture(scope="session")
def load_seconds(request: pytest.FixtureRequest, soak_seconds: float) -> float:
    """How long the mixed load goes on: `--soak-minutes`, else as long as any soak test."""
    minutes: float | None = request.config.getoption("--soak-minutes")
    return soak_seconds if minutes is None else minutes * 60


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of the genuine evidence."""
    data = os.environ.get("ELASTIC_HAL_TEST_DATA")
    if not data or not Path(data, "vectors", "index.json").is_file():
        pytest.skip("ELASTIC_HAL_TEST_DATA does not name a folder with vectors/index.json")
    return Path(data, "vectors")


@pytest.fixture(scope="session")
def vectors_index(vectors: Path) -> dict[str, Any]:
    """What is in that folder, and how it is to be judged."""
    document: dict[str, Any] = json.loads((vectors / "index.json").read_text("utf-8"))
    return document


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what takes minutes (`soak_only`, `docs_run`), unless it is asked for."""
    for marker, option in (("soak_only", "--soak"), ("docs_run", "--docs")):
        if not config.getoption(option):
            left_out = [item for item in items if item.get_closest_marker(marker)]
            items[:] = [item for item in items if not item.get_closest_marker(marker)]
            config.hook.pytest_deselected(items=left_out)


def pytest_configure(config: pytest.Config) -> None:
    set_dispositions()
    config.addinivalue_line("markers", "soak_only: takes minutes, and runs with --soak alone")
    config.addinivalue_line("markers", "docs_run: runs the commands of a page, with --docs alone")
    hypothesis.settings.load_profile("soak" if config.getoption("--soak") else "test")


def set_dispositions() -> None:
    """Gives this process, and with it those that tests start, the dispositions that a terminal's processes have."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STANDARD_SIGNALS)
    for number in STANDARD_SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
