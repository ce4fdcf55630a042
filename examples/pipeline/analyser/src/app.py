"""An analyser: waits for readings, for a timer and for room in an object at once, and tells mean and extremes."""

import argparse
import asyncio
import statistics

from elastic_hal.guest_sdk import channels, eventloop, program, storage


async def collect(source: channels.Receiver, log: storage.ObjectWriter, seen: list[float]) -> None:
    """Takes every reading that arrives, and keeps it."""
    async for reading in source:
        _number, celsius = reading.decode().split()
        seen.append(float(celsius))
        await log.awrite(reading + b"\n")


async def report(seen: list[float], every: float) -> None:
    """Tells now and then how far it is."""
    while True:
        await asyncio.sleep(every)
        print(f"{len(seen)} readings so far", flush=True)


async def analyse(every: float) -> None:
    """Does both until the sensor has no more. The log appears as a whole, or not at all."""
    seen: list[float] = []
    with (
        channels.Receiver("readings", source="sensor") as source,
        storage.open("readings") as readings,
        readings.create("log") as log,
    ):
        reporting = asyncio.create_task(report(seen, every))
        await collect(source, log, seen)
        reporting.cancel()
        peer = source.peer()
    if peer is None or not seen:
        raise SystemExit("no sensor has come")
    digest = (peer.digest or b"").hex()
    print(f"{len(seen)} readings of {peer.name}, component {digest[:16]}…")
    print(f"mean {statistics.fmean(seen):.2f} °C, from {min(seen):.2f} to {max(seen):.2f}")


def main(arguments: list[str]) -> None:
    """Analyses readings."""
    parser = argparse.ArgumentParser(prog="analyser", description=__doc__)
    parser.add_argument("--every", type=float, default=0.2, help="seconds between two reports")
    eventloop.run(analyse(parser.parse_args(arguments).every))


Run = program.command(main)
