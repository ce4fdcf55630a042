"""Where the two ends of a channel meet: one exchange for all workloads of a host.

A channel is found only under its name and the names of both workloads, of which the host knows one to be the
caller's. Whoever is neither sender nor receiver has no way to name it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from elastic_hal.runtime.identity import Identity

from ..bindings.elastic_hal import channels as wit
from ..bindings.elastic_hal import types
from .buffer import Buffer

MOST_CAPACITY: Final = 4 * 1024 * 1024
MOST_CAPACITY_IN_ALL: Final = 16 * 1024 * 1024
MOST_WAITING: Final = 64


class Key(NamedTuple):
    """What tells channels apart."""

    sender: str
    receiver: str
    name: str


@dataclass(frozen=True, slots=True)
class End:
    """A workload at one end, the digests that it demands of the other, and the framing that it expects."""

    identity: Identity
    demanded: frozenset[str]
    framing: wit.Framing

    def accepts(self, other: Identity) -> bool:
        """Tell whether the other workload has every digest that is demanded."""
        return self.demanded <= {other.digest}


@dataclass(slots=True, eq=False)
class Channel:
    """The ends that have opened so far. It is the sender who says how much room there is; before, there is none."""

    key: Key
    buffer: Buffer
    capacity: int = 0
    sender: End | None = None
    receiver: End | None = None


@dataclass(slots=True)
class Exchange:
    """All channels of a host that are not over: a channel is over when its receiver is closed."""

    _channels: dict[Key, list[Channel]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open_sender(self, key: Key, end: End, capacity: int) -> Channel:
        """Open the sending end: of the channel whose receiver has waited longest, else of a new one."""
        with self._lock:
            known = self._channels.setdefault(key, [])
            if sum(channel.capacity for channel in known) + capacity > MOST_CAPACITY_IN_ALL:
                raise types.Error_LimitExceeded(
                    f"capacity: channels of a name have {MOST_CAPACITY_IN_ALL} bytes in all"
                )
            channel = _waiting(known, end, lambda channel: (channel.receiver, channel.sender)) or _new(known, key, end)
            channel.sender, channel.capacity = end, capacity
            channel.buffer.provide(capacity)
        return channel

    def open_receiver(self, key: Key, end: End) -> Channel:
        """Open the receiving end: of the channel whose sender has waited longest, else of a new one."""
        with self._lock:
            known = self._channels.setdefault(key, [])
            channel = _waiting(known, end, lambda channel: (channel.sender, channel.receiver)) or _new(known, key, end)
            channel.receiver = end
        return channel

    def close_sender(self, channel: Channel) -> None:
        """Close the sending end. What was pushed stays for a receiver, also for one that comes later."""
        channel.buffer.close_sender()

    def close_receiver(self, channel: Channel) -> None:
        """Close the receiving end; the channel is over."""
        channel.buffer.close_receiver()
        with self._lock:
            known = self._channels.get(channel.key, [])
            if channel in known:
                known.remove(channel)
            if not known:
                self._channels.pop(channel.key, None)


def _waiting(
    known: list[Channel], new: End, sides: Callable[[Channel], tuple[End | None, End | None]]
) -> Channel | None:
    """Find the channel whose open end and the new one are the two that each of them means; `sides` gives the end that
    must be open and the one that must not.
    """
    for channel in known:
        there, here = sides(channel)
        if here is None and there is not None and there.accepts(new.identity) and new.accepts(there.identity):
            if there.framing is not new.framing:
                raise types.Error_InvalidArgument(f"framing: the other end has {there.framing.value}")
            return channel
    return None


def _new(known: list[Channel], key: Key, end: End) -> Channel:
    if sum(1 for channel in known if channel.sender is None or channel.receiver is None) >= MOST_WAITING:
        raise types.Error_LimitExceeded(f"name: {MOST_WAITING} ends of this name wait for their other ends already")
    known.append(Channel(key, Buffer(0, messages=end.framing is wit.Framing.MESSAGES)))
    return known[-1]
