"""What all tests share: how long hypothesis searches. `--soak` (`make soak`) makes it search much longer."""

from __future__ import annotations

import hypothesis
import pytest

hypothesis.settings.register_profile("test", deadline=None)
hypothesis.settings.register_profile("soak", deadline=None, max_examples=5000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="search property tests for much longer")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("soak" if config.getoption("--soak") else "test")
