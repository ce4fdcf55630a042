"""A writer is killed at any instant: what was acknowledged is there, and nothing is half there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import crypto
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.runtime.storage_grants import RemoteStorage

WRITER = Path(__file__).parent / "killed_writer.py"
LONGEST_LIFE_SECONDS = 0.08
LONGEST_LIFE_AT_A_BUCKET_SECONDS = 0.4


@pytest.fixture
def start_writers() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(state: Path, protected: str, *bucket: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(WRITER), str(state), protected, *bucket]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        with process:
            process.communicate()


@pytest.mark.parametrize("protected", ["yes", "no"])
def test_two_hundred_kills(
    host: Any,
    make_key: Callable[..., crypto.Key],
    protected: str,
    start_writers: Callable[..., subprocess.Popen[str]],
    request: pytest.FixtureRequest,
) -> None:
    """A hundred kills for each kind of container; ten times as many with `--soak`."""
    kills = 1000 if request.config.getoption("--soak") else 100
    chance = random.Random(8)
    known: dict[str, int] = {}
    acknowledged = 0
    writers = start_writers(host.state, protected)
    for life in range(kills):
        said = _live_and_die(writers, life, chance.uniform(0, LONGEST_LIFE_SECONDS))
        possible = _allow(known, said)
        acknowledged += sum(line == "done" for line in said)
        host.restart()
        box = host.container("box", anchored=True)
        if protected == "yes":
            box.associate_key(make_key(ord("k")), wit.Protection.CONTENT_AND_NAMES)
        known = {name: _value(host.get(box, name)) for name in host.listed(box)}
        for name, values in possible.items():
            assert known.get(name, 0) in values, f"life {life}: {name}"
        assert set(known) <= set(possible)
        info = box.info()
        assert info.objects == len(known)
        stored = sum(box.object_info(name).size for name in known)
        assert stored <= info.size <= stored + 100 * max(1, info.objects), "something is left of what was not finished"
        assert len(list((host.state / "storage" / "owners").iterdir())) == 1, "a dead writer's file is left"
    assert acknowledged > kills / 4, "the writers hardly got to write"


@pytest.mark.parametrize("protected", ["yes", "no"])
def test_writers_to_a_bucket_are_killed(
    host: Any,
    make_key: Callable[..., crypto.Key],
    remote: RemoteStorage,
    protected: str,
    start_writers: Callable[..., subprocess.Popen[str]],
    request: pytest.FixtureRequest,
) -> None:
    """What they leave behind stays for a day, so only the objects are looked at."""
    kills = 200 if request.config.getoption("--soak") else 15
    chance = random.Random(9)
    known: dict[str, int] = {}
    acknowledged = 0
    writers = start_writers(host.state, protected, remote.endpoint, remote.bucket, remote.prefix)
    for life in range(kills):
        said = _live_and_die(writers, life, chance.uniform(0, LONGEST_LIFE_AT_A_BUCKET_SECONDS))
        possible = _allow(known, said)
        acknowledged += sum(line == "done" for line in said)
        host.restart()
        box = host.container("box", storage=remote)
        if protected == "yes":
            box.associate_key(make_key(ord("k")), wit.Protection.CONTENT_AND_NAMES)
        known = {name: _value(host.get(box, name)) for name in host.listed(box)}
        for name, values in possible.items():
            assert known.get(name, 0) in values, f"life {life}: {name}"
        assert set(known) <= set(possible)
    assert acknowledged > kills / 4, "the writers hardly got to write"


def _live_and_die(writers: subprocess.Popen[str], seed: int, seconds: float) -> list[str]:
    """Has a writer started, kills it so long after it is ready, and gives what it has said."""
    assert writers.stdin is not None
    assert writers.stdout is not None
    writers.stdin.write(f"{seed}\n")
    writers.stdin.flush()
    ready, _, process = writers.stdout.readline().partition(" ")
    assert ready == "ready"
    killer = threading.Timer(seconds, os.kill, [int(process), signal.SIGKILL])
    killer.start()
    said = []
    while (line := writers.stdout.readline()) != "dead\n":
        assert line, "the writers' parent has ended"
        said.append(line.rstrip("\n"))
    killer.join()
    return said


def _allow(known: dict[str, int], said: list[str]) -> dict[str, set[int]]:
    """What each object may be now: what was acknowledged last, or what was under way when the kill came."""
    possible = {name: {value} for name, value in known.items()}
    last: tuple[str, int] | None = None
    for line in said:
        if line == "done" and last is not None:
            possible[last[0]], last = {last[1]}, None
        elif line.startswith("begin ") and line.count(" ") == 3:
            name, _, value = line.removeprefix("begin ").rpartition(" ")
            last = (name, int(value))
    if last is not None:
        possible.setdefault(last[0], {0}).add(last[1])
    return possible


def _value(content: bytes) -> int:
    """The value that an object consists of, which must be the same from its first byte to its last."""
    assert content
    assert content == content[:8] * (len(content) // 8)
    return int.from_bytes(content[:8], "big")


def test_a_living_writer_of_another_process_is_left_alone(host: Any, host_at: Callable[[Path], Any]) -> None:
    writer = host.container().write_data("slow", wit.WriteCondition_Always())
    writer.write(bytes(1 << 20))
    host.put(host.container(), "old", bytes(1 << 20))
    reader_of_old = host.container().get_data("old", 0, None)
    host.container().delete_object("old", wit.WriteCondition_Always())
    other = host_at(host.state)
    assert other.container().info().objects == 0
    other.restart()
    assert other.container().info().size > 1_700_000
    writer.write(b"end")
    writer.finish()
    assert len(other.get(other.container(), "slow")) == (1 << 20) + 3
    assert len(reader_of_old.read(1 << 20)) == 1 << 20
    reader_of_old.drop()
    assert other.container().info().size < 2 << 20
    other.storages.close()


def test_a_killed_reader_leaves_nothing(host: Any, host_at: Callable[[Path], Any]) -> None:
    script = (
        "import sys, os, pathlib, runpy\n"
        "from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages\n"
        "from elastic_hal.runtime.control import Control\n"
        "from elastic_hal.runtime.identity import Identity\n"
        "from elastic_hal.runtime.storage_grants import ContainerGrant\n"
        "grant = ContainerGrant('box', frozenset(['read']))\n"
        "storages = Storages(pathlib.Path(sys.argv[1]))\n"
        "provider = ObjectStorageProvider(storages, Identity('guest', ''), [grant], Control())\n"
        "reader = provider.get_container('box').get_data('object', 0, None)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.read()\n"
    )
    host.put(host.container(), "object", bytes(1 << 20))
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(host.state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        host.container().clear()
        host.restart()
        assert host.container().info().size > 1 << 20
        process.kill()
    host.restart()
    assert host.container().info().size == 0
