"""A notebook: notes that only this program on this platform can read, kept in a protected container.

The key of the notes is made by the host and never leaves it in the open: it is sealed to the platform and to this very
component, and lies beside the notes in that form. A changed program cannot unseal it.
"""

import argparse
import contextlib
import sys

from elastic_hal.guest_sdk import program, storage
from elastic_hal.guest_sdk.bindings.elastic_hal import sealing
from elastic_hal.guest_sdk.crypto import EncryptionKey
from elastic_hal.guest_sdk.errors import AlreadyExists

SEALED_KEY = "notes.key"
STATE = sealing.PlatformState.PLATFORM | sealing.PlatformState.WORKLOAD


def key_of_notes() -> EncryptionKey:
    """Unseals the key, or makes it where this is the first run."""
    with storage.open("keys") as keys:
        if SEALED_KEY not in keys:
            with EncryptionKey.generate() as key:
                sealed = sealing.seal_key(key.handle, STATE, SEALED_KEY.encode())
            with contextlib.suppress(AlreadyExists):  # Then another run was faster, and its key counts.
                keys.write(SEALED_KEY, sealed, new=True)
        return EncryptionKey(sealing.unseal_key(keys.read(SEALED_KEY), SEALED_KEY.encode()))


def print_bytes(data: bytes) -> None:
    """Writes to standard output, which is not buffered in a guest and takes as much as fits."""
    while data:
        data = data[sys.stdout.buffer.write(data) :]


def main(arguments: list[str]) -> None:
    """Adds, shows, lists and removes notes."""
    parser = argparse.ArgumentParser(prog="notebook", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, text in (("add", "store a note, from standard input unless given"), ("show", "print a note")):
        commands.add_parser(command, help=text).add_argument("name")
    commands.choices["add"].add_argument("text", nargs="?")
    commands.add_parser("list", help="list notes").add_argument("prefix", nargs="?", default="")
    commands.add_parser("remove", help="remove notes").add_argument("name", nargs="+")
    options = parser.parse_args(arguments)
    with key_of_notes() as key, storage.open("notes", key=key) as notes:
        if options.command == "add":
            with notes.create(options.name) as note:
                if options.text is None:
                    note.writelines(iter(lambda: sys.stdin.buffer.read(65536), b""))
                else:
                    note.write(options.text.encode())
        elif options.command == "show":
            with notes.reader(options.name) as note:
                for piece in note:
                    print_bytes(piece)
        elif options.command == "list":
            for name in notes.names(options.prefix):
                print(f"{notes.stat(name).size:>10}  {name}")
        else:
            notes.delete(*options.name)


Run = program.command(main)
