"""Which ends of channels a workload may open, as policies say it:

channels = [
  { name = "readings", to = "analyser" },                        # may send to it
  { name = "commands", from = "analyser", digest = "sha256:…" }, # may receive from it, if it is that component
]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from elastic_hal.runtime.strict_toml import StrictReader

MOST_CHANNEL_NAME_BYTES = 64


@dataclass(frozen=True, slots=True)
class ChannelGrant:
    """One end: the channel's name, the workload at the other end, its digest where that is demanded, and which end."""

    name: str
    peer: str
    sends: bool
    digest: str | None = None


def read_channel_grants(reader: StrictReader, value: object, place: str) -> tuple[ChannelGrant, ...]:
    """Reads an array of channels; what is wrong with it is refused."""
    found: dict[tuple[str, str, bool], ChannelGrant] = {}
    for at, table in reader.tables(value, place):
        grant = _grant(reader, table, at)
        key = (grant.name, grant.peer, grant.sends)
        if key in found:
            raise reader.wrong(at, "this end was granted before")
        found[key] = grant
    return tuple(found.values())


def read_channel_name(reader: StrictReader, value: object, place: str) -> str:
    """Reads the name of a channel."""
    name = reader.text(value, place)
    if len(name.encode(errors="surrogatepass")) > MOST_CHANNEL_NAME_BYTES:
        raise reader.wrong(place, f"must have at most {MOST_CHANNEL_NAME_BYTES} bytes")
    return name


def _grant(reader: StrictReader, table: Mapping[str, Any], place: str) -> ChannelGrant:
    reader.known(table, place, ("name", "to", "from", "digest"))
    name = read_channel_name(reader, table.get("name"), f"{place}.name")
    if ("to" in table) == ("from" in table):
        raise reader.wrong(
            place, "must have either `to` or `from`", 'to = "B" lets it send to B, from = "B" receive from B'
        )
    sends = "to" in table
    side = "to" if sends else "from"
    peer = reader.text(table[side], f"{place}.{side}")
    return ChannelGrant(name, peer, sends, reader.digest(table.get("digest"), f"{place}.digest"))
