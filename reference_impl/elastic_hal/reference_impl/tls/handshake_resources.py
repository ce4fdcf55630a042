"""Handshakes as a workload has them: what it can ask, and what happens where it cannot be given one."""

from __future__ import annotations

from collections.abc import Callable

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import poll
from ..bindings.elastic_hal import tls as wit
from ..polling import Pollable
from .handshakes import Handshake


class HandshakePollable(Pollable):
    """Ready when a handshake has its answer, at the latest when its time is over."""

    def __init__(self, control: Control, handshake: Handshake, seconds_left: Callable[[], float]) -> None:
        super().__init__(control, handshake.look, handshake.changes)
        self._seconds_left = seconds_left

    def seconds_left(self) -> float:
        """Tell how long that is."""
        return self._seconds_left()


class _HandshakeResource:
    def __init__(self, handshake: Handshake, control: Control) -> None:
        self._handshake = handshake
        self._control = control

    def finish(self) -> wit.Connection:
        """Give the connection."""
        return self._handshake.take()

    def subscribe(self) -> poll.Pollable:
        """Make a pollable for the answer."""
        return HandshakePollable(self._control, self._handshake, self._handshake.seconds_left)

    def drop(self) -> None:
        """Give it up."""
        self._handshake.drop()


class ClientHandshake(_HandshakeResource, wit.ClientHandshake):
    """A client's connection that is not there yet. `log_name` is what it is called in the host's log."""

    def __init__(self, handshake: Handshake, control: Control, log_name: str) -> None:
        super().__init__(handshake, control)
        self.log_name = log_name


class ServerHandshake(_HandshakeResource, wit.ServerHandshake):
    """A client that has connected. Where the guest cannot be given it, it waits to be accepted again."""

    def __init__(self, handshake: Handshake, control: Control, return_client: Callable[[], None]) -> None:
        super().__init__(handshake, control)
        self._return_client = return_client

    def _refuse(self) -> None:
        self._return_client()
