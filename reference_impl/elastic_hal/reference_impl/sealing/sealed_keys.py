"""A key as bytes that are sealed: version, kind, algorithm, uses, exportable, encoding, material, each with its length.

Only what this module wrote comes back to it, since it was authenticated in between; what it cannot read is of a later
version of this package.
"""

from typing import Final

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..crypto.asymmetric import PrivateHalf, PublicHalf
from ..crypto.key_making import import_key
from ..crypto.keys import Key, own

_VERSION: Final = b"1"
_FIELDS: Final = 7
_LENGTH_BYTES: Final = 4


def encode(key: wit.Key) -> bytes:
    """Write a key down, exportable or not."""
    held = own(key)
    algorithm, material = held.algorithm(), held.material
    if isinstance(material, PrivateHalf):
        key_format, octets = wit.KeyFormat.PKCS8, material.pkcs8()
    elif isinstance(material, PublicHalf):
        key_format, octets = wit.KeyFormat.SPKI, material.spki()
    else:
        key_format, octets = wit.KeyFormat.RAW, bytes(material.value)
    fields = (
        _VERSION,
        _kind(algorithm).encode(),
        algorithm.value.value.encode(),
        str(held.usage().value).encode(),
        b"yes" if held.exportable() else b"no",
        key_format.value.encode(),
        octets,
    )
    return b"".join(len(field).to_bytes(_LENGTH_BYTES, "big") + field for field in fields)


def decode(data: bytes) -> Key:
    """Make the key that was written down, or raise `unsupported` where this version does not know what it is."""
    try:
        kind, name, usage, exportable, key_format, material = _split(data)
        algorithm = _algorithm(kind.decode(), name.decode())
        uses = wit.KeyUsage(int(usage))
        encoding = wit.KeyFormat(key_format.decode())
    except ValueError:
        raise types.Error_Unsupported("the sealed key is of a later version of the runtime") from None
    return import_key(algorithm, encoding, material, uses, exportable=exportable == b"yes")


def _split(data: bytes) -> list[bytes]:
    fields, at = [], 0
    for _ in range(_FIELDS):
        start = at + _LENGTH_BYTES
        at = start + int.from_bytes(data[at:start], "big")
        fields.append(data[start:at])
    if at != len(data) or fields[0] != _VERSION:
        raise ValueError("another version")
    return fields[1:]


def _kind(algorithm: wit.KeyAlgorithm) -> str:
    return type(algorithm).__name__.removeprefix("KeyAlgorithm_").lower()


def _algorithm(kind: str, name: str) -> wit.KeyAlgorithm:
    match kind:
        case "mac":
            return wit.KeyAlgorithm_Mac(wit.MacAlgorithm(name))
        case "aead":
            return wit.KeyAlgorithm_Aead(wit.AeadAlgorithm(name))
        case "signature":
            return wit.KeyAlgorithm_Signature(wit.SignatureAlgorithm(name))
        case "cipher":
            return wit.KeyAlgorithm_Cipher(wit.CipherAlgorithm(name))
        case "encryption":
            return wit.KeyAlgorithm_Encryption(wit.EncryptionAlgorithm(name))
        case "agreement":
            return wit.KeyAlgorithm_Agreement(wit.AgreementAlgorithm(name))
        case "derivation":
            return wit.KeyAlgorithm_Derivation(wit.DerivationAlgorithm(name))
    raise ValueError("unknown kind")
