"""`python -m benchmarks`: runs every measurement, prints a table and writes `build/bench.json`."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from benchmarks import (
    aead,
    broker,
    channels,
    host_calls,
    memory,
    platforms,
    profile,
    resident,
    startup,
    storage,
    tls,
    verification,
    wit,
)
from benchmarks.measure import readable

_GROUPS = {
    "WIT front end": wit.run,
    "host calls": host_calls.run,
    "what remains of a host call": profile.run,
    "a million mixed calls": memory.run,
    "start-up": startup.run,
    "fifty workloads": resident.run,
    "channels": channels.run,
    "object storage": storage.run,
    "TLS": tls.run,
    "cryptography": aead.run,
    "verification": verification.run,
    "platforms": platforms.run,
    "key broker": broker.run,
}


def main() -> None:
    """Runs all groups; a key that ends in `_s` is a time in seconds, any other names its unit or has none."""
    figures: dict[str, float] = {}
    for title, run in _GROUPS.items():
        print(title)
        for key, value in run().items():
            figures[key] = value
            shown = readable(value) if key.endswith("_s") else f"{value:.4g}"
            print(f"  {key:<48} {shown:>12}")
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    document = {"python": platform.python_version(), "machine": platform.machine(), "figures": figures}
    target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target}")


main()
