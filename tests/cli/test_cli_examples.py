"""The examples do what their README says."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elastic_hal.codegen.resources import contract_dir

EXAMPLES = contract_dir().parent / "examples"


def test_the_pipeline(process: Callable[..., Any], place: Path) -> None:
    pipeline = place / "pipeline"
    shutil.copytree(EXAMPLES / "pipeline", pipeline, ignore=shutil.ignore_patterns("build"))
    for name in ("sensor", "analyser"):
        assert process("guest", "build", pipeline / name).code == 0
    result = process("run", pipeline / "deployment.toml")
    assert (result.code, result.err) == (0, "")
    assert "sensor   | sent 10 readings" in result.out
    assert "analyser | 10 readings of sensor, component " in result.out
