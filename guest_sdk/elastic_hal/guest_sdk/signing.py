"""Signatures of messages of any size (CRY-4, CRY-5), with ECDSA and RSASSA-PSS; `crypto` offers them to guests."""

from __future__ import annotations

from .bindings.elastic_hal import crypto as _crypto
from .keys import SigningKey, VerifyingKey
from .parts import Calculation, Readable


class Signer(Calculation[_crypto.Signer]):
    """A message that is signed in parts, written to like a file. Ed25519 and Ed448 raise InvalidArgument: they take a
    message whole.
    """

    def __init__(self, key: SigningKey) -> None:
        self._context = _crypto.Signer.start(key.handle)

    def finish(self) -> bytes:
        """Ends the message and gives its signature."""
        return self._context.finish()


class Verifier(Calculation[_crypto.Verifier]):
    """A message whose signature is verified when all parts are there, written to like a file."""

    def __init__(self, key: VerifyingKey | SigningKey) -> None:
        self._context = _crypto.Verifier.start(key.handle)

    def finish(self, signature: bytes) -> None:
        """Ends the message; raises VerificationFailed where `signature` is not its signature."""
        self._context.finish(signature)


def sign_file(key: SigningKey, file: Readable) -> bytes:
    """Signs what is left to read in a binary file."""
    with Signer(key) as signer:
        return signer.read_from(file).finish()


def verify_file(key: VerifyingKey | SigningKey, file: Readable, signature: bytes) -> None:
    """Raises VerificationFailed where `signature` is not that of what is left to read in a binary file."""
    with Verifier(key) as verifier:
        verifier.read_from(file).finish(signature)
