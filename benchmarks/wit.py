"""How long the front end takes for the contract and for big files, beside the reference tool in the same run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import timed
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.resources import contract_dir

SIZES = (64, 256, 1024)
"""KiB of the generated files. The time per KiB should be the same for all of them."""


def run() -> dict[str, float]:
    """Reading in this process, `wit check` as a process of its own, and dense files of three sizes."""
    contract = contract_dir()
    figures = {"wit.load_contract_s": timed(lambda: load_or_raise([contract]), repeats=5).median}
    ours = [sys.executable, "-m", "elastic_hal.cli", "wit", "check", str(contract)]
    figures["wit.check_process_s"] = _process(ours)
    reference = shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
    if reference is not None:
        theirs = _process([reference, "component", "wit", str(contract), "--json"])
        figures["wit.check_process_ratio_to_wasm_tools"] = figures["wit.check_process_s"] / theirs
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            path = Path(folder) / f"{size}.wit"
            path.write_text(dense_text(size), "utf-8")
            seconds = timed(lambda path=path: load_or_raise([path]), repeats=3).median  # type: ignore[misc]
            figures[f"wit.load_{size}_kib_s"] = seconds
            figures[f"wit.load_{size}_kib_per_kib_s"] = seconds / size
            if reference is not None:
                theirs = _process([reference, "component", "wit", str(path), "--json"])
                figures[f"wit.wasm_tools_{size}_kib_process_s"] = theirs
                figures[f"wit.wasm_tools_{size}_kib_process_per_kib_s"] = theirs / size
    return figures


def dense_text(kibibytes: int) -> str:
    """WIT of that size without comments: little but tokens, which is what reading costs."""
    parts = ["package bench:dense@1.0.0;\n"]
    length = 0
    while length < kibibytes * 1024:
        lines = [f"interface i{len(parts)} {{"]
        for number in range(20):
            lines += [
                f"record r{number} {{ a: u32, b: option<string>, c: list<tuple<u8, s64>> }}",
                f"variant v{number} {{ x, y(r{number}), z(list<u8>) }}",
                f"f{number}: func(p: r{number}, q: v{number}) -> result<r{number}, string>;",
            ]
        parts.append("\n".join([*lines, "}\n"]))
        length += len(parts[-1])
    return "".join(parts)


def _process(command: list[str]) -> float:
    return timed(lambda: subprocess.run(command, check=True, capture_output=True), repeats=5).median
