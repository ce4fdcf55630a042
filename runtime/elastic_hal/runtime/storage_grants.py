"""Which containers of objects a workload may open, and where those are, as policies say it:

[storage.archive]                                 # a storage beside the host's own; credentials are in its environment
kind = "s3"
endpoint = "https://s3.example.org"
bucket = "workloads"

[workload.notary.containers]
ledger = { rights = ["read", "write", "list", "delete"], quota = "1GiB", objects = 10000, protected = true }
letters = { rights = ["read"], shared = "letters", storage = "archive" }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from elastic_hal.runtime.errors import LimitError
from elastic_hal.runtime.limits import parse_size
from elastic_hal.runtime.strict_toml import StrictReader, suggestion

CONTAINER_RIGHTS = ("read", "write", "list", "delete")
MOST_CONTAINER_NAME_BYTES = 64
DEFAULT_QUOTA_BYTES = 1024**3
DEFAULT_OBJECTS = 100_000
MOST_OBJECTS = 10_000_000

_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_STORAGE_KEYS = ("kind", "endpoint", "bucket", "region", "prefix")
_CONTAINER_KEYS = ("rights", "quota", "objects", "protected", "anchored", "shared", "storage")


@dataclass(frozen=True, slots=True)
class RemoteStorage:
    """A bucket of an S3-compatible service. The credentials are in the host's environment, never in a policy."""

    endpoint: str
    bucket: str
    region: str = "us-east-1"
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class ContainerGrant:
    """A container that a workload may open.

    `protected`: its objects may not be touched without a key. `anchored`: the platform remembers its last state.
    `shared`: the name that all workloads use that share it; without one it is the workload's alone. `storage`: where it
    is; None is the host's own storage.
    """

    name: str
    rights: frozenset[str] = frozenset()
    quota_bytes: int = DEFAULT_QUOTA_BYTES
    objects: int = DEFAULT_OBJECTS
    protected: bool = False
    anchored: bool = False
    shared: str | None = None
    storage: RemoteStorage | None = None


@dataclass(frozen=True, slots=True)
class StorageGrants:
    """Reads the containers of one policy file, whose storages are given."""

    reader: StrictReader
    storages: Mapping[str, RemoteStorage] = field(default_factory=dict)

    @staticmethod
    def read(reader: StrictReader, value: object) -> StorageGrants:
        """Reads the storages of a policy."""
        table = reader.typed(value, dict, "storage", "a table")
        return StorageGrants(
            reader, {name: _storage(reader, entry, f"storage.{name}") for name, entry in table.items()}
        )

    def containers(self, value: object, place: str) -> tuple[ContainerGrant, ...]:
        """Reads the containers of one workload."""
        table = self.reader.typed(value, dict, place, "a table of containers")
        return tuple(self._container(name, entry, f"{place}.{name}") for name, entry in table.items())

    def _container(self, name: str, entry: object, place: str) -> ContainerGrant:
        reader = self.reader
        table = reader.typed(entry, dict, place, "a table")
        reader.known(table, place, _CONTAINER_KEYS)
        _check_name(reader, name, place)
        shared = table.get("shared")
        if shared is not None:
            _check_name(reader, reader.text(shared, f"{place}.shared"), f"{place}.shared")
        storage = self._chosen(table, place)
        anchored = _flag(reader, table, "anchored", place)
        if anchored and storage is not None:
            raise reader.wrong(f"{place}.anchored", "is for the host's own storage only")
        return ContainerGrant(
            name,
            _rights(reader, table, place),
            _quota(reader, table, place),
            _objects(reader, table, place),
            _flag(reader, table, "protected", place),
            anchored,
            shared,
            storage,
        )

    def _chosen(self, table: Mapping[str, Any], place: str) -> RemoteStorage | None:
        if "storage" not in table:
            return None
        name = self.reader.text(table["storage"], f"{place}.storage")
        if name not in self.storages:
            hint = suggestion(name, self.storages) or f"add a table [storage.{name}]"
            raise self.reader.wrong(f"{place}.storage", f"there is no storage {name!r}", hint)
        return self.storages[name]


def _storage(reader: StrictReader, entry: object, place: str) -> RemoteStorage:
    table = reader.typed(entry, dict, place, "a table")
    reader.known(table, place, _STORAGE_KEYS)
    if table.get("kind") != "s3":
        raise reader.wrong(f"{place}.kind", 'must be "s3"')
    endpoint = reader.text(table.get("endpoint"), f"{place}.endpoint")
    if not _is_endpoint(endpoint):
        raise reader.wrong(
            f"{place}.endpoint", "must be an https URL, or an http URL of this machine, without credentials"
        )
    prefix = reader.typed(table.get("prefix", ""), str, f"{place}.prefix", "a string")
    if len(prefix.encode()) > MOST_CONTAINER_NAME_BYTES or not prefix.isascii() or not prefix.isprintable():
        raise reader.wrong(f"{place}.prefix", f"must have at most {MOST_CONTAINER_NAME_BYTES} ASCII characters")
    bucket = reader.text(table.get("bucket"), f"{place}.bucket")
    return RemoteStorage(endpoint, bucket, reader.text(table.get("region", "us-east-1"), f"{place}.region"), prefix)


def _is_endpoint(text: str) -> bool:
    try:
        url = urlsplit(text)
        has_host = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    is_protected = url.scheme == "https" or (url.scheme == "http" and url.hostname in _THIS_MACHINE)
    # A name before an "@" would send requests elsewhere than they seem to go, and a password would end up in messages.
    return has_host and is_protected and "@" not in url.netloc


def _check_name(reader: StrictReader, name: str, place: str) -> None:
    if not 0 < len(name.encode()) <= MOST_CONTAINER_NAME_BYTES or "\0" in name:
        raise reader.wrong(place, f"a container's name has 1 to {MOST_CONTAINER_NAME_BYTES} bytes and no NUL")


def _rights(reader: StrictReader, table: Mapping[str, Any], place: str) -> frozenset[str]:
    at = f"{place}.rights"
    values = reader.typed(table.get("rights"), list, at, "an array of strings")
    for index, right in enumerate(values):
        if right not in CONTAINER_RIGHTS:
            hint = suggestion(right, CONTAINER_RIGHTS) if isinstance(right, str) else ""
            raise reader.wrong(f"{at}[{index}]", f"{right!r} is none of {', '.join(CONTAINER_RIGHTS)}", hint)
    if not values:
        raise reader.wrong(at, "grants nothing", "leave the container out instead")
    return frozenset(values)


def _quota(reader: StrictReader, table: Mapping[str, Any], place: str) -> int:
    if "quota" not in table:
        return DEFAULT_QUOTA_BYTES
    at = f"{place}.quota"
    try:
        return parse_size(reader.amount(table["quota"], at, "1GiB"))
    except LimitError as error:
        raise reader.wrong(at, error.message, error.hint) from error


def _objects(reader: StrictReader, table: Mapping[str, Any], place: str) -> int:
    objects = table.get("objects", DEFAULT_OBJECTS)
    return reader.whole_number(objects, f"{place}.objects", range(MOST_OBJECTS + 1), DEFAULT_OBJECTS)


def _flag(reader: StrictReader, table: Mapping[str, Any], key: str, place: str) -> bool:
    return reader.typed(table.get(key, False), bool, f"{place}.{key}", "true or false")
