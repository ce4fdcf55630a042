"""Calls of one kind, over and over within one run of the program. The arguments: the kind, the size, how many calls."""

import contextlib

from wit_world.imports import data

from elastic_hal.guest_sdk import program


def take(size: int) -> int:
    return data.take(bytes(size))


def give(size: int) -> int:
    return len(data.give(size))


def take_text(size: int) -> int:
    return data.take_text("t" * size)


def give_text(size: int) -> int:
    return len(data.give_text(size))


def take_numbers(size: int) -> int:
    return 4 * data.take_numbers([7] * (size // 4))


def exchange(size: int) -> int:
    part = bytes(size // 4)
    sent = data.Parcel("p" * (size // 4), [part, b"", part], [(1, None), (2, part)])
    got = data.exchange(sent)
    return len(got.name) + sum(map(len, got.parts)) + len(got.places[1][1])


def hoard(size: int) -> int:
    """A call when memory is short: what Python itself needs is there, a copy of what is passed is not."""
    content, kept = bytes(size), []
    with contextlib.suppress(MemoryError):
        while True:
            kept.append(bytes(size))
    return data.take(content)


def store(size: int) -> int:
    """A constructor, and a method that can fail."""
    content = bytes(size)
    with data.Store(content) as made:
        return len(made.replace(content))


def main(arguments: list[str]) -> None:
    call, size, times = globals()[arguments[0]], int(arguments[1]), int(arguments[2])
    for number in range(times):
        passed = call(size)
        assert passed == size, f"call {number} passed {passed} bytes"
    print(times)


class WitWorld:
    def echo(self, content: bytes) -> bytes:
        return content


Run = program.command(main)
