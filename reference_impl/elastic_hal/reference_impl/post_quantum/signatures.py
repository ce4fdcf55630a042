"""ML-DSA (FIPS 204, pure form): keys and signatures (CRY-1, CRY-4, CRY-5)."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

from ..bindings.elastic_hal import post_quantum as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from ..crypto.key_making import MAX_KEY_MATERIAL_BYTES

SEED_BYTES: Final = 32
MAX_CONTEXT_BYTES: Final = 255
_Private: TypeAlias = mldsa.MLDSA65PrivateKey | mldsa.MLDSA87PrivateKey
_Public: TypeAlias = mldsa.MLDSA65PublicKey | mldsa.MLDSA87PublicKey


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """One parameter set."""

    private: type[mldsa.MLDSA65PrivateKey] | type[mldsa.MLDSA87PrivateKey]
    public: type[mldsa.MLDSA65PublicKey] | type[mldsa.MLDSA87PublicKey]


SIGNATURES: Final[dict[wit.PostQuantumSignature, SignatureScheme]] = {
    wit.PostQuantumSignature.ML_DSA_65: SignatureScheme(mldsa.MLDSA65PrivateKey, mldsa.MLDSA65PublicKey),
    wit.PostQuantumSignature.ML_DSA_87: SignatureScheme(mldsa.MLDSA87PrivateKey, mldsa.MLDSA87PublicKey),
}


def generate(algorithm: wit.PostQuantumSignature, *, exportable: bool) -> "SigningKey":
    """Make a new key pair."""
    return SigningKey(algorithm, _scheme(algorithm).private.generate(), exportable=exportable)


def import_seed(algorithm: wit.PostQuantumSignature, seed: bytes, *, exportable: bool) -> "SigningKey":
    """Make a key pair from its seed."""
    scheme = _scheme(algorithm)
    check_size("seed", seed, MAX_KEY_MATERIAL_BYTES)
    if len(seed) != SEED_BYTES:
        raise types.Error_InvalidArgument(f"seed: has {len(seed)} bytes, not {SEED_BYTES}")
    return SigningKey(algorithm, scheme.private.from_seed_bytes(seed), exportable=exportable)


def import_key(algorithm: wit.PostQuantumSignature, material: bytes) -> "VerifyingKey":
    """Make a public key of its bytes."""
    scheme = _scheme(algorithm)
    check_size("material", material, MAX_KEY_MATERIAL_BYTES)
    try:
        return VerifyingKey(algorithm, scheme.public.from_public_bytes(material))
    except ValueError:
        raise types.Error_InvalidArgument(f"material: is no public key of {algorithm.value}") from None


class SigningKey(wit.SigningKey):
    """A private key."""

    def __init__(self, algorithm: wit.PostQuantumSignature, key: _Private, *, exportable: bool) -> None:
        self._algorithm = algorithm
        self._key = key
        self._exportable = exportable

    def algorithm(self) -> wit.PostQuantumSignature:
        """Give the algorithm that the key is bound to."""
        return self._algorithm

    def verifying_key(self) -> "VerifyingKey":
        """Give the public key."""
        return VerifyingKey(self._algorithm, self._key.public_key())

    def export_seed(self) -> bytes:
        """Give the seed."""
        if not self._exportable:
            raise types.Error_AccessDenied("the key was not made exportable")
        return self._key.private_bytes_raw()

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Sign with fresh randomness."""
        check_size("message", message)
        check_size("context", context, MAX_CONTEXT_BYTES)
        return self._key.sign(message, context)


class VerifyingKey(wit.VerifyingKey):
    """A public key."""

    def __init__(self, algorithm: wit.PostQuantumSignature, key: _Public) -> None:
        self._algorithm = algorithm
        self._key = key

    def algorithm(self) -> wit.PostQuantumSignature:
        """Give the algorithm that the key is bound to."""
        return self._algorithm

    def export_key(self) -> bytes:
        """Give the bytes of the key."""
        return self._key.public_bytes_raw()

    def verify(self, message: bytes, signature: bytes, context: bytes) -> None:
        """Verify a signature."""
        check_size("message", message)
        check_size("signature", signature)
        check_size("context", context, MAX_CONTEXT_BYTES)
        try:
            self._key.verify(signature, message, context)
        except InvalidSignature:
            raise types.Error_VerificationFailed from None


def _scheme(algorithm: wit.PostQuantumSignature) -> SignatureScheme:
    if algorithm not in SIGNATURES:
        raise types.Error_Unsupported(f"algorithm {algorithm.value}")
    return SIGNATURES[algorithm]
