"""An analyser: waits for readings and for a timer at once, and tells mean and extremes."""

import argparse
import asyncio
import statistics

from elastic_hal.guest_sdk import channels, eventloop, program


async def collect(source: channels.Receiver, seen: list[float]) -> None:
    """Takes every reading that arrives."""
    async for reading in source:
        _number, celsius = reading.decode().split()
        seen.append(float(celsius))


async def report(seen: list[float], every: float) -> None:
    """Tells now and then how far it is."""
    while True:
        await asyncio.sleep(every)
        print(f"{len(seen)} readings so far", flush=True)


async def analyse(every: float) -> None:
    """Does both until the sensor has no more."""
    seen: list[float] = []
    with channels.Receiver("readings", source="sensor") as source:
        reporting = asyncio.create_task(report(seen, every))
        await collect(source, seen)
        reporting.cancel()
        peer = source.peer()
    if peer is None or not seen:
        raise SystemExit("no sensor has come")
    assert peer.digest is not None
    print(f"{len(seen)} readings of {peer.name}, component {peer.digest.hex()[:16]}…")
    print(f"mean {statistics.fmean(seen):.2f} °C, from {min(seen):.2f} to {max(seen):.2f}")


def main(arguments: list[str]) -> None:
    """Analyses readings."""
    parser = argparse.ArgumentParser(prog="analyser", description=__doc__)
    parser.add_argument("--every", type=float, default=0.2, help="seconds between two reports")
    eventloop.run(analyse(parser.parse_args(arguments).every))


Run = program.command(main)
