"""Channels between two guests in Python: bytes a second at 64 KiB a message, and how long a round trip takes.

Beside it the same work by two threads of the host with nothing but a queue between them, in the same run. A round trip
is the median of many short series, and the ways take turns: what else the machine does counts as little as can be, and
for all of them. Where the system keeps both guests on one core, a round trip takes what the work takes: six calls into
the host. Where it spreads them over two, each of its two ways also has to wake the other core, and to wait there for
the interpreter's lock; so one measurement binds both to one core.
"""

from __future__ import annotations

import dataclasses
import os
import queue
import statistics
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.guest_projects import built
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.group import Group
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

MESSAGE_BYTES = 64 * 1024
MESSAGES = 2000
ROUND_TRIPS = 20
"""In one series."""
SERIES = 100
TURNS = 5

_GUEST = '''"""One end, chosen by the first argument; the measuring end prints seconds, each in a line."""
from elastic_hal.guest_sdk import channels, clock, program


def main(arguments):
    end, count = arguments[0], int(arguments[1])
    if end == "sends":
        data = bytes(int(arguments[2]))
        with channels.Sender("data", to="reads", capacity=1 << 20) as sender:
            for _ in range(count):
                sender.send(data)
    elif end == "reads":
        with channels.Receiver("data", source="sends") as receiver:
            receiver.receive()
            with clock.Stopwatch() as watch:
                assert sum(1 for _ in receiver) == count - 1
            print(watch.elapsed)
    elif end == "asks":
        with channels.Sender("there", to="answers") as sender, channels.Receiver("back", source="answers") as receiver:
            sender.send(b"x")
            receiver.receive()
            for _ in range(int(arguments[2])):
                with clock.Stopwatch() as watch:
                    for _ in range(count):
                        sender.send(b"x")
                        receiver.receive()
                print(watch.elapsed)
    else:
        with channels.Receiver("there", source="asks") as receiver, channels.Sender("back", to="asks") as sender:
            for message in receiver:
                sender.send(message)


Run = program.command(main)
'''


def run() -> dict[str, float]:
    """Runs both pairs of guests, and the pair of threads."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = Engine(folder / "cache")
        pair = _Pair(engine, built("channels", _GUEST), folder / "state")
        (moving,) = pair.seconds(
            Grant(channels=(ChannelGrant("data", "reads", True),)),
            Grant(channels=(ChannelGrant("data", "sends", False),)),
            ("sends", str(MESSAGES), str(MESSAGE_BYTES)),
            ("reads", str(MESSAGES)),
        )
        turns = [(_round_trip(pair), _on_one_core(pair), _round_trip_of_threads()) for _ in range(TURNS)]
    guests, on_one_core, threads = (statistics.median(times) for times in zip(*turns, strict=True))
    mebibytes = (MESSAGES - 1) * MESSAGE_BYTES / 2**20
    return {
        "channels.mebibytes_per_second_at_64_kib": mebibytes / moving,
        "channels.round_trip_s": guests,
        "channels.round_trip_on_one_core_s": on_one_core,
        "channels.round_trip_of_two_threads_s": threads,
        "channels.round_trips_of_two_threads_in_one_on_one_core": on_one_core / threads,
    }


class _Pair:
    def __init__(self, engine: Engine, component: Path, state: Path) -> None:
        self._host = ReferenceHost(platforms.load("simulated", state_directory=state / "platform"), state=state)
        self._engine = engine
        self._component = engine.load(component)

    def seconds(self, one: Grant, other: Grant, *arguments: tuple[str, ...]) -> list[float]:
        """What the measuring guest prints."""
        printed = bytearray()
        workloads = [self._workload(grant, words) for grant, words in zip((one, other), arguments, strict=True)]
        ended = Group([dataclasses.replace(workload, output=printed.extend) for workload in workloads]).run()
        for each in ended:
            if not each.outcome.succeeded:
                raise RuntimeError(f"{each.name}: {each.outcome.message}")
        return [float(line) for line in printed.split()]

    def _workload(self, grant: Grant, arguments: tuple[str, ...]) -> Workload:
        identity = Identity(arguments[0], self._component.digest)
        return Workload(self._engine, self._component, identity, grant, link=self._host.link, arguments=arguments)


def _round_trip(pair: _Pair) -> float:
    series = pair.seconds(
        Grant(channels=(ChannelGrant("there", "answers", True), ChannelGrant("back", "answers", False))),
        Grant(channels=(ChannelGrant("there", "asks", False), ChannelGrant("back", "asks", True))),
        ("asks", str(ROUND_TRIPS), str(SERIES)),
        ("answers", "0"),
    )
    return statistics.median(series) / ROUND_TRIPS


def _on_one_core(pair: _Pair) -> float:
    """As `_round_trip`, on one core: threads get the cores of the thread that starts them."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        return _round_trip(pair)
    finally:
        os.sched_setaffinity(0, cores)


def _round_trip_of_threads() -> float:
    there: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    back: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def answer() -> None:
        for _ in range(SERIES * ROUND_TRIPS):
            back.put(there.get())

    thread = threading.Thread(target=answer)
    thread.start()
    series = []
    for _ in range(SERIES):
        begin = time.perf_counter()
        for _ in range(ROUND_TRIPS):
            there.put(b"x")
            back.get()
        series.append(time.perf_counter() - begin)
    thread.join()
    return statistics.median(series) / ROUND_TRIPS
