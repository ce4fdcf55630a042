"""Letters: anybody can write one with the public key, and only this program on this platform can read it.

The private key is made by the host and never leaves it in the open: what `new` prints is the key as it is sealed to the
platform and to this very component. Letters that belong together go through one HPKE context, so that their order
is part of them.
"""

import argparse
import base64
import sys

from elastic_hal.guest_sdk import program, sealing
from elastic_hal.guest_sdk.crypto import HpkeRecipient, HpkeSender, PrivateKey, PublicKey

INFO = b"letters 1"
STATE = sealing.State.PLATFORM | sealing.State.WORKLOAD


def new_key() -> None:
    """Prints a new public key, and the sealed private key that belongs to it."""
    with PrivateKey.generate() as key:
        print("public", text(key.public_key().to_bytes()))
        print("sealed", text(sealing.seal_key(key, state=STATE, associated_data=INFO)))


def write(public: bytes) -> None:
    """Encrypts each line of standard input as a letter."""
    with HpkeSender(PublicKey.from_bytes(public), info=INFO) as sender:
        print(text(sender.encapsulated))
        for line in sys.stdin:
            print(text(sender.encrypt(line.rstrip("\n").encode())))


def read(sealed: bytes) -> None:
    """Decrypts what `write` printed."""
    key = sealing.unseal_key(sealed, associated_data=INFO)
    if not isinstance(key, PrivateKey):
        raise SystemExit("that is a sealed key, but not one that reads letters")
    encapsulated, *letters = [base64.b64decode(line) for line in sys.stdin]
    with HpkeRecipient(key, encapsulated, info=INFO) as recipient:
        for letter in letters:
            print(recipient.decrypt(letter).decode())


def text(data: bytes) -> str:
    """Bytes as one printable word."""
    return base64.b64encode(data).decode()


def main(arguments: list[str]) -> None:
    """Makes keys, writes letters and reads them."""
    parser = argparse.ArgumentParser(prog="letters", description="Letters that only this program can read.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("new", help="print a public key, and the sealed private key that belongs to it")
    for command, key, words in (
        ("write", "public", "encrypt each line of stdin as a letter"),
        ("read", "sealed", "decrypt the letters on stdin"),
    ):
        commands.add_parser(command, help=words).add_argument(key, type=base64.b64decode)
    options = parser.parse_args(arguments)
    if options.command == "new":
        new_key()
    elif options.command == "write":
        write(options.public)
    else:
        read(options.sealed)


Run = program.command(main)
