"""The frames of attested TLS: how evidence, and the word that it was accepted, travel over a connection.

A frame is one byte that tells its kind, the length of its body in four bytes, most significant first, and the body.
The body of evidence is one byte that tells the format, and then byte strings, each behind its length in four bytes:
the evidence and its certificates. The other kinds have no body.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence

HEADER_BYTES = 5
MOST_BODY_BYTES = 1024 * 1024
MOST_CERTIFICATES = 16
FORMAT_EAT = 1
_LENGTH_BYTES = 4


class FrameError(ValueError):
    """Bytes that are no frame of the protocol. The text says what is wrong and repeats nothing of them."""


class Kind(enum.IntEnum):
    """What a frame says."""

    EVIDENCE = 1
    ACCEPTED = 2
    REFUSED = 3


def frame(kind: Kind, body: bytes = b"") -> bytes:
    """A whole frame. Raises FrameError for a body that is too long."""
    if len(body) > MOST_BODY_BYTES:
        raise FrameError(f"a frame has at most {MOST_BODY_BYTES} bytes, not {len(body)}")
    return bytes([kind]) + len(body).to_bytes(_LENGTH_BYTES, "big") + body


def read_header(header: bytes) -> tuple[Kind, int]:
    """The kind of a frame and the length of its body, from its first `HEADER_BYTES` bytes."""
    kind, length = header[0], int.from_bytes(header[1:HEADER_BYTES], "big")
    if kind not in list(Kind):
        raise FrameError("a frame of an unknown kind")
    if length > (MOST_BODY_BYTES if kind == Kind.EVIDENCE else 0):
        raise FrameError("a frame that is too long")
    return Kind(kind), length


def write_evidence(evidence: bytes, certificates: Sequence[bytes]) -> bytes:
    """The body of evidence in the format EAT."""
    strings = (evidence, *certificates)
    return bytes([FORMAT_EAT]) + b"".join(len(item).to_bytes(_LENGTH_BYTES, "big") + item for item in strings)


def read_evidence(body: bytes) -> tuple[bytes, list[bytes]]:
    """Evidence and its certificates, from the body of a frame."""
    if body[:1] != bytes([FORMAT_EAT]):
        raise FrameError("evidence of an unknown format")
    strings: list[bytes] = []
    at = 1
    while at < len(body):
        start = at + _LENGTH_BYTES
        end = start + int.from_bytes(body[at:start], "big")
        if start > len(body) or end > len(body):
            raise FrameError("evidence that ends early")
        strings.append(body[start:end])
        if len(strings) > 1 + MOST_CERTIFICATES:
            raise FrameError(f"evidence with more than {MOST_CERTIFICATES} certificates")
        at = end
    if not strings:
        raise FrameError("a frame without evidence")
    return strings[0], strings[1:]
