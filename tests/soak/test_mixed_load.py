"""A mixed load with faults over one host: nothing acknowledged is lost, nothing is stuck, nothing grows.

`make soak MINUTES=30` makes it long and writes its figures to `build/soak.json`; a few seconds of it belong to every
run of the tests. The state of the host lies on a file system of its own, which is filled up again and again: in a mount
namespace where the system lets users make one. Elsewhere the load goes on without that fault, and says so.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.guest_sdk.build import build

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
LEAST_SECONDS = 6.0
"""Enough for every lane to get its turn beside the faults."""
LONG_SECONDS = 120.0
"""From here on there are enough rounds to say whether memory grows."""
MOST_GROWTH = {"rss_mib": 1.05, "allocated_mib": 1.05, "python_blocks": 1.01}
"""How much more there may be in the last third of a long run than in the second: what leaks a little in each round is
more by then. Resident pages come to rest more slowly than what is allocated in them.
"""
DISK = "64m"


@pytest.fixture(scope="module")
def figures(load_seconds: float, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("soak")
    (folder / "state").mkdir(mode=0o700)
    component = build(HERE / "guest", folder / "soak-guest.wasm")
    small = _may_mount(folder / "state")
    script = [
        sys.executable,
        str(HERE / "mixed_load.py"),
        str(max(load_seconds, LEAST_SECONDS)),
        str(folder),
        str(component),
    ]
    command = [*script, "small"] if small else [*script, "whole"]
    if small:
        command = ["unshare", "-rm", "sh", "-c", f"{_mount(folder / 'state')} && exec {shlex.join(command)}"]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        timeout=load_seconds * 3 + 600,
        check=True,
    )
    found: dict[str, Any] = {**json.loads(done.stdout), "disk_could_be_filled": small}
    if load_seconds >= LONG_SECONDS:
        (REPOSITORY / "build").mkdir(exist_ok=True)
        (REPOSITORY / "build" / "soak.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))
    return found


def test_only_what_was_to_be_expected_happened(figures: dict[str, Any]) -> None:
    """Every acknowledged object is there, hostile guests end for the right reason, refusals have the right type."""
    assert figures["problems"] == []


def test_every_lane_was_at_work(figures: dict[str, Any]) -> None:
    assert min(figures["acknowledged"].values()) > 10
    assert figures["kills"] >= figures["rounds"]
    assert figures["clock_steps"] > 0
    assert figures["guests"]["messages"] > 0
    for lane in ("write", "read", "converse", "compute", "allocate", "attest"):
        assert figures["guests"][f"{lane}: ok"] > 0, lane
    assert any(key.startswith("hostile") for key in figures["guests"])


def test_the_disk_was_full(figures: dict[str, Any], load_seconds: float) -> None:
    if not figures["disk_could_be_filled"]:
        pytest.skip("this system lets no user mount a small file system in a namespace (unshare -rm, tmpfs)")
    assert figures["times_the_disk_was_full"] > 0
    if load_seconds >= LONG_SECONDS:
        assert figures["guests"]["write: limit-exceeded"] > 0


def test_no_thread_and_no_file_is_left_behind(figures: dict[str, Any]) -> None:
    first, *_, last = figures["threads"]
    assert last <= first
    first, *_, last = figures["files"]
    assert last <= first


def test_nothing_is_left_in_the_storage(figures: dict[str, Any]) -> None:
    assert figures["left_in_storage"] == 0


@pytest.mark.parametrize("figure", MOST_GROWTH)
def test_memory_is_flat(figures: dict[str, Any], load_seconds: float, figure: str) -> None:
    """Between the second and the last third of a long run; a short one is all warm-up."""
    found = figures[figure]
    if load_seconds < LONG_SECONDS:
        assert max(figures["rss_mib"]) < 1500
        return
    third = len(found) // 3
    second, last = found[third : 2 * third], found[-third:]
    assert statistics.median(last) <= statistics.median(second) * MOST_GROWTH[figure]


def _mount(folder: Path) -> str:
    return f"mount -t tmpfs -o size={DISK},mode=700 none {shlex.quote(str(folder))}"


def _may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    attempt = subprocess.run(["unshare", "-rm", "sh", "-c", _mount(folder)], capture_output=True, check=False)
    return attempt.returncode == 0
