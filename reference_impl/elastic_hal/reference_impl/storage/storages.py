"""The storages of a host, opened when the first container in them is."""

import threading
from collections.abc import Callable
from pathlib import Path

from elastic_hal.runtime.storage_grants import ContainerGrant, RemoteStorage

from .backend import Storage
from .location import default_state
from .sqlite import SqliteStorage

DIRECTORY = "storage"


class Storages:
    """The host's own storage under `state` (the user's state directory unless given), and those of the policy."""

    def __init__(self, state: Path | None = None) -> None:
        self._state = state
        self._open: dict[RemoteStorage | None, Storage] = {}
        self._lock = threading.Lock()

    def of(self, grant: ContainerGrant) -> Storage:
        """Give the storage where a container is."""
        remote = grant.storage
        with self._lock:
            if remote not in self._open:
                self._open[remote] = self._embedded() if remote is None else _s3(remote)
            return self._open[remote]

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _embedded(self) -> Storage:
        state = default_state() if self._state is None else self._state
        return SqliteStorage(state / DIRECTORY)


def _s3(remote: RemoteStorage) -> Storage:
    # The library behind it is optional; only a policy that names such a storage needs it.
    from .s3 import open_s3

    opener: Callable[[RemoteStorage], Storage] = open_s3
    return opener(remote)
