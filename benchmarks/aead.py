"""AEAD of 1 MiB through a guest in Python, against the same calls of `cryptography` on the same machine in one run.

A guest pays for the call too, which moves 1 MiB to the host and 1 MiB back. So the same guest code is timed with a host
function that gives back what it gets, and a ratio says how many times as long as library and call together a guest
takes. `times_library` is the same without the call.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.guest_projects import built
from benchmarks.host_calls import python_echo_seconds
from benchmarks.measure import timed
from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

SIZE = 1024 * 1024
CALLS = 8
REPEATS = 9

_GUEST = f'''"""Encrypts and decrypts {SIZE} bytes, and prints the median seconds of one call as JSON."""
import json

from elastic_hal.guest_sdk import clock, crypto, program
from elastic_hal.guest_sdk.bindings.elastic_hal import crypto as wit


def median(call):
    seconds = []
    call()
    for _ in range({REPEATS}):
        with clock.Stopwatch() as watch:
            for _ in range({CALLS}):
                call()
        seconds.append(watch.elapsed / {CALLS})
    return sorted(seconds)[len(seconds) // 2]


def main(arguments):
    data, small = bytes({SIZE}), b"x" * 16
    with crypto.EncryptionKey.generate() as key:
        sealed = wit.aead_encrypt(key.handle, data, b"")
        print(json.dumps({{
            "encrypt": median(lambda: wit.aead_encrypt(key.handle, data, b"")),
            "decrypt": median(lambda: wit.aead_decrypt(key.handle, sealed.nonce, sealed.ciphertext, b"")),
            "small": median(lambda: wit.aead_encrypt(key.handle, small, b"")),
        }}))


Run = program.command(main)
'''


def run() -> dict[str, float]:
    """Seconds for one call, and the ratios."""
    guest = _guest()
    call = python_echo_seconds(SIZE, CALLS)
    cipher, data = AESGCM(os.urandom(32)), bytes(SIZE)
    sealed = cipher.encrypt(bytes(12), data, None)
    encrypt = timed(lambda: cipher.encrypt(os.urandom(12), data, None), calls=CALLS, repeats=REPEATS).median
    decrypt = timed(lambda: cipher.decrypt(bytes(12), sealed, None), calls=CALLS, repeats=REPEATS).median
    return {
        "crypto.aead_1mib.encrypt_s": guest["encrypt"],
        "crypto.aead_1mib.decrypt_s": guest["decrypt"],
        "crypto.aead_1mib.library_encrypt_s": encrypt,
        "crypto.aead_1mib.library_decrypt_s": decrypt,
        "crypto.aead_1mib.call_alone_s": call,
        "crypto.aead_1mib.ratio_vs_library": guest["encrypt"] / (encrypt + call),
        "crypto.aead_1mib.decrypt_ratio_vs_library": guest["decrypt"] / (decrypt + call),
        "crypto.aead_1mib.times_library": guest["encrypt"] / encrypt,
        "crypto.aead_16_bytes.encrypt_s": guest["small"],
    }


def _guest() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = Engine(folder / "cache")
        component = engine.load(built("aead", _GUEST))
        host = ReferenceHost(platforms.load("simulated", state_directory=folder / "platform"), state=folder)
        printed = bytearray()
        identity, grant = Identity("bench-aead", component.digest), Grant(limits=Limits(memory_bytes=1 << 30))
        outcome = Workload(engine, component, identity, grant, link=host.link, output=printed.extend).run()
        if not outcome.succeeded:
            raise RuntimeError(f"{outcome.message} {outcome.standard_error}")
    seconds: dict[str, float] = json.loads(printed)
    return seconds
