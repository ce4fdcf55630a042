"""How keys are made: generated, or imported from material that is checked for all that the contract demands (CRY-1)."""

import secrets
from typing import Final

from elastic_hal.common.text import counted

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .asymmetric import MaterialError, PrivateHalf, PublicHalf
from .der_keys import read_pkcs8, read_spki
from .key_kinds import PairKind, SecretKind, check_usage, kind_of, spelled
from .keys import Key, Material, SecretBytes, public_uses

MAX_KEY_MATERIAL_BYTES: Final = 16_384


def generate(algorithm: wit.KeyAlgorithm, usage: wit.KeyUsage, *, exportable: bool) -> Key:
    """Make a new secret key or key pair."""
    kind = kind_of(algorithm)
    check_usage(usage, kind.uses)
    return Key(algorithm, usage, _new_material(kind), exportable=exportable)


def import_key(
    algorithm: wit.KeyAlgorithm, key_format: wit.KeyFormat, material: bytes, usage: wit.KeyUsage, *, exportable: bool
) -> Key:
    """Make a key from material."""
    kind = kind_of(algorithm)
    check_size("material", material, MAX_KEY_MATERIAL_BYTES)
    of_public = public_uses(algorithm)
    if usage or of_public:
        # A public key without uses of its own is imported without any, which shows only after it was read.
        check_usage(usage, kind.uses)
    if isinstance(kind, SecretKind):
        check_usage(usage, kind.uses)
        return Key(algorithm, usage, _read_secret(kind, key_format, material), exportable=exportable)
    half = _read_half(kind, key_format, material, usage)
    if isinstance(half, PublicHalf) and usage != of_public:
        only = f"can be used to {spelled(of_public)} only" if of_public else "has no use of its own"
        raise types.Error_InvalidArgument(f"usage: a public key {only}")
    if isinstance(half, PrivateHalf):
        check_usage(usage, kind.uses)
    return Key(algorithm, usage, half, exportable=exportable)


def _new_material(kind: SecretKind | PairKind) -> Material:
    if isinstance(kind, PairKind):
        return kind.scheme.generate()
    return SecretBytes(bytearray(secrets.token_bytes(kind.generated_bytes)))


def _read_secret(kind: SecretKind, key_format: wit.KeyFormat, material: bytes) -> SecretBytes:
    if key_format is not wit.KeyFormat.RAW:
        raise types.Error_InvalidArgument(f"format: a secret key has no {key_format.value} encoding")
    least, most = kind.least_bytes, kind.most_bytes
    if not least <= len(material) <= most:
        bounds = f"{least}" if least == most else f"{least} to {most}"
        raise types.Error_InvalidArgument(f"material: has {counted(len(material), 'byte')}; the key must have {bounds}")
    return SecretBytes(bytearray(material))


def _read_half(
    kind: PairKind, key_format: wit.KeyFormat, material: bytes, usage: wit.KeyUsage
) -> PrivateHalf | PublicHalf:
    try:
        match key_format:
            case wit.KeyFormat.RAW:
                return kind.scheme.from_raw(material, private=kind.private_use in usage)
            case wit.KeyFormat.PKCS8:
                return kind.scheme.adopt_private(read_pkcs8(material))
            case wit.KeyFormat.SPKI:
                return kind.scheme.adopt_public(read_spki(material))
    except MaterialError as error:
        raise types.Error_InvalidArgument(f"material: {error}") from None
