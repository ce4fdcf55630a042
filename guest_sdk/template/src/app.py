"""A notary: tells when it saw a message, and makes a signature that attestation evidence vouches for.

Everything is imported up here, at the top: then it is loaded while the program is built, and not in each run.
"""

import argparse
import base64
import json
import sys
from collections.abc import Callable
from typing import TextIO

from elastic_hal.guest_sdk import attestation, clock, crypto, program, randomness


def main(arguments: list[str]) -> int:
    """Notarises one message. With a nonce, JSON with the evidence goes to stdout, and the steps to stderr."""
    options = read_options(arguments)
    message = read_message(options)
    step = printer(sys.stdout if options.nonce is None else sys.stderr)

    seen = clock.local_now()
    step("time", f"{seen.isoformat(timespec='milliseconds')} ({clock.zone()})")

    serial = randomness.random_bytes(16)
    step("random", f"serial number {serial.hex()}")

    digest = crypto.hash(message)
    step("hash", f"sha-256 {digest.hex()} of {len(message)} bytes")

    with crypto.EncryptionKey.generate() as key:
        sealed = key.encrypt(message, associated_data=serial)
        opened = key.decrypt(sealed, associated_data=serial)
    step("aead", f"aes-256-gcm: {len(message)} bytes sealed as {len(sealed)}, opened again: {opened == message}")

    statement = {"time": seen.isoformat(), "serial": serial.hex(), "sha-256": digest.hex()}
    signed = json.dumps(statement, sort_keys=True).encode()
    with crypto.SigningKey.generate() as key:
        signature = key.sign(signed)
        public_key = key.public_key()
        public_key.verify(signed, signature)
        step("sign", f"ed25519 {signature.hex()[:32]}…, verified")

        if options.nonce is None:
            step("attest", "not asked for: give the relying party's challenge with --nonce HEX")
            return 0
        evidence = attestation.attest(options.nonce, key=key)
        step("attest", f"{evidence.format.value} of {len(evidence.data)} bytes that names the signing key")

    document = {
        "statement": signed.decode(),
        "signature": base64.b64encode(signature).decode(),
        "public-key": base64.b64encode(public_key.to_spki()).decode(),
        **attestation.to_document(evidence),
    }
    print(json.dumps(document, indent=2))
    return 0


def read_options(arguments: list[str]) -> argparse.Namespace:
    """Reads the command line; leaves with a message where it is wrong."""
    parser = argparse.ArgumentParser(prog="example-notary", description="Notarises a message.")
    parser.add_argument("message", nargs="?", help="the message; without it, it is read from stdin")
    parser.add_argument("--file", help="notarise this file; the policy must grant its folder")
    parser.add_argument("--nonce", type=bytes.fromhex, metavar="HEX", help="print JSON with evidence for this challenge")
    return parser.parse_args(arguments)


def read_message(options: argparse.Namespace) -> bytes:
    """The bytes to notarise, of the argument, the file or stdin."""
    if options.message is not None:
        return str(options.message).encode()
    if options.file is not None:
        with open(options.file, "rb") as file:
            return file.read()
    return sys.stdin.buffer.read()


def printer(stream: TextIO) -> Callable[[str, str], None]:
    """Gives a function that prints one readable line for each step."""

    def step(name: str, text: str) -> None:
        print(f"{name:8} {text}", file=stream)

    return step


Run = program.command(main)
