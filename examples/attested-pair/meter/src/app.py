"""A meter: reports readings to a ledger, after each has proven to the other what it is."""

import argparse
import time

from elastic_hal.guest_sdk import attested_tls, clock, program, randomness
from elastic_hal.guest_sdk.errors import ConnectionClosed


def connect(host: str, port: int, patience: float) -> attested_tls.Connection:
    """Connects, as soon as a ledger listens there. One that does not prove itself ends the meter at once."""
    with clock.Stopwatch() as waited:
        while True:
            try:
                return attested_tls.connect(host, port, policy="ledger")
            except ConnectionClosed:
                if waited.elapsed > patience:
                    raise
                time.sleep(0.1)


def main(arguments: list[str]) -> None:
    """Reports readings, and prints the receipt."""
    parser = argparse.ArgumentParser(prog="meter", description=__doc__)
    parser.add_argument("--ledger", required=True, metavar="HOST:PORT", help="where the ledger listens")
    parser.add_argument("--count", type=int, default=10, help="how many readings to report")
    parser.add_argument("--patience", type=float, default=20, help="seconds to wait for somebody to listen there")
    options = parser.parse_args(arguments)
    host, _, port = options.ledger.rpartition(":")
    with connect(host.strip("[]"), int(port), options.patience) as ledger:
        print(f"the ledger is component {ledger.peer_workload.hex()[:16]}…", flush=True)
        for _ in range(options.count):
            ledger.send(f"{randomness.random_below(5000)} Wh\n".encode())
        ledger.close_output()
        print(b"".join(ledger).decode())


Run = program.command(main)
