"""A ledger: adds up what meters report, several at once, after each has proven to the other what it is."""

import argparse
import asyncio

from elastic_hal.guest_sdk import attested_tls, eventloop, program
from elastic_hal.guest_sdk.errors import HalError


def refused(error: HalError) -> None:
    """Tells of a client that was no meter."""
    print(f"a client was not accepted: {error}", flush=True)


async def enter(meter: attested_tls.Connection) -> None:
    """Takes the readings of one meter, and sends a receipt."""
    with meter:
        report = b"".join([piece async for piece in meter]).decode()
        readings = [int(line.removesuffix(" Wh")) for line in report.splitlines()]
        receipt = f"{len(readings)} readings, {sum(readings)} Wh"
        await meter.asend(receipt.encode())
    print(f"{receipt} of component {meter.peer_workload.hex()[:16]}…", flush=True)


async def serve(host: str, port: int, meters: int) -> None:
    """Serves that many meters, in whatever order they come."""
    with attested_tls.listen(host, port, policy="meters", on_failure=refused) as listener:
        print(f"listening at port {listener.address.port}", flush=True)
        async with asyncio.TaskGroup() as group:
            for _ in range(meters):
                group.create_task(enter(await listener.aaccept()))


def main(arguments: list[str]) -> None:
    """Serves meters."""
    parser = argparse.ArgumentParser(prog="ledger", description=__doc__)
    parser.add_argument("--address", required=True, metavar="HOST:PORT", help="the IP address and port to listen at")
    parser.add_argument("--meters", type=int, default=1, help="how many meters to serve")
    options = parser.parse_args(arguments)
    host, _, port = options.address.rpartition(":")
    eventloop.run(serve(host.strip("[]"), int(port), options.meters))


Run = program.command(main)
