"""Where a workload may connect to and listen at over TLS, as policies say it:

tls = { connect = ["api.example.org:443", "*.example.org:8443", "127.0.0.1:*"], listen = ["127.0.0.1:8443", "[::1]:0"] }

A name is granted as it is written, whatever it leads to: an address is granted by the address alone. `*.` stands for
one label, `*` as a port for every port. To listen at port 0 is to let the host choose.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

from elastic_hal.runtime.strict_toml import StrictReader

MOST_PORT: Final = 65535
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_PLACE: Final = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<host>[^:\[\]]*)):(?P<port>\*|[0-9]{1,5})")
_MOST_NAME_BYTES: Final = 253
_ANY_LABEL: Final = "*."

IpAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Destination:
    """Places of the network: `host` is a name in lower case, maybe with `*.` before it, or an IP address. Without
    `port` it is every port.
    """

    host: str | IpAddress
    port: int | None

    def covers(self, host: str | IpAddress, port: int) -> bool:
        """Whether a place is among these: an IP address, or a name in lower case."""
        if self.port is not None and self.port != port:
            return False
        if isinstance(self.host, str) and isinstance(host, str) and self.host.startswith(_ANY_LABEL):
            return host.partition(".")[2] == self.host.removeprefix(_ANY_LABEL)
        return self.host == host


@dataclass(frozen=True, slots=True)
class TlsGrant:
    """Where a workload may connect to, and where it may listen."""

    connect: tuple[Destination, ...] = ()
    listen: tuple[Destination, ...] = ()

    def may_connect(self, host: str | IpAddress, port: int) -> bool:
        """Whether a connection to that place is granted."""
        return _covered(self.connect, host, port)

    def may_listen(self, host: IpAddress, port: int) -> bool:
        """Whether listening at that place is granted."""
        return _covered(self.listen, host, port)


def read_tls_grant(reader: StrictReader, value: object, place: str) -> TlsGrant:
    """Reads the table; what is wrong with it is refused."""
    table = reader.typed(value, dict, place, "a table")
    reader.known(table, place, ("connect", "listen"))
    return TlsGrant(
        _destinations(reader, table.get("connect", []), f"{place}.connect", listening=False),
        _destinations(reader, table.get("listen", []), f"{place}.listen", listening=True),
    )


def parse_host(text: str) -> str | IpAddress | None:
    """Reads a host: an IP address, or a DNS name, which comes back in lower case; None for anything else.

    A name has its ASCII form (RFC 5890). One that ends in a number is none: resolvers take such a thing for an address
    of an old spelling, so that it would lead elsewhere than it says.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _parse_name(text)
    return None if isinstance(address, ipaddress.IPv6Address) and address.scope_id else address


def _parse_name(text: str) -> str | None:
    labels = text.lower().split(".")
    # Before it is made lower case: that turns a few other letters, such as the Kelvin sign, into ASCII.
    if not text.isascii() or len(text) > _MOST_NAME_BYTES or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    return None if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]) else text.lower()


def _covered(destinations: Iterable[Destination], host: str | IpAddress, port: int) -> bool:
    return any(destination.covers(host, port) for destination in destinations)


def _destinations(reader: StrictReader, value: object, place: str, *, listening: bool) -> tuple[Destination, ...]:
    entries = reader.typed(value, list, place, "an array of strings")
    return tuple(
        _destination(reader, reader.text(entry, f"{place}[{index}]"), f"{place}[{index}]", listening=listening)
        for index, entry in enumerate(entries)
    )


def _destination(reader: StrictReader, text: str, place: str, *, listening: bool) -> Destination:
    example = "127.0.0.1:8443 or [::1]:0" if listening else "api.example.org:443 or [::1]:*"
    found = _PLACE.fullmatch(text)
    if found is None:
        raise reader.wrong(place, f"{text!r} is no host with a port", f"write it like {example}")
    bracketed = found["bracketed"]
    name = found["host"] if bracketed is None else bracketed
    wildcard = not listening and bracketed is None and name.startswith(_ANY_LABEL)
    host = parse_host(name.removeprefix(_ANY_LABEL) if wildcard else name)
    is_v6 = isinstance(host, ipaddress.IPv6Address)
    if host is None or is_v6 == (bracketed is None) or (wildcard and not isinstance(host, str)):
        raise reader.wrong(
            place, f"{name!r} is neither a DNS name in ASCII nor an IP address", f"write it like {example}"
        )
    if listening and isinstance(host, str):
        raise reader.wrong(place, f"{name!r} is no IP address to listen at", f"write it like {example}")
    port = None if found["port"] == "*" else int(found["port"])
    if port is not None and not (0 if listening else 1) <= port <= MOST_PORT:
        raise reader.wrong(place, f"the port {port} is out of bounds", "1 to 65535, or * for every port")
    return Destination(f"{_ANY_LABEL}{host}" if wildcard else host, port)
