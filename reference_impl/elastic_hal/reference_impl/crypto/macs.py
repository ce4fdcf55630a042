"""Message authentication codes: the algorithms, and a calculation over a key (CRY-9, CRY-10)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.hazmat.primitives import cmac, hashes, hmac
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ..bindings.elastic_hal import crypto as wit


class Calculation(Protocol):
    """A running MAC calculation. It holds its own copy of the key."""

    def update(self, data: bytes, /) -> None:
        """Add a part of the message."""

    def finalize(self) -> bytes:
        """Give the tag; the calculation is over."""


@dataclass(frozen=True, slots=True)
class MacScheme:
    """Sizes in bytes, and how a calculation starts."""

    least_key_bytes: int
    most_key_bytes: int
    generated_key_bytes: int
    tag_bytes: int
    start: Callable[[bytearray], Calculation]


def _hmac(hash_algorithm: hashes.HashAlgorithm) -> MacScheme:
    size = hash_algorithm.digest_size
    return MacScheme(16, 1024, size, size, lambda key: hmac.HMAC(key, hash_algorithm))


def _cmac(key_bytes: int) -> MacScheme:
    return MacScheme(key_bytes, key_bytes, key_bytes, 16, lambda key: cmac.CMAC(AES(key)))


MACS: Final[dict[wit.MacAlgorithm, MacScheme]] = {
    wit.MacAlgorithm.HMAC_SHA_256: _hmac(hashes.SHA256()),
    wit.MacAlgorithm.HMAC_SHA_384: _hmac(hashes.SHA384()),
    wit.MacAlgorithm.HMAC_SHA_512: _hmac(hashes.SHA512()),
    wit.MacAlgorithm.AES_128_CMAC: _cmac(16),
    wit.MacAlgorithm.AES_256_CMAC: _cmac(32),
}
