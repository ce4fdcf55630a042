"""Protected objects of 64 MiB through a guest, through the provider alone, and by SQLite and AES-GCM with nothing else.

All three in one run, on the same file system, with the same durability: WAL mode and synchronous=FULL. A ratio is how
much of the speed of SQLite and AES-GCM is left; small objects are measured one after the other, each of them durable.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.guest_projects import built
from benchmarks.measure import timed
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.bindings.elastic_hal import crypto
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
from elastic_hal.reference_impl.storage.container import Container
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant
from elastic_hal.runtime.workload import Workload

MEBIBYTES = 64
PIECE = bytes(range(256)) * 4096
CHUNK_BYTES = 256 * 1024
REPEATS = 3
SMALL_OBJECTS = 200

_GRANT = ContainerGrant("box", frozenset(CONTAINER_RIGHTS))
_GUEST = f'''"""Writes and reads a protected object, and prints the seconds that each took, least of some repeats."""
from elastic_hal.guest_sdk import clock, crypto, program, storage

PIECE = bytes(range(256)) * 4096


def write(box):
    with box.create("object") as writer:
        for _ in range({MEBIBYTES}):
            writer.write(PIECE)


def read(box):
    with box.reader("object") as reader:
        assert sum(map(len, reader)) == {MEBIBYTES} * len(PIECE)


def main(arguments):
    with crypto.EncryptionKey.generate() as key, storage.open("box", key=key) as box:
        for action in write, read:
            seconds = []
            for _ in range({REPEATS}):
                with clock.Stopwatch() as watch:
                    action(box)
                seconds.append(watch.elapsed)
            print(sorted(seconds)[len(seconds) // 2])


Run = program.command(main)
'''


def run() -> dict[str, float]:
    """Measures all three, and gives seconds and the ratios between them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alone_write, alone_read = _alone(folder)
        provider_write, provider_read, small = _provider(folder)
        guest_write, guest_read = _guest(folder)
    return {
        "storage.alone_write_64_mib_s": alone_write,
        "storage.alone_read_64_mib_s": alone_read,
        "storage.provider_write_64_mib_s": provider_write,
        "storage.provider_read_64_mib_s": provider_read,
        "storage.guest_write_64_mib_s": guest_write,
        "storage.guest_read_64_mib_s": guest_read,
        "storage.provider_write_ratio": alone_write / provider_write,
        "storage.provider_read_ratio": alone_read / provider_read,
        "storage.protected_write_64mib.ratio_vs_library": alone_write / guest_write,
        "storage.protected_read_64mib.ratio_vs_library": alone_read / guest_read,
        "storage.provider_small_write_s": small,
    }


def _alone(folder: Path) -> tuple[float, float]:
    """One transaction of encrypted chunks in place of the last ones, and all of them decrypted again."""
    with closing(sqlite3.connect(folder / "alone.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE chunks (id INTEGER PRIMARY KEY, data BLOB)")
        cipher = AESGCM(os.urandom(32))
        count = MEBIBYTES * len(PIECE) // CHUNK_BYTES

        def write() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM chunks")
            for number in range(count):
                at = number * CHUNK_BYTES % len(PIECE)
                nonce = number.to_bytes(12, "big")
                sealed = cipher.encrypt(nonce, PIECE[at : at + CHUNK_BYTES], nonce)
                connection.execute("INSERT INTO chunks VALUES (?, ?)", (number, sealed))
            connection.execute("COMMIT")

        def read() -> None:
            for number, data in connection.execute("SELECT id, data FROM chunks ORDER BY id"):
                nonce = number.to_bytes(12, "big")
                cipher.decrypt(nonce, data, nonce)

        return _median(write), _median(read)


def _provider(folder: Path) -> tuple[float, float, float]:
    storages = Storages(folder / "provider")
    try:
        provider = ObjectStorageProvider(storages, Identity("bench", ""), [_GRANT], Control())
        box = provider.get_container("box")
        algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
        uses = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT
        box.associate_key(CryptoProvider().Key_generate(algorithm, uses, False), wit.Protection.CONTENT_AND_NAMES)

        def read() -> None:
            reader = box.get_data("object", 0, None)
            while reader.read(len(PIECE)):
                pass
            reader.drop()

        write_seconds = _median(lambda: _write(box, "object", MEBIBYTES))
        read_seconds = _median(read)
        begin = time.perf_counter()
        for number in range(SMALL_OBJECTS):
            _write(box, f"small {number}", 0)
        return write_seconds, read_seconds, (time.perf_counter() - begin) / SMALL_OBJECTS
    finally:
        storages.close()


def _write(box: Container, name: str, pieces: int) -> None:
    writer = box.write_data(name, wit.WriteCondition_Always())
    for _ in range(pieces):
        writer.write(PIECE)
    writer.finish()


def _guest(folder: Path) -> tuple[float, float]:
    engine = Engine(folder / "cache")
    component = engine.load(built("storage", _GUEST))
    platform = platforms.load("simulated", state_directory=folder / "state" / "platform")
    host = ReferenceHost(platform, state=folder / "state")
    printed = bytearray()
    identity, grant = (
        Identity("bench", component.digest),
        Grant(containers=(_GRANT,), limits=Limits(memory_bytes=1 << 30)),
    )
    outcome = Workload(engine, component, identity, grant, link=host.link, output=printed.extend).run()
    host.storages.close()
    if not outcome.succeeded:
        raise RuntimeError(outcome.message)
    written, read = map(float, printed.split())
    return written, read


def _median(action: Callable[[], object]) -> float:
    return timed(action, repeats=REPEATS).median
