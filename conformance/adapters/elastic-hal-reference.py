"""Adapter of the reference runtime. Options: `platform` (default simulated) and `mutant`.

The policy beside this file grants the suite's guests what they need. What is added to it here lets the cases of
attestation appraise evidence of this very machine; on TDX that takes collateral, whose file ELASTIC_HAL_TDX_COLLATERAL
names. What guests store goes into a directory of the run.
"""

from __future__ import annotations

import atexit
import functools
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
POLICY = HERE / "elastic-hal-reference.policy.toml"
OPTIONS = ("platform", "mutant")
# By which the cases of attestation may appraise: evidence of this machine, and the same of another workload alone.
APPRAISAL = {
    "this-machine": "version = 1\nallow_simulated = true\nallow_emulated = true\n",
    "another-workload": "version = 1\nallow_simulated = true\nallow_emulated = true\n"
    f'[measurements.workload]\n"another" = "sha-256:{"a5" * 32}"\n',
}
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
        "elastic:hal/channels@0.2.0",
        "elastic:hal/crypto@0.2.0",
        "elastic:hal/object-storage@0.2.0",
        "elastic:hal/poll@0.2.0",
        "elastic:hal/resource-allocation@0.2.0",
        "elastic:hal/post-quantum@0.2.0",
        "elastic:hal/sealing@0.2.0",
        "elastic:hal/timezone@0.2.0",
        "elastic:hal/tls@0.2.0",
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


def compute_group_argv(
    members: list[tuple[str, str, tuple[list[str], dict[str, str], list[tuple[str, str]]]]],
    proposals: list[str],
    wasi_world: str,
    wasi_version: str,
) -> list[str]:
    """The command that runs several workloads at once in one host: a name, a component and arguments each."""
    lines = ["version = 1", f"policy = {json.dumps(_policy())}"]
    for name, component, (arguments, _environment, _directories) in members:
        lines += [f"[workload.{json.dumps(name)}]", f"component = {json.dumps(component)}"]
        lines += [f"arguments = {json.dumps(arguments)}"]
    with tempfile.NamedTemporaryFile("w", suffix=".toml", dir=_state(), delete=False) as file:
        file.write("\n".join(lines))
    command = [_program(), "run", file.name, "--platform", _platform(), "--state", _state()]
    return [*command, "--mutant", _chosen["mutant"]] if "mutant" in _chosen else command


def _command() -> list[str]:
    command = [_program(), "run", "--policy", _policy(), "--platform", _platform(), "--state", _state()]
    return [*command, "--mutant", _chosen["mutant"]] if "mutant" in _chosen else command


def _platform() -> str:
    return _chosen.get("platform", "simulated")


@functools.cache
def _policy() -> str:
    """The policy beside this file, with verification policies that trust this very machine."""
    place = Path(_state())
    lines = [POLICY.read_text(encoding="utf-8")]
    collateral = os.environ.get("ELASTIC_HAL_TDX_COLLATERAL")
    for name, text in APPRAISAL.items():
        (place / f"{name}.toml").write_text(text, encoding="utf-8")
        lines += [f"[workload.elastic-hal-attestation.appraisal.{name}]", f'policy = "{name}.toml"']
        lines += [f"trust_roots = {json.dumps(_trust_roots())}"]
        lines += [f"collateral = {json.dumps(os.path.abspath(collateral))}"] if collateral else []
    policy = place / "policy.toml"
    policy.write_text("\n".join(lines), encoding="utf-8")
    return str(policy)


@functools.cache
def _trust_roots() -> list[str]:
    """The root of the machine below; none on hardware whose evidence comes without it: verifiers know the vendors'."""
    if _platform() == "simulated":
        return ["simulated/root-cert.pem"]  # made by the first run in the directory of state, before it reads a policy
    command = [_program(), "platform", "root", "--platform", _platform(), "--out", os.path.join(_state(), "root.pem")]
    made = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return ["root.pem"] if made.returncode == 0 else []


def _program() -> str:
    """The command beside the Python that runs this, else the one on the path."""
    beside = Path(sys.executable).parent / "elastic-hal"
    found = str(beside) if beside.is_file() else shutil.which("elastic-hal")
    if found is None:
        raise FileNotFoundError(2, "no such command", "elastic-hal")
    return found


@functools.cache
def _state() -> str:
    """A directory for the objects of this run, removed at its end."""
    directory = tempfile.mkdtemp(prefix="elastic-hal-conformance-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory
