"""Key agreement and key derivation: secrets that other keys are made of (CRY-1)."""

from typing import Final

from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .agreements import DhPrivate, DhPublic
from .derivation_schemes import DERIVATIONS, DerivationScheme
from .key_kinds import check_usage, secret_kind
from .keys import DERIVES, Key, SecretBytes, own, require_usage

MAX_BLOCKS: Final = 255
"""What HKDF gives at most, in digests (RFC 5869, section 2.3)."""


def agree(
    key: wit.Key, peer: wit.Key, derivation: wit.DerivationAlgorithm, usage: wit.KeyUsage, *, exportable: bool
) -> Key:
    """Make the shared secret of a private key and a public one a key to derive from."""
    held, other = own(key), own(peer)
    private, public = held.material, other.material
    if not isinstance(held.algorithm(), wit.KeyAlgorithm_Agreement) or not isinstance(private, DhPrivate):
        raise types.Error_InvalidArgument("key: is not a private one for key agreement")
    if other.algorithm() != held.algorithm() or not isinstance(public, DhPublic):
        raise types.Error_InvalidArgument("peer: is not a public key for the same agreement")
    require_usage(held, wit.KeyUsage.DERIVE_KEY)
    return shared_key(
        private.exchange(public), derivation, usage, exportable=exportable, source_exportable=held.exportable()
    )


def shared_key(
    secret: bytes,
    derivation: wit.DerivationAlgorithm,
    usage: wit.KeyUsage,
    *,
    exportable: bool,
    source_exportable: bool,
) -> Key:
    """Make a shared secret a key to derive from."""
    algorithm = wit.KeyAlgorithm_Derivation(derivation)
    secret_kind(algorithm)
    check_usage(usage, DERIVES)
    _check_exportable(exportable, source_exportable)
    return Key(algorithm, usage, SecretBytes(bytearray(secret)), exportable=exportable)


def derive_key(
    key: wit.Key,
    salt: bytes,
    info: bytes,
    algorithm: wit.KeyAlgorithm,
    usage: wit.KeyUsage,
    *,
    exportable: bool,
) -> Key:
    """Derive a secret key."""
    held, secret, scheme = _source(key)
    require_usage(held, wit.KeyUsage.DERIVE_KEY)
    check_size("salt", salt)
    check_size("info", info)
    kind = secret_kind(algorithm)
    check_usage(usage, kind.uses)
    _check_exportable(exportable, held.exportable())
    material = _derive(scheme, secret, salt, info, kind.generated_bytes)
    return Key(algorithm, usage, SecretBytes(bytearray(material)), exportable=exportable)


def derive_bits(key: wit.Key, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive bytes for the workload to see."""
    held, secret, scheme = _source(key)
    require_usage(held, wit.KeyUsage.DERIVE_BITS)
    if not held.exportable():
        raise types.Error_AccessDenied("the derivation key was not made exportable")
    check_size("salt", salt)
    check_size("info", info)
    most = MAX_BLOCKS * scheme.hash.digest_size
    if length > most:
        raise types.Error_LimitExceeded(f"length is {length}, more than {most}")
    if length == 0:
        raise types.Error_InvalidArgument("length: is zero")
    return _derive(scheme, secret, salt, info, length)


def _derive(scheme: DerivationScheme, secret: SecretBytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(scheme.hash, length, salt or None, info).derive(secret.value)


def _source(key: wit.Key) -> tuple[Key, SecretBytes, DerivationScheme]:
    held = own(key)
    algorithm, material = held.algorithm(), held.material
    if not isinstance(algorithm, wit.KeyAlgorithm_Derivation) or not isinstance(material, SecretBytes):
        raise types.Error_InvalidArgument("key: is not one to derive from")
    return held, material, DERIVATIONS[algorithm.value]


def _check_exportable(asked: bool, source: bool) -> None:
    """What comes of a key that is not exportable is not exportable either."""
    if asked and not source:
        raise types.Error_AccessDenied("exportable: the key that it is made of is not exportable")
