"""What one more family costs: a family is put into a copy of the repository, which then generates, links and tests it.

`docs/adding-a-family.md` shows the same family step by step; its table is compared with what is counted here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
FAMILY = Path(__file__).parent / "counters"
PAGE = REPOSITORY / "docs" / "adding-a-family.md"
BUILD = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
PACKAGES: list[str] = BUILD["targets"]["wheel"]["dev-mode-dirs"]

sys.path.insert(0, str(FAMILY.parent))

from apply import Cost, apply, cost  # noqa: E402 - it stands beside this file

MOST_NEW_FILES, MOST_LINES_ELSEWHERE = 5, 25
_USE = """
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.bindings.elastic_hal import counters, types
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload
from pathlib import Path
import sys, tempfile, wasmtime
INTERFACE = "elastic:hal/counters@0.2.0"
with tempfile.TemporaryDirectory() as name:
    engine = Engine()
    host = ReferenceHost(platforms.load("simulated", state_directory=Path(name) / "platform"), state=Path(name))
    guest = engine.compile(bytes(wasmtime.wat2wasm("(component)")), "guest")
    workload = Workload(engine, guest, Identity("guest", guest.digest))
    linker = abi.Linker(engine.wasm)
    linker.wasm.add_wasip2()
    host.link(linker, workload)
    provider = host.providers(workload).elastic_hal_counters
    assert [provider.next("a"), provider.next("a"), provider.next("b")] == [1, 2, 1]
    capability = host.providers(workload).elastic_hal_capabilities.get_capability("CTR-1")
    assert (capability.interface_name, capability.supported) == (INTERFACE, True)
    assert {limit.name: limit.value for limit in capability.limits} == {"counters": 1000, "name-bytes": 64}
    try:
        provider.next("x" * 65)
    except types.Error_InvalidArgument as error:
        print(INTERFACE in linker.interfaces, error)
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the family in it, and the code generated anew."""
    copy = tmp_path_factory.mktemp("grown") / "repository"
    copy.mkdir()
    for folder in (*PACKAGES, "wit", "docs"):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "build"))
    apply(FAMILY, copy)
    said = run(copy, "-m", "elastic_hal.cli.regenerate")
    assert re.search(r"reference_impl/bindings: \d+ files, 2 changed", said), said
    assert re.search(r"guest_sdk/bindings: \d+ files, 1 changed", said), said
    return copy


def run(copy: Path, *arguments: str) -> str:
    """Runs Python on the packages of the copy."""
    path = os.pathsep.join(str(copy / package) for package in PACKAGES)
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-4000:])
    return done.stdout


def test_it_costs_four_small_files_and_a_mutant() -> None:
    found = cost(FAMILY)
    assert len(found.files) <= MOST_NEW_FILES
    assert sum(found.edits.values()) <= MOST_LINES_ELSEWHERE


def test_the_page_has_these_numbers() -> None:
    text = PAGE.read_text("utf-8")
    table = "\n".join(rows(cost(FAMILY)))
    if os.environ.get("ELASTIC_HAL_UPDATE_GOLDEN"):
        text = re.sub(r"(?s)(\| file \| lines \|\n\|---\|---\|\n).*?\n\n", lambda found: f"{found[1]}{table}\n\n", text)
        PAGE.write_text(text, "utf-8")
    assert f"|---|---|\n{table}\n\n" in text, "ELASTIC_HAL_UPDATE_GOLDEN=1 writes the table anew"


def test_the_page_shows_the_files_as_they_are() -> None:
    text = PAGE.read_text("utf-8")
    for name in ("counters.wit", "provider.py", "cases.yaml", "sdk.py", "mutants.py"):
        assert (FAMILY / name).read_text("utf-8").strip() in text, name


def test_the_host_has_it(grown: Path) -> None:
    assert run(grown, "-c", _USE).startswith("True")


def test_contract_and_cases_are_in_order(grown: Path) -> None:
    run(grown, "-m", "elastic_hal.cli", "wit", "check", str(grown / "wit"))
    assert "counters-rise-one-by-one" in run(grown, "-m", "elastic_hal.cli", "conformance", "list", "-k", "counters")


def test_the_suite_passes_and_its_mutant_does_not(grown: Path) -> None:
    """The guest is built, and the cases are run, against the host as it is and against the mutant."""
    assert "3 pass" in run(grown, "-m", "elastic_hal.cli", "conformance", "run", "-k", "counters")
    said = run(
        grown, "-m", "elastic_hal.cli", "conformance", "mutants", "--mutant", "ctr-1-stands-still", "-k", "counters"
    )
    assert "ctr-1-stands-still noticed" in said


def rows(found: Cost) -> list[str]:
    new = [f"| `{place}` (new) | {lines} |" for place, lines in found.files.items()]
    edited = [f"| `{place}` | {lines} |" for place, lines in found.edits.items()]
    whole = f"| together: {len(new)} new files, and lines in {len(edited)} others | "
    return [*new, *edited, f"{whole}{sum(found.files.values())} + {sum(found.edits.values())} |"]
