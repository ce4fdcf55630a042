"""ML-KEM (FIPS 203): keys, and secrets for their owners (CRY-1, CRY-2, CRY-3)."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric import mlkem

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import post_quantum as wit
from ..bounds import check_size
from ..crypto.derivations import shared_key
from ..crypto.key_making import MAX_KEY_MATERIAL_BYTES

SEED_BYTES: Final = 64
_Private: TypeAlias = mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey
_Public: TypeAlias = mlkem.MLKEM768PublicKey | mlkem.MLKEM1024PublicKey


@dataclass(frozen=True, slots=True)
class KemScheme:
    """One parameter set, and the length of its ciphertexts."""

    private: type[mlkem.MLKEM768PrivateKey] | type[mlkem.MLKEM1024PrivateKey]
    public: type[mlkem.MLKEM768PublicKey] | type[mlkem.MLKEM1024PublicKey]
    ciphertext_bytes: int


KEMS: Final[dict[wit.KemAlgorithm, KemScheme]] = {
    wit.KemAlgorithm.ML_KEM_768: KemScheme(mlkem.MLKEM768PrivateKey, mlkem.MLKEM768PublicKey, 1088),
    wit.KemAlgorithm.ML_KEM_1024: KemScheme(mlkem.MLKEM1024PrivateKey, mlkem.MLKEM1024PublicKey, 1568),
}


def generate(algorithm: wit.KemAlgorithm, *, exportable: bool) -> "DecapsulationKey":
    """Make a new key pair."""
    return DecapsulationKey(algorithm, _scheme(algorithm).private.generate(), exportable=exportable)


def import_seed(algorithm: wit.KemAlgorithm, seed: bytes, *, exportable: bool) -> "DecapsulationKey":
    """Make a key pair from its seed."""
    scheme = _scheme(algorithm)
    check_size("seed", seed, MAX_KEY_MATERIAL_BYTES)
    if len(seed) != SEED_BYTES:
        raise types.Error_InvalidArgument(f"seed: has {len(seed)} bytes, not {SEED_BYTES}")
    return DecapsulationKey(algorithm, scheme.private.from_seed_bytes(seed), exportable=exportable)


def import_key(algorithm: wit.KemAlgorithm, material: bytes) -> "EncapsulationKey":
    """Make a public key of its bytes, which the library checks as FIPS 203, section 7.2, demands."""
    scheme = _scheme(algorithm)
    check_size("material", material, MAX_KEY_MATERIAL_BYTES)
    try:
        return EncapsulationKey(algorithm, scheme.public.from_public_bytes(material))
    except ValueError:
        raise types.Error_InvalidArgument(f"material: is no public key of {algorithm.value}") from None


class DecapsulationKey(wit.DecapsulationKey):
    """A private key."""

    def __init__(self, algorithm: wit.KemAlgorithm, key: _Private, *, exportable: bool) -> None:
        self._algorithm = algorithm
        self._key = key
        self._exportable = exportable

    def algorithm(self) -> wit.KemAlgorithm:
        """Give the algorithm that the key is bound to."""
        return self._algorithm

    def encapsulation_key(self) -> "EncapsulationKey":
        """Give the public key."""
        return EncapsulationKey(self._algorithm, self._key.public_key())

    def export_seed(self) -> bytes:
        """Give the seed."""
        if not self._exportable:
            raise types.Error_AccessDenied("the key was not made exportable")
        return self._key.private_bytes_raw()

    def decapsulate(
        self, ciphertext: bytes, derivation: crypto.DerivationAlgorithm, usage: crypto.KeyUsage, exportable: bool
    ) -> crypto.Key:
        """Give the secret in a ciphertext."""
        check_size("ciphertext", ciphertext)
        is_whole = len(ciphertext) == KEMS[self._algorithm].ciphertext_bytes
        secret = self._key.decapsulate(ciphertext) if is_whole else b""
        shared = shared_key(secret, derivation, usage, exportable=exportable, source_exportable=self._exportable)
        if not is_whole:
            raise types.Error_VerificationFailed
        return shared


class EncapsulationKey(wit.EncapsulationKey):
    """A public key."""

    def __init__(self, algorithm: wit.KemAlgorithm, key: _Public) -> None:
        self._algorithm = algorithm
        self._key = key

    def algorithm(self) -> wit.KemAlgorithm:
        """Give the algorithm that the key is bound to."""
        return self._algorithm

    def export_key(self) -> bytes:
        """Give the bytes of the key."""
        return self._key.public_bytes_raw()

    def encapsulate(
        self, derivation: crypto.DerivationAlgorithm, usage: crypto.KeyUsage, exportable: bool
    ) -> wit.Encapsulation:
        """Make a secret for the owner of the private key."""
        secret, ciphertext = self._key.encapsulate()
        key = shared_key(secret, derivation, usage, exportable=exportable, source_exportable=True)
        return wit.Encapsulation(ciphertext=ciphertext, shared_key=key)


def _scheme(algorithm: wit.KemAlgorithm) -> KemScheme:
    if algorithm not in KEMS:
        raise types.Error_Unsupported(f"algorithm {algorithm.value}")
    return KEMS[algorithm]
