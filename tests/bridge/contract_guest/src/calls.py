"""A guest that calls the contract as its argument says, and prints what comes back: values, errors and their texts."""

import hashlib
import json

from elastic_hal.guest_sdk import crypto, errors, program


def data(seed, size):
    return hashlib.shake_128(seed.encode()).digest(size)


def call(name, algorithm, key, first, second):
    match name:
        case "hash":
            return crypto.hash(first, list(crypto.HashAlgorithm)[algorithm % len(crypto.HashAlgorithm)])
        case "hasher":
            with crypto.Hasher(list(crypto.HashAlgorithm)[algorithm % len(crypto.HashAlgorithm)]) as hasher:
                hasher.update(first)
                hasher.update(second)
                return hasher.finish()
        case "mac":
            with crypto.MacKey.from_bytes(key) as held:
                return crypto.mac(held, first)
        case "verify":
            with crypto.MacKey.from_bytes(key) as held:
                return crypto.verify_mac(held, first, crypto.mac(held, first) if algorithm % 2 else second)
        case "seal":
            with crypto.EncryptionKey.from_bytes(key) as held:
                sealed = held.encrypt(first, second)
                return [len(sealed), held.decrypt(sealed, second)]
        case "open":
            with crypto.EncryptionKey.from_bytes(key) as held:
                return held.decrypt(first, second)


def main(arguments):
    for name, algorithm, key, first, second in json.loads(arguments[0]):
        try:
            result = call(name, algorithm, *(data(seed, size) for seed, size in (key, first, second)))
        except errors.HalError as error:
            result = f"{type(error).__name__}: {error}"
        print(hashlib.sha256(repr(result).encode()).hexdigest() if len(repr(result)) > 200 else repr(result))


Run = program.command(main)
