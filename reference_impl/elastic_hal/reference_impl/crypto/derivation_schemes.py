"""HKDF (RFC 5869): the algorithms."""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from ..bindings.elastic_hal import crypto as wit

LEAST_KEY_BYTES: Final = 16
MOST_KEY_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class DerivationScheme:
    """HKDF with one hash."""

    hash: hashes.HashAlgorithm


DERIVATIONS: Final[dict[wit.DerivationAlgorithm, DerivationScheme]] = {
    wit.DerivationAlgorithm.HKDF_SHA_256: DerivationScheme(hashes.SHA256()),
    wit.DerivationAlgorithm.HKDF_SHA_384: DerivationScheme(hashes.SHA384()),
    wit.DerivationAlgorithm.HKDF_SHA_512: DerivationScheme(hashes.SHA512()),
}
