"""The sealing root of the simulated platform: random bytes on disk that stand for what a processor has in its fuses."""

import secrets
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elastic_hal.runtime.platform import SEALING_KEY_BYTES, Measurement

from .state import StateError, create_once, prepare_directory, read_file

ROOT_FILE: Final = "sealing-secret"
_SECRET_BYTES: Final = 32
_DOMAIN: Final = b"elastic-hal simulated platform, sealing key 1"


class SealingRoot:
    """The secret of one machine. Neither its repr nor its errors show it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def open(cls, directory: Path) -> "SealingRoot":
        """Load the secret from `directory`, creating it on first use. Raises `StateError`."""
        prepare_directory(directory)
        path = directory / ROOT_FILE
        secret = read_file(path, private=True)
        if secret is None:
            create_once(path, secrets.token_bytes(_SECRET_BYTES), 0o600)
            secret = read_file(path, private=True)
        if secret is None:
            raise StateError(f"{path}: vanished while it was created; try again")
        if len(secret) != _SECRET_BYTES:
            raise StateError(
                f"{path}: has {len(secret)} bytes, not {_SECRET_BYTES}; what was sealed under it is lost: remove it"
            )
        return cls(secret)

    def key(self, measurements: tuple[Measurement, ...], context: bytes) -> bytes:
        """Derive a key, bound to the measurements that are given."""
        parts = [_DOMAIN, context]
        for measurement in measurements:
            parts += [measurement.name.encode(), measurement.algorithm.encode(), measurement.value]
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return HKDF(hashes.SHA256(), SEALING_KEY_BYTES, None, info).derive(self._secret)
