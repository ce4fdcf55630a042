from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance import Adapter, BuiltGuest, BuiltSuite, load_adapter

FAKE = Path(__file__).parent / "fake_runtimes.py"

ADAPTER = """
def get_name(): return "fake"
def get_version(): return "1.0"
def get_wasi_versions(): return ["wasm32-wasip2"]
def get_wasi_worlds(): return ["wasi:cli/command"]
def compute_argv(test_path, args_env_dirs, proposals, wasi_world, wasi_version):
    return [{python!r}, {script!r}, "once", {fault!r}, "--", *args_env_dirs[0]]
"""
BATCH = """
def compute_batch_argv(test_path, args_env_dirs, proposals, wasi_world, wasi_version):
    return [{python!r}, {script!r}, "batch", {fault!r}]
"""


@pytest.fixture(scope="session")
def contract() -> model.Resolve:
    return load_or_raise([contract_dir()], frozenset({"post-quantum"}))


@pytest.fixture
def fake_adapter(tmp_path: Path) -> Callable[..., Adapter]:
    def make(fault: str = "none", *, batch: bool = True, extra: str = "") -> Adapter:
        text = (ADAPTER + (BATCH if batch else "")).format(python=sys.executable, script=str(FAKE), fault=fault)
        path = tmp_path / f"fake_{fault.replace('-', '_')}.py"
        path.write_text(text + extra)
        return load_adapter(path)

    return make


@pytest.fixture
def fake_suite() -> Callable[..., BuiltSuite]:
    def make(*names: str, interface: str = "elastic:hal/crypto@0.2.0", timeout: float = 10.0) -> BuiltSuite:
        cases = tuple(
            SuiteCase(
                id=name,
                title=f"the case {name}",
                origin="file",
                steps=(),
                catalogue=("CRY-6",),
                needs=("CRY-6",),
                positive=("hash",),
                timeout=timeout,
                place="cases/crypto.yaml:1",
            )
            for name in names
        )
        return BuiltSuite((BuiltGuest(interface, Path("guest.wasm"), cases),))

    return make
