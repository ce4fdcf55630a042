"""What the kinds of keys have in common and in what they differ: their sizes or schemes, and their uses (CRY-1)."""

from dataclasses import dataclass

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from .aeads import AEADS
from .agreements import AGREEMENTS
from .asymmetric import PrivateHalf, PublicHalf, Scheme
from .ciphers import CIPHERS
from .derivation_schemes import DERIVATIONS, LEAST_KEY_BYTES, MOST_KEY_BYTES
from .keys import AUTHENTICATES, DERIVES, ENCRYPTS
from .macs import MACS
from .public_encryption import ENCRYPTIONS
from .signatures import SIGNATURES


@dataclass(frozen=True, slots=True)
class SecretKind:
    """A kind of secret key: its sizes in bytes and its uses."""

    least_bytes: int
    most_bytes: int
    generated_bytes: int
    uses: wit.KeyUsage


@dataclass(frozen=True, slots=True)
class PairKind:
    """A kind of key pair: how it is made, its uses, and the use that only the private half has."""

    scheme: Scheme[PrivateHalf, PublicHalf]
    uses: wit.KeyUsage
    private_use: wit.KeyUsage


def kind_of(algorithm: wit.KeyAlgorithm) -> SecretKind | PairKind:
    """Give the kind, or raise `unsupported` for an algorithm that is not served."""
    uses = wit.KeyUsage
    match algorithm:
        case wit.KeyAlgorithm_Mac(value=mac) if mac in MACS:
            sizes = MACS[mac]
            return SecretKind(sizes.least_key_bytes, sizes.most_key_bytes, sizes.generated_key_bytes, AUTHENTICATES)
        case wit.KeyAlgorithm_Aead(value=aead) if aead in AEADS:
            return _fixed_size(AEADS[aead].key_bytes)
        case wit.KeyAlgorithm_Cipher(value=cipher) if cipher in CIPHERS:
            return _fixed_size(CIPHERS[cipher].key_bytes)
        case wit.KeyAlgorithm_Derivation(value=derivation) if derivation in DERIVATIONS:
            generated = DERIVATIONS[derivation].hash.digest_size
            return SecretKind(LEAST_KEY_BYTES, MOST_KEY_BYTES, generated, DERIVES)
        case wit.KeyAlgorithm_Signature(value=signature) if signature in SIGNATURES:
            return PairKind(SIGNATURES[signature], AUTHENTICATES, uses.SIGN)
        case wit.KeyAlgorithm_Encryption(value=encryption) if encryption in ENCRYPTIONS:
            return PairKind(ENCRYPTIONS[encryption], ENCRYPTS, uses.DECRYPT)
        case wit.KeyAlgorithm_Agreement(value=agreement) if agreement in AGREEMENTS:
            return PairKind(AGREEMENTS[agreement], uses.DERIVE_KEY, uses.DERIVE_KEY)
    raise types.Error_Unsupported(f"algorithm {algorithm.value.value}")


def secret_kind(algorithm: wit.KeyAlgorithm) -> SecretKind:
    """Give the kind of a secret key, or raise `invalid-argument` for a key pair."""
    kind = kind_of(algorithm)
    if isinstance(kind, PairKind):
        raise types.Error_InvalidArgument("algorithm: its keys are pairs, not secret bytes")
    return kind


def check_usage(usage: wit.KeyUsage, allowed: wit.KeyUsage) -> None:
    """Raise `invalid-argument` where `usage` is empty or names what the algorithm cannot do."""
    if not usage:
        raise types.Error_InvalidArgument("usage: at least one use must be named")
    if usage & ~allowed:
        raise types.Error_InvalidArgument(f"usage: keys of this algorithm can be used to {spelled(allowed)} only")


def spelled(usage: wit.KeyUsage) -> str:
    """Name uses as the contract does."""
    return " and ".join(str(use.name).lower().replace("_", "-") for use in usage)


def _fixed_size(size: int) -> SecretKind:
    return SecretKind(size, size, size, ENCRYPTS)
