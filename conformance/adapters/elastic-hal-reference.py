"""Adapter of the reference runtime. Options: `platform` (default simulated) and `mutant`.

The suite's guests need nothing but attestation; the policy beside this file grants it.
"""

from __future__ import annotations

import importlib.metadata
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
POLICY = HERE / "elastic-hal-reference.policy.toml"
OPTIONS = ("platform", "mutant")
_chosen: dict[str, str] = {}


def configure(options: dict[str, str]) -> None:
    """Takes the options of a run."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise ValueError(f"there is no option {name!r}; there are {', '.join(OPTIONS)}")
        _chosen[name] = value


def get_name() -> str:
    """What the runtime is called."""
    return "elastic-hal-reference"


def get_version() -> str:
    """Its version, which is that of the whole project."""
    return importlib.metadata.version("elastic-hal")


def get_wasi_versions() -> list[str]:
    """The WASI versions that it runs."""
    return ["wasm32-wasip2"]


def get_wasi_worlds() -> list[str]:
    """The worlds that it runs."""
    return ["wasi:cli/command"]


def get_hal_interfaces() -> list[str]:
    """The interfaces that it has. What it cannot serve on a platform, its capabilities say."""
    return [
        "elastic:hal/attestation@0.2.0",
        "elastic:hal/capabilities@0.2.0",
        "elastic:hal/crypto@0.2.0",
        "elastic:hal/timezone@0.2.0",
        "wasi:clocks/monotonic-clock@0.2.9",
        "wasi:clocks/wall-clock@0.2.9",
        "wasi:random/random@0.2.9",
    ]


def compute_argv(
    test_path: str,
    args_env_dirs: tuple[list[str], dict[str, str], list[tuple[str, str]]],
    proposals: list[str],
    wasi_world: str,
    wasi_version: str,
) -> list[str]:
    """The command that runs one component once."""
    return [*_command(), test_path, "--", *args_env_dirs[0]]


def compute_batch_argv(
    test_path: str,
    args_env_dirs: tuple[list[str], dict[str, str], list[tuple[str, str]]],
    proposals: list[str],
    wasi_world: str,
    wasi_version: str,
) -> list[str]:
    """The command that runs one component many times, each time in a fresh instance."""
    return [*_command(), "--batch", test_path]


def _command() -> list[str]:
    command = [_program(), "run", "--policy", str(POLICY), "--platform", _chosen.get("platform", "simulated")]
    return [*command, "--mutant", _chosen["mutant"]] if "mutant" in _chosen else command


def _program() -> str:
    """The command beside the Python that runs this, else the one on the path."""
    beside = Path(sys.executable).parent / "elastic-hal"
    found = str(beside) if beside.is_file() else shutil.which("elastic-hal")
    if found is None:
        raise FileNotFoundError(2, "no such command", "elastic-hal")
    return found
