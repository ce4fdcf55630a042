"""How the chunks of one object version are stored.

Each chunk is followed by 16 bytes. In a protected container it is encrypted with AES-256-GCM under the key of that
version; the nonce is the number of the chunk and whether it is the last, as in the STREAM construction. Elsewhere the
16 bytes are a checksum. Both cover the container, the name, the version, the number and the mark of the last chunk.
"""

from typing import Final, Protocol

import blake3
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..unproven import unproven
from .container_keys import ContainerKeys, joined
from .records import CHUNK_BYTES

OVERHEAD_BYTES: Final = 16
_FORMAT: Final = b"elastic-hal chunk 1"
_NONCE_PREFIX: Final = bytes(7)


class ChunkFormat(Protocol):
    """Turns the chunks of one version into what is stored, and back."""

    def seal(self, number: int, data: bytes, *, last: bool) -> bytes:
        """Give what to store. Each number is sealed once."""
        ...

    def open(self, number: int, stored: object, *, last: bool) -> bytes:
        """Give the chunk, or raise `verification-failed`."""
        ...


def chunk_format(identity: str, name: bytes, version: str, keys: ContainerKeys | None) -> ChunkFormat:
    """Give the format for one version of an object: encrypted where there are keys."""
    context = joined(_FORMAT, identity.encode(), name, version.encode())
    if keys is None:
        return _Checked(context)
    return _Encrypted(context, keys.object_key(name, version))


class _Encrypted:
    def __init__(self, context: bytes, key: bytes) -> None:
        self._context = context
        self._cipher = AESGCM(key)

    def seal(self, number: int, data: bytes, *, last: bool) -> bytes:
        place = _place(number, last)
        return self._cipher.encrypt(_NONCE_PREFIX + place, data, self._context + place)

    def open(self, number: int, stored: object, *, last: bool) -> bytes:
        place = _place(number, last)
        try:
            return self._cipher.decrypt(_NONCE_PREFIX + place, _whole(stored), self._context + place)
        except InvalidTag:
            raise unproven(
                f"part {number} of the object does not open with the key: it was changed or exchanged"
            ) from None


class _Checked:
    def __init__(self, context: bytes) -> None:
        self._context = context

    def seal(self, number: int, data: bytes, *, last: bool) -> bytes:
        return data + self._checksum(number, data, last)

    def open(self, number: int, stored: object, *, last: bool) -> bytes:
        whole = _whole(stored)
        data = whole[:-OVERHEAD_BYTES]
        if whole[-OVERHEAD_BYTES:] != self._checksum(number, data, last):
            raise unproven(f"part {number} of the object was changed: its checksum differs")
        return data

    def _checksum(self, number: int, data: bytes, last: bool) -> bytes:
        return blake3.blake3(self._context + _place(number, last)).update(data).digest(length=OVERHEAD_BYTES)


def _place(number: int, last: bool) -> bytes:
    return number.to_bytes(4, "big") + bytes([last])


def _whole(stored: object) -> bytes:
    if not isinstance(stored, bytes) or not OVERHEAD_BYTES <= len(stored) <= CHUNK_BYTES + OVERHEAD_BYTES:
        raise unproven("a part of the object has an impossible length")
    return stored
