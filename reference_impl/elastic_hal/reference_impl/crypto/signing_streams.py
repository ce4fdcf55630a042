"""Signatures of messages in several parts, for the algorithms that sign a hash (CRY-4, CRY-5)."""

from typing import TypeAlias

from cryptography.hazmat.primitives import hashes

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .ecdsa import EcdsaPrivate, EcdsaPublic
from .keys import public_half, require_usage
from .rsa_pss import RsaPssPrivate, RsaPssPublic
from .signing import signature_key

_DigestSigner: TypeAlias = EcdsaPrivate | RsaPssPrivate
_DigestVerifier: TypeAlias = EcdsaPublic | RsaPssPublic


class Signer(wit.Signer):
    """A message that is signed in several parts. It outlives its key."""

    def __init__(self, key: wit.Key) -> None:
        held = signature_key(key)
        private = held.material
        if not isinstance(private, _DigestSigner):
            raise types.Error_InvalidArgument("key: is not a private one of an algorithm that signs a hash")
        require_usage(held, wit.KeyUsage.SIGN)
        self._running: tuple[_DigestSigner, hashes.Hash] | None = (private, hashes.Hash(private.stream_hash))

    def update(self, data: bytes) -> None:
        """Add a part of the message."""
        check_size("data", data)
        if self._running is None:
            raise _finished("signer")
        self._running[1].update(data)

    def finish(self) -> bytes:
        """End the message and sign it."""
        if self._running is None:
            raise _finished("signer")
        private, message = self._running
        self._running = None
        return private.sign_digest(message.finalize())

    def drop(self) -> None:
        """Forget key and state."""
        self._running = None


class Verifier(wit.Verifier):
    """A message whose signature is verified when its parts are there. It outlives its key."""

    def __init__(self, key: wit.Key) -> None:
        held = signature_key(key)
        public = public_half(held)
        if not isinstance(public, _DigestVerifier):
            raise types.Error_InvalidArgument("key: is not one of an algorithm that signs a hash")
        require_usage(held, wit.KeyUsage.VERIFY)
        self._running: tuple[_DigestVerifier, hashes.Hash] | None = (public, hashes.Hash(public.stream_hash))

    def update(self, data: bytes) -> None:
        """Add a part of the message."""
        check_size("data", data)
        if self._running is None:
            raise _finished("verifier")
        self._running[1].update(data)

    def finish(self, signature: bytes) -> None:
        """End the message and verify its signature."""
        check_size("signature", signature)
        if self._running is None:
            raise _finished("verifier")
        public, message = self._running
        self._running = None
        if not public.verify_digest(message.finalize(), signature):
            raise types.Error_VerificationFailed

    def drop(self) -> None:
        """Forget the state."""
        self._running = None


def _finished(name: str) -> types.Error_InvalidState:
    return types.Error_InvalidState(f"the {name} has finished")
