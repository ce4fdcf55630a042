"""Strict readers of the encodings that key pairs come in: PKCS#8 and SubjectPublicKeyInfo, in DER.

A key is accepted in exactly one encoding a format: what another format or another spelling of the same key would be is
refused, so that two parties never disagree on what was imported.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from .asymmetric import MaterialError

_SEQUENCE, _INTEGER = 0x30, 0x02
_ALGORITHMS: Final = {
    bytes.fromhex("06092a864886f70d010101"),  # rsaEncryption, RFC 8017 appendix C
    bytes.fromhex("06072a8648ce3d0201"),  # id-ecPublicKey, RFC 5480 section 2.1.1
    bytes.fromhex("06032b656e"),  # id-X25519, RFC 8410 section 3
    bytes.fromhex("06032b6570"),  # id-Ed25519
    bytes.fromhex("06032b6571"),  # id-Ed448
}
"""Object identifiers in DER."""


def read_pkcs8(material: bytes) -> PrivateKeyTypes:
    """Read PKCS#8. An RSA key is not validated yet: the library takes seconds for it, so its scheme does that."""
    if not _is_of_known_algorithm(material, has_version=True):
        raise MaterialError("the material is not one PKCS#8 structure in DER, with a key of a known algorithm")
    try:
        return load_der_private_key(material, None, unsafe_skip_rsa_key_validation=True)
    except Exception:  # hostile keys make the library fail in ways that it does not document
        raise MaterialError("the material is not an unencrypted private key in PKCS#8") from None


def read_spki(material: bytes) -> PublicKeyTypes:
    """Read SubjectPublicKeyInfo in its one DER encoding."""
    if not _is_of_known_algorithm(material, has_version=False):
        raise MaterialError("the material is not one SubjectPublicKeyInfo in DER, with a key of a known algorithm")
    try:
        key = load_der_public_key(material)
        encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except Exception:  # as above
        raise MaterialError("the material is not a public key in SubjectPublicKeyInfo") from None
    if encoded != material:
        raise MaterialError("the material is not SubjectPublicKeyInfo in the one encoding that DER has for it")
    return key


def _is_of_known_algorithm(material: bytes, *, has_version: bool) -> bool:
    """Look at the head of the structure before the library does.

    Both structures are a sequence that names the algorithm first, PKCS#8 after a version. What else the library reads
    under the same names is told apart by that: traditional encodings, other algorithms, bytes behind the end.
    """
    outer = _element(material, 0)
    if outer is None or outer[0] != _SEQUENCE or outer[2] != len(material):
        return False
    start = outer[1]
    if has_version:
        version = _element(material, start)
        if version is None or version[0] != _INTEGER:
            return False
        start = version[2]
    algorithm = _element(material, start)
    if algorithm is None or algorithm[0] != _SEQUENCE:
        return False
    identifier = _element(material, algorithm[1])
    return identifier is not None and material[algorithm[1] : identifier[2]] in _ALGORITHMS


def _element(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Read the head of a DER element: its tag, where its content starts, and where it ends."""
    if start + 2 > len(data):
        return None
    tag, length, content = data[start], data[start + 1], start + 2
    if length >= 0x80:
        width = length - 0x80
        if not 1 <= width <= 4 or content + width > len(data):
            return None
        length = int.from_bytes(data[content : content + width], "big")
        content += width
    end = content + length
    return (tag, content, end) if end <= len(data) else None
