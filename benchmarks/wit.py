"""How long the front end takes for the contract, beside the reference tool in the same run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import timed
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.resources import contract_dir


def run() -> dict[str, float]:
    """Reading in this process, and `wit check` as a process of its own."""
    contract = contract_dir()
    figures = {"wit.load_contract_s": timed(lambda: load_or_raise([contract]), repeats=5).median}
    ours = [sys.executable, "-m", "elastic_hal.cli", "wit", "check", str(contract)]
    figures["wit.check_process_s"] = timed(
        lambda: subprocess.run(ours, check=True, capture_output=True), repeats=5
    ).median
    reference = shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
    if reference is not None:
        theirs = [reference, "component", "wit", str(contract), "--json"]
        seconds = timed(lambda: subprocess.run(theirs, check=True, capture_output=True), repeats=5).median
        figures["wit.check_process_ratio_to_wasm_tools"] = figures["wit.check_process_s"] / seconds
    return figures
