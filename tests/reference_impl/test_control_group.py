"""The bounds of the host's control group: what the kernel writes into its files, and a group that it made."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.resources.budget import of_this_machine
from elastic_hal.reference_impl.resources.control_group import Bounds, bounds

MIB = 1024**2
ROOT = "28 25 0:25 {root} {place} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
OTHERS = (
    "25 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
    "30 25 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
)


def process(folder: Path, group: str = "/", *, root: str = "/", mounts: str | None = None) -> Path:
    """The folder of a process whose groups are mounted at `groups` beside it."""
    place = str(folder / "groups of all").replace(" ", "\\040")
    (folder / "mountinfo").write_text(OTHERS + (ROOT.format(root=root, place=place) if mounts is None else mounts))
    (folder / "cgroup").write_text(f"9:name=systemd:/other\n1:cpu:/elsewhere\n0::{group}\n")
    return folder


def write(folder: Path, group: str = ".", **files: str) -> None:
    """The files of a group: `cpu` is its `cpu.max`."""
    where = folder / "groups of all" / group
    where.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (where / f"{name}.max").write_text(text)


def test_bounds_of_a_group(tmp_path: Path) -> None:
    write(tmp_path, cpu="150000 100000\n", memory=f"{64 * MIB}\n")
    assert bounds(process(tmp_path)) == Bounds(64 * MIB, 1500)


def test_the_narrowest_of_the_groups_around_counts(tmp_path: Path) -> None:
    write(tmp_path, "a", cpu="50000 100000\n", memory="max\n")
    write(tmp_path, "a/b", cpu="max 100000\n", memory=f"{32 * MIB}\n")
    write(tmp_path, "a/b/c", cpu="2000 1000\n", memory=f"{64 * MIB}\n")
    write(tmp_path, "a/other", cpu="1 1000\n", memory="1\n")
    assert bounds(process(tmp_path, "/a/b/c")) == Bounds(32 * MIB, 500)


def test_a_group_is_found_below_the_one_that_is_mounted(tmp_path: Path) -> None:
    write(tmp_path, "inner", cpu="20000 100000\n")
    assert bounds(process(tmp_path, "/container/inner", root="/container")) == Bounds(None, 200)


@pytest.mark.parametrize("group", ["/elsewhere", "/../elsewhere", "/container/../elsewhere"])
def test_a_group_that_cannot_be_seen_has_the_bounds_of_those_around_it(tmp_path: Path, group: str) -> None:
    write(tmp_path, cpu="20000 100000\n")
    write(tmp_path, "elsewhere", cpu="10000 100000\n")
    assert bounds(process(tmp_path, group, root="/container")) == Bounds(None, 200)


def test_a_share_of_next_to_nothing_is_still_one(tmp_path: Path) -> None:
    write(tmp_path, cpu="1 1000000\n")
    assert bounds(process(tmp_path)).cpu_thousandths == 1


def test_without_control_groups_nothing_is_bound(tmp_path: Path) -> None:
    assert bounds(tmp_path) == bounds(process(tmp_path, mounts="")) == Bounds()
    write(tmp_path, cpu="max 100000\n", memory="max\n")
    assert bounds(process(tmp_path)) == Bounds()


@given(st.text(), st.text(), st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_the_files_hold(
    tmp_path_factory: pytest.TempPathFactory, line: str, group: str, cpu: bytes, memory: bytes
) -> None:
    folder = tmp_path_factory.mktemp("process")
    write(folder)
    (folder / "groups of all" / "cpu.max").write_bytes(cpu)
    (folder / "groups of all" / "memory.max").write_bytes(memory)
    process(folder)
    with (folder / "mountinfo").open("a", encoding="utf-8", errors="replace") as mounts:
        mounts.write(line)
    with (folder / "cgroup").open("a", encoding="utf-8", errors="replace") as membership:
        membership.write("0::/" + group)
    found = bounds(folder)
    assert found.cpu_thousandths is None or found.cpu_thousandths >= 1
    assert found.memory_bytes is None or found.memory_bytes >= 0


def test_the_budget_of_a_host_keeps_within_its_group(tmp_path: Path) -> None:
    write(tmp_path, cpu="500 1000\n", memory=f"{4 * MIB}\n")
    assert of_this_machine(process(tmp_path)) == type(of_this_machine())(3 * MIB, 500)
    write(tmp_path, cpu="100000000 1000\n", memory=f"{1 << 62}\n")
    assert of_this_machine(process(tmp_path)) == of_this_machine(tmp_path / "nothing")
