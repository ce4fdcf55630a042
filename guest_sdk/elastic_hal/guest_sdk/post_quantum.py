"""ML-KEM and ML-DSA (CRY-1 to CRY-5), which the contract has as unstable feature `post-quantum`: it may still change.

A project asks for it with `features = ["post-quantum"]` in its `[tool.elastic-hal]`.
"""

from __future__ import annotations

from .bindings.elastic_hal.crypto import DerivationAlgorithm, KeyUsage
from .bindings.elastic_hal.post_quantum import (
    DecapsulationKey,
    EncapsulationKey,
    KemAlgorithm,
    PostQuantumSignature,
    SigningKey,
    VerifyingKey,
)
from .derivation import DerivationKey

__all__ = [
    "DecapsulationKey",
    "EncapsulationKey",
    "KemAlgorithm",
    "PostQuantumSignature",
    "SigningKey",
    "VerifyingKey",
    "decapsulate",
    "encapsulate",
]

_DERIVES = KeyUsage.DERIVE_KEY | KeyUsage.DERIVE_BITS


def encapsulate(
    key: EncapsulationKey, derivation: DerivationAlgorithm = DerivationAlgorithm.HKDF_SHA_256
) -> tuple[bytes, DerivationKey]:
    """Makes a secret for the owner of a key: gives the ciphertext to send, and the secret to derive keys from."""
    made = key.encapsulate(derivation, _DERIVES, False)
    return made.ciphertext, DerivationKey(made.shared_key)


def decapsulate(
    key: DecapsulationKey, ciphertext: bytes, derivation: DerivationAlgorithm = DerivationAlgorithm.HKDF_SHA_256
) -> DerivationKey:
    """The secret in a ciphertext. One that was changed gives another secret, under which nothing decrypts."""
    return DerivationKey(key.decapsulate(ciphertext, derivation, _DERIVES, False))
