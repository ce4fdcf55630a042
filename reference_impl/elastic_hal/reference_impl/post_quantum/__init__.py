"""ML-KEM and ML-DSA, which the contract has as an unstable feature: `encapsulation`, `signatures`, and the provider."""

from .provider import PostQuantumProvider

__all__ = ["PostQuantumProvider"]
