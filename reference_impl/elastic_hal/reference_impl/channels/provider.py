"""The `channels` interface for one run of a workload: bounds, grants, and the two kinds of ends."""

from elastic_hal.common.text import counted
from elastic_hal.runtime.channel_grants import MOST_CHANNEL_NAME_BYTES
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import MAX_NAME_BYTES, Identity
from elastic_hal.runtime.policy import Grant

from ..bindings.elastic_hal import channels as wit
from ..bindings.elastic_hal import poll, types
from ..bounds import MAX_DATA_BYTES, check_size
from ..polling import Pollable
from .exchange import MOST_CAPACITY, Channel, End, Exchange, Key

_DIGEST_BYTES = 32


class ChannelsProvider:
    """Who asks, and which ends it may open, is the host's word."""

    def __init__(self, exchange: Exchange, identity: Identity, grant: Grant, control: Control) -> None:
        self._exchange = exchange
        self._identity = identity
        self._granted = {(end.name, end.peer, end.sends): end.digest for end in grant.channels}
        self._control = control

    def Sender_open(self, name: str, receiver: wit.Workload, framing: wit.Framing, capacity: int) -> wit.Sender:
        """Open the sending end."""
        _check_names(name, receiver)
        if not 1 <= capacity <= MOST_CAPACITY:
            raise types.Error_InvalidArgument(f"capacity: is {capacity}, not 1 to {MOST_CAPACITY}")
        end = self._end(name, receiver, framing, sends=True)
        key = Key(self._identity.name, receiver.name, name)
        return Sender(self._exchange, self._exchange.open_sender(key, end, capacity), self._control)

    def Receiver_open(self, name: str, sender: wit.Workload, framing: wit.Framing) -> wit.Receiver:
        """Open the receiving end."""
        _check_names(name, sender)
        end = self._end(name, sender, framing, sends=False)
        key = Key(sender.name, self._identity.name, name)
        return Receiver(self._exchange, self._exchange.open_receiver(key, end), self._control)

    def _end(self, name: str, peer: wit.Workload, framing: wit.Framing, *, sends: bool) -> End:
        granted = (name, peer.name, sends)
        if granted not in self._granted:
            direction = "to" if sends else "from"
            raise types.Error_AccessDenied(
                f"the policy grants this workload no channel {name!r} {direction} {peer.name!r}"
            )
        demanded = {self._granted[granted]}
        if peer.digest is not None:
            demanded.add(f"sha256:{peer.digest.hex()}")
        return End(self._identity, frozenset(digest for digest in demanded if digest is not None), framing)


class Sender(wit.Sender):
    """The end that sends."""

    def __init__(self, exchange: Exchange, channel: Channel, control: Control) -> None:
        self._exchange = exchange
        self._channel = channel
        self._control = control

    def peer(self) -> wit.Workload:
        """Tell who receives."""
        return _workload(self._channel.receiver)

    def push(self, data: bytes) -> int:
        """Push bytes, or a message."""
        check_size("data", data)
        return self._channel.buffer.push(data)

    def finish(self) -> None:
        """End what is sent."""
        self._exchange.close_sender(self._channel)

    def subscribe(self) -> poll.Pollable:
        """Make a pollable for room."""
        return Pollable(self._control, self._channel.buffer.can_push, self._channel.buffer.room)

    def drop(self) -> None:
        """End what is sent."""
        self.finish()


class Receiver(wit.Receiver):
    """The end that receives."""

    def __init__(self, exchange: Exchange, channel: Channel, control: Control) -> None:
        self._exchange = exchange
        self._channel = channel
        self._control = control

    def peer(self) -> wit.Workload:
        """Tell who sends."""
        return _workload(self._channel.sender)

    def read(self, most: int) -> bytes:
        """Read bytes, or a message."""
        if not most:
            raise types.Error_InvalidArgument("most: is 0, so that nothing could be read")
        return self._channel.buffer.read(min(most, MAX_DATA_BYTES))

    def subscribe(self) -> poll.Pollable:
        """Make a pollable for what arrives."""
        return Pollable(self._control, self._channel.buffer.can_read, self._channel.buffer.arrived)

    def drop(self) -> None:
        """End the channel."""
        self._exchange.close_receiver(self._channel)


def _check_names(name: str, peer: wit.Workload) -> None:
    _check_length("name", name, MOST_CHANNEL_NAME_BYTES)
    _check_length("name of the workload", peer.name, MAX_NAME_BYTES)
    if peer.digest is not None and len(peer.digest) != _DIGEST_BYTES:
        raise types.Error_InvalidArgument(f"digest: has {counted(len(peer.digest), 'byte')}, not {_DIGEST_BYTES}")


def _check_length(what: str, text: str, most: int) -> None:
    size = len(text.encode())
    if not 1 <= size <= most:
        raise types.Error_InvalidArgument(f"{what}: has {size} bytes, not 1 to {most}")


def _workload(end: End | None) -> wit.Workload:
    if end is None:
        raise types.Error_WouldBlock
    return wit.Workload(name=end.identity.name, digest=end.identity.digest_bytes)
