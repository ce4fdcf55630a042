"""Writers that are made to be killed: `killed_writer.py STATE PROTECTED [ENDPOINT BUCKET PREFIX]`. Run by the tests as
a process of its own. With an endpoint they write to a bucket, else to the embedded storage.

For each line of standard input, a seed, it forks a writer, which prints `ready PID` and then writes until it is killed.
When it is dead, `dead` is printed. So the modules are loaded once, and each writer is a process that has opened the
storage itself. Before it touches an object it prints `begin NAME VALUE`, and once the call has returned `done`; every
object consists of its value, repeated. One of eight changes is a deletion, which has the value 0.
"""

import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from elastic_hal.reference_impl.bindings.elastic_hal import crypto
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant, RemoteStorage


def main(state: str, protected: str, *bucket: str) -> None:
    for seed in sys.stdin:
        process = os.fork()
        if process == 0:
            write(state, protected, seed, bucket)
        os.waitpid(process, 0)
        say("dead")


def write(state: str, protected: str, seed: str, bucket: Sequence[str]) -> None:
    chance = random.Random(int(seed))
    if bucket:
        endpoint, name, prefix = bucket
        grant = ContainerGrant("box", frozenset(CONTAINER_RIGHTS), storage=RemoteStorage(endpoint, name, prefix=prefix))
    else:
        grant = ContainerGrant("box", frozenset(CONTAINER_RIGHTS), anchored=True)
    provider = ObjectStorageProvider(Storages(Path(state)), Identity("guest", "sha256:"), [grant], Control())
    box = provider.get_container("box")
    if protected == "yes":
        algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
        uses = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT
        key = CryptoProvider().Key_import_key(algorithm, crypto.KeyFormat.RAW, b"k" * 32, uses, False)
        box.associate_key(key, wit.Protection.CONTENT_AND_NAMES)
    say(f"ready {os.getpid()}")
    while True:
        name, value = f"object {chance.randrange(6)}", chance.randrange(1, 1 << 40)
        if chance.randrange(8) == 0:
            say(f"begin {name} 0")
            box.delete_object(name, wit.WriteCondition_Always())
        else:
            say(f"begin {name} {value}")
            writer = box.write_data(name, wit.WriteCondition_Always())
            piece = value.to_bytes(8, "big") * chance.choice([1, 1000, 50_000])
            for _ in range(chance.randrange(1, 4)):
                writer.write(piece)
            writer.finish()
        say("done")


def say(line: str) -> None:
    """Prints a line in one step, so that a kill comes before it or after it."""
    os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
