"""An adapter that ends the process it is loaded into has failed, whatever it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from elastic_hal.conformance.adapter import AdapterError, RuntimeUnavailable, load_adapter

WHOLE = """
import sys
{start}
def get_name(): return "n"
def get_version(): {version}
def get_wasi_versions(): return ["wasm32-wasip2"]
def get_wasi_worlds(): return ["wasi:cli/command"]
def get_hal_interfaces(): return []
def compute_argv(test_path, args_env_dirs, proposals, wasi_world, wasi_version): {argv}
def configure(options): sys.exit(0)
"""


def write(folder: Path, start: str = "", version: str = 'return "1"', argv: str = "return []") -> Path:
    path = folder / "leaving.py"
    path.write_text(WHOLE.format(start=start, version=version, argv=argv), encoding="utf-8")
    return path


@pytest.mark.parametrize("code", ["0", "1", "None", "'bye'"])
def test_an_adapter_that_leaves_while_it_is_loaded_is_wrong(tmp_path: Path, code: str) -> None:
    with pytest.raises(AdapterError, match="cannot be loaded: RuntimeError: it leaves with"):
        load_adapter(write(tmp_path, start=f"sys.exit({code})"))
    with pytest.raises(AdapterError, match="refuses the options: it leaves with 0"):
        load_adapter(write(tmp_path), {"platform": "simulated"})


def test_an_adapter_that_leaves_while_it_is_asked_has_no_runtime(tmp_path: Path) -> None:
    adapter = load_adapter(write(tmp_path, version="sys.exit(0)"))
    with pytest.raises(RuntimeUnavailable, match="get_version failed: RuntimeError: it leaves with 0"):
        adapter.version()


def test_a_signal_that_ends_the_process_is_let_through(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        load_adapter(write(tmp_path, start="sys.exit(143)"))
