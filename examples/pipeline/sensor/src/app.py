"""A sensor: one reading after the other, until all are sent or the analyser is gone."""

import argparse
import time

from elastic_hal.guest_sdk import channels, program, randomness
from elastic_hal.guest_sdk.errors import ConnectionClosed


def main(arguments: list[str]) -> int:
    """Sends readings."""
    parser = argparse.ArgumentParser(prog="sensor", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="how many readings to send")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds between two readings")
    options = parser.parse_args(arguments)
    with channels.Sender("readings", to="analyser") as readings:
        for number in range(options.count):
            celsius = 20 + randomness.random_below(1000) / 100
            try:
                readings.send(f"{number} {celsius:.2f}".encode())
            except ConnectionClosed:
                print("the analyser is gone")
                return 1
            time.sleep(options.pause)
    print(f"sent {options.count} readings")
    return 0


Run = program.command(main)
