"""What is derived from the key of a container: a key for each object version, for names, and for the container's root.

HKDF-SHA-256 (RFC 5869) with a random salt for each container; the identity of the container in the storage is part of
the input, so that one container cannot pass for another.
"""

import hmac
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from ..unproven import unproven
from .names import MAX_OBJECT_NAME_BYTES
from .records import Stored

SALT_BYTES: Final = 32
KEY_BYTES: Final = 32

_FORMAT: Final = b"elastic-hal object storage 1"
_SET_BITS: Final = 512
_SET_MASK: Final = (1 << _SET_BITS) - 1
_NAME_BLOCK: Final = 32


def joined(*parts: bytes) -> bytes:
    """Join parts so that no other parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class ContainerKeys:
    """The keys of one container. The repr shows none of them."""

    def __init__(self, secret: bytes | bytearray, salt: bytes, identity: str) -> None:
        self._identity = identity.encode()
        master = HKDF(hashes.SHA256(), KEY_BYTES, salt, joined(_FORMAT, self._identity)).derive(bytes(secret))
        self._objects = _expand(master, b"objects", KEY_BYTES)
        self._entries = _expand(master, b"entries", KEY_BYTES)
        self._root = _expand(master, b"root", KEY_BYTES)
        self._names = AESSIV(_expand(master, b"names", 2 * KEY_BYTES))

    def same(self, other: "ContainerKeys") -> bool:
        """Tell whether the other has been derived from the same."""
        return hmac.compare_digest(self._root, other._root)

    def object_key(self, name: bytes, version: str) -> bytes:
        """Give the key of one version of an object. The version is random, so no two have the same key."""
        return _expand(self._objects, joined(name, version.encode()), KEY_BYTES)

    def entry(self, stored: Stored) -> int:
        """Give the share of one version in the sum over all that the container has."""
        return int.from_bytes(self._entry(stored, "sha512"), "big")

    def record_tag(self, stored: Stored) -> bytes:
        """Give the MAC of what is known about a version, for storages that keep it apart."""
        return self._entry(stored, "sha256")

    def root(self, protection: int, sequence: int, count: int, total: int) -> bytes:
        """Give the MAC over the state of the whole container: how often it changed, and the sum over what it has."""
        state = joined(
            bytes([protection]),
            sequence.to_bytes(8, "big"),
            count.to_bytes(8, "big"),
            total.to_bytes(_SET_BITS // 8, "big"),
        )
        return hmac.digest(self._root, state, "sha256")

    def seal_name(self, name: bytes) -> bytes:
        """Encrypt a name, always to the same bytes, and hide its length up to 32 bytes (AES-SIV, RFC 5297)."""
        padded = name + b"\0" * (_NAME_BLOCK - len(name) % _NAME_BLOCK)
        return self._names.encrypt(padded, [self._identity])

    def open_name(self, sealed: bytes) -> bytes:
        """Decrypt a name, or raise `verification-failed`."""
        try:
            name = self._names.decrypt(sealed, [self._identity]).rstrip(b"\0")
        except (InvalidTag, ValueError):
            raise unproven("the name of an object was not encrypted with the key of the container") from None
        if not 0 < len(name) <= MAX_OBJECT_NAME_BYTES:
            raise unproven("the name of an object has an impossible length")
        return name

    def _entry(self, stored: Stored, algorithm: str) -> bytes:
        size, created = stored.size.to_bytes(8, "big"), stored.created_ns.to_bytes(8, "big")
        return hmac.digest(self._entries, joined(stored.name, stored.version.encode(), size, created), algorithm)


def added(total: int, *entries: int) -> int:
    """Add shares to a sum."""
    return (total + sum(entries)) & _SET_MASK


def _expand(secret: bytes, purpose: bytes, length: int) -> bytes:
    return HKDFExpand(hashes.SHA256(), length, purpose).derive(secret)
