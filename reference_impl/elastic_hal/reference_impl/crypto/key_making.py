"""How keys are made: generated, or imported from material that is checked for all that the contract demands (CRY-1)."""

import secrets
from typing import Final

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .aeads import AEADS
from .asymmetric import MaterialError, PrivateHalf, PublicHalf, Scheme, read_pkcs8, read_spki
from .keys import AUTHENTICATES, ENCRYPTS, VERIFY_ONLY, Key, SecretBytes
from .macs import MACS
from .signatures import SIGNATURES

MAX_KEY_MATERIAL_BYTES: Final = 16_384


def generate(algorithm: wit.KeyAlgorithm, usage: wit.KeyUsage, *, exportable: bool) -> Key:
    """Make a new secret key or key pair."""
    material: SecretBytes | PrivateHalf
    match algorithm:
        case wit.KeyAlgorithm_Signature(value=name):
            scheme = _scheme(name)
            _check_usage(usage, AUTHENTICATES)
            material = scheme.generate()
        case wit.KeyAlgorithm_Mac(value=name):
            size = _mac_sizes(name)[2]
            _check_usage(usage, AUTHENTICATES)
            material = SecretBytes(bytearray(secrets.token_bytes(size)))
        case wit.KeyAlgorithm_Aead(value=name):
            size = _aead_key_bytes(name)
            _check_usage(usage, ENCRYPTS)
            material = SecretBytes(bytearray(secrets.token_bytes(size)))
    return Key(algorithm, usage, material, exportable=exportable)


def import_key(
    algorithm: wit.KeyAlgorithm, key_format: wit.KeyFormat, material: bytes, usage: wit.KeyUsage, *, exportable: bool
) -> Key:
    """Make a key from material."""
    made: SecretBytes | PrivateHalf | PublicHalf
    match algorithm:
        case wit.KeyAlgorithm_Signature(value=name):
            scheme = _scheme(name)
            check_size("material", material, MAX_KEY_MATERIAL_BYTES)
            _check_usage(usage, AUTHENTICATES)
            made = _read_half(scheme, key_format, material, usage)
            if isinstance(made, PublicHalf) and usage != VERIFY_ONLY:
                raise types.Error_InvalidArgument("usage: a public key can be used to verify only")
        case wit.KeyAlgorithm_Mac(value=name):
            least, most, _ = _mac_sizes(name)
            check_size("material", material, MAX_KEY_MATERIAL_BYTES)
            _check_usage(usage, AUTHENTICATES)
            made = _read_secret(key_format, material, least, most)
        case wit.KeyAlgorithm_Aead(value=name):
            size = _aead_key_bytes(name)
            check_size("material", material, MAX_KEY_MATERIAL_BYTES)
            _check_usage(usage, ENCRYPTS)
            made = _read_secret(key_format, material, size, size)
    return Key(algorithm, usage, made, exportable=exportable)


def _check_usage(usage: wit.KeyUsage, allowed: wit.KeyUsage) -> None:
    if not usage:
        raise types.Error_InvalidArgument("usage: at least one use must be named")
    if usage & ~allowed:
        names = " and ".join(str(use.name).lower() for use in allowed)
        raise types.Error_InvalidArgument(f"usage: keys of this algorithm can be used to {names} only")


def _read_secret(key_format: wit.KeyFormat, material: bytes, least: int, most: int) -> SecretBytes:
    if key_format is not wit.KeyFormat.RAW:
        raise types.Error_InvalidArgument(f"format: a secret key has no {key_format.value} encoding")
    if not least <= len(material) <= most:
        bounds = f"{least}" if least == most else f"{least} to {most}"
        raise types.Error_InvalidArgument(f"material: has {len(material)} bytes; the key must have {bounds}")
    return SecretBytes(bytearray(material))


def _read_half(
    scheme: Scheme, key_format: wit.KeyFormat, material: bytes, usage: wit.KeyUsage
) -> PrivateHalf | PublicHalf:
    try:
        match key_format:
            case wit.KeyFormat.RAW:
                return scheme.from_raw(material, may_sign=wit.KeyUsage.SIGN in usage)
            case wit.KeyFormat.PKCS8:
                return scheme.adopt_private(read_pkcs8(material))
            case wit.KeyFormat.SPKI:
                return scheme.adopt_public(read_spki(material))
    except MaterialError as error:
        raise types.Error_InvalidArgument(f"material: {error}") from None


def _scheme(name: wit.SignatureAlgorithm) -> Scheme:
    if name not in SIGNATURES:
        raise types.Error_Unsupported(f"signature algorithm {name.value}")
    return SIGNATURES[name]


def _mac_sizes(name: wit.MacAlgorithm) -> tuple[int, int, int]:
    if name not in MACS:
        raise types.Error_Unsupported(f"MAC algorithm {name.value}")
    scheme = MACS[name]
    return scheme.least_key_bytes, scheme.most_key_bytes, scheme.generated_key_bytes


def _aead_key_bytes(name: wit.AeadAlgorithm) -> int:
    if name not in AEADS:
        raise types.Error_Unsupported(f"AEAD algorithm {name.value}")
    return AEADS[name].key_bytes
