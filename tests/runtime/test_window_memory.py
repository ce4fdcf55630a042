"""The memory of the host stays flat over calls through an adapter, and large calls give theirs back."""

import gc
import logging

from hosted_guests.measuring import resident_bytes
from hosted_guests.window import Bouncer, Worker

MIB = 1024**2


def test_memory_stays_flat_over_many_calls() -> None:
    bouncer = Bouncer()
    failing = Worker(lambda data: "no bytes", bridge=True)
    logging.disable()
    try:
        for size, times in ((1000, 20_000), (MIB, 20)):
            bouncer.take(size, times)
            bouncer.echo(size, times)
            gc.collect()
            before = resident_bytes()
            bouncer.take(size, times)
            bouncer.echo(size, times)
            for _ in range(100):
                failing.work(b"x")
            assert resident_bytes() - before < 2 * MIB
    finally:
        logging.disable(logging.NOTSET)


def test_large_calls_give_their_memory_back() -> None:
    bouncer = Bouncer()
    bouncer.echo(16 * MIB, 1)
    large = resident_bytes()
    bouncer.echo(1, 3)
    assert large - resident_bytes() > 8 * MIB
