"""What a guest author tries on the first day: each argument is one try. It ends as the program would."""

import asyncio
import contextlib
import enum
import importlib
import json
import os
import sys
from dataclasses import asdict, dataclass

import greetings

from elastic_hal.guest_sdk import channels, crypto, errors, program, sealing, storage


class Own(OSError):
    """An OSError of the author's own."""


class Level(enum.Enum):
    LOW = 1


@dataclass
class Reading:
    name: str
    value: float


class Noisy:
    def __del__(self):
        raise KeyError("in del")


async def late(seconds):
    try:
        async with asyncio.timeout(seconds):
            await asyncio.sleep(60)
    except TimeoutError:
        return "timed out"


async def tasks():
    async with asyncio.TaskGroup() as group:
        found = [group.create_task(late(0.01)) for _ in range(3)]
    queue = asyncio.Queue()
    await queue.put(1)
    return [task.result() for task in found], await queue.get()


def try_asyncio():
    print(asyncio.run(tasks()))
    with asyncio.Runner() as runner:
        print(runner.run(asyncio.sleep(0, "runner")))


def try_data():
    print(greetings.from_file(), greetings.from_backend("polite"), importlib.import_module("settings").ANSWER)
    resources = importlib.import_module("importlib.resources")
    words = resources.files("greetings").joinpath("words.txt")
    with resources.as_file(words) as path:
        print(words.read_text(), path.stat().st_size)
    print(importlib.import_module("pkgutil").get_data("greetings", "words.txt"))
    folder = os.path.dirname(greetings.__file__)
    print(sorted(os.listdir(folder)), sorted(entry.name for entry in os.scandir(folder) if entry.is_file()))
    print(os.path.exists(os.path.join(folder, ".env")))
    try:
        with open(os.path.join(folder, "words.txt"), "w"):
            print("it can be written")
    except OSError as error:
        print(type(error).__name__)


def try_late():
    decimal, statistics = importlib.import_module("decimal"), importlib.import_module("statistics")
    importlib.import_module("concurrent.futures.thread")
    print(decimal.Decimal("1.5") + 1, statistics.mean([1, 2, 3]), importlib.import_module("uuid").UUID(int=1))
    print(json.dumps(asdict(Reading("a", 1.5))), Level.LOW.name)


def try_thread():
    asyncio.run(asyncio.to_thread(print))


def try_connection():
    asyncio.run(asyncio.open_connection("localhost", 80))


def try_group():
    async def fail(number):
        raise ValueError(f"task {number}")

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(1))
            group.create_task(fail(2))

    asyncio.run(both())


def try_forgotten():
    async def fail():
        raise ValueError("nobody awaits this")

    async def forget():
        task = asyncio.create_task(fail())
        await asyncio.sleep(0)
        del task
        importlib.import_module("gc").collect()

    asyncio.run(forget())


def try_chain():
    try:
        json.loads("{")
    except ValueError as error:
        raise RuntimeError("bad settings") from error


def try_unseal():
    sealed = bytearray(sealing.seal(b"secret"))
    sealed[-1] ^= 1
    sealing.unseal(bytes(sealed))


def try_flood():
    for _ in range(50):
        with contextlib.suppress(errors.AccessDenied):
            storage.open("nothing", crypto.EncryptionKey.generate())


def fail(error):
    raise error


TRIES = {
    "asyncio": try_asyncio,
    "data": try_data,
    "late": try_late,
    "thread": try_thread,
    "connection": try_connection,
    "group": try_group,
    "forgotten": try_forgotten,
    "chain": try_chain,
    "timeout": lambda: fail(TimeoutError()),
    "own": lambda: fail(Own("mine")),
    "keyboard": lambda: fail(KeyboardInterrupt()),
    "huge": lambda: fail(ValueError("x" * 1_000_000)),
    "exit": lambda: sys.exit(7),
    "del": lambda: Noisy() and None,
    "missing": lambda: importlib.import_module("numpy"),
    "compiled": lambda: importlib.import_module("compiled"),
    "ssl": lambda: importlib.import_module("ssl"),
    "channel": lambda: channels.Receiver("numbers", source="sensor"),
    "unseal": try_unseal,
    "flood": try_flood,
}


def main(arguments):
    return TRIES[arguments[0]]()


Run = program.command(main)
