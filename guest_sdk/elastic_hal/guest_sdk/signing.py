"""Signatures of messages of any size (CRY-4, CRY-5), with ECDSA and RSASSA-PSS; `crypto` offers them to guests."""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .hashing import CHUNK_BYTES, ByteData, Readable, chunks
from .keys import SigningKey, VerifyingKey


class Signer:
    """A message that is signed in parts, written to like a file. Ed25519 and Ed448 raise InvalidArgument: they take a
    message whole.
    """

    def __init__(self, key: SigningKey) -> None:
        self._context = _crypto.Signer.start(key.handle)

    def update(self, data: ByteData) -> None:
        """Adds to the message. Raises InvalidState after `finish`."""
        for piece in chunks(data):
            self._context.update(piece)

    def write(self, data: ByteData) -> int:
        """Adds to the message, as files do."""
        self.update(data)
        return len(memoryview(data).cast("B"))

    def finish(self) -> bytes:
        """Ends the message and gives its signature."""
        return self._context.finish()

    def close(self) -> None:
        """Frees the context in the host."""
        self._context.close()

    def __enter__(self) -> Signer:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class Verifier:
    """A message whose signature is verified when all parts are there, written to like a file."""

    def __init__(self, key: VerifyingKey | SigningKey) -> None:
        self._context = _crypto.Verifier.start(key.handle)

    def update(self, data: ByteData) -> None:
        """Adds to the message. Raises InvalidState after `finish`."""
        for piece in chunks(data):
            self._context.update(piece)

    def write(self, data: ByteData) -> int:
        """Adds to the message, as files do."""
        self.update(data)
        return len(memoryview(data).cast("B"))

    def finish(self, signature: bytes) -> None:
        """Ends the message; raises VerificationFailed where `signature` is not its signature."""
        self._context.finish(signature)

    def close(self) -> None:
        """Frees the context in the host."""
        self._context.close()

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def sign_file(key: SigningKey, file: Readable) -> bytes:
    """Signs what is left to read in a binary file."""
    with Signer(key) as signer:
        while piece := file.read(CHUNK_BYTES):
            signer.update(piece)
        return signer.finish()


def verify_file(key: VerifyingKey | SigningKey, file: Readable, signature: bytes) -> None:
    """Raises VerificationFailed where `signature` is not that of what is left to read in a binary file."""
    with Verifier(key) as verifier:
        while piece := file.read(CHUNK_BYTES):
            verifier.update(piece)
        verifier.finish(signature)
