"""Public keys as COSE_Key (RFC 9052 section 7, RFC 9053 section 7, RFC 8230), to and from DER of SubjectPublicKeyInfo.

Only public parameters are written or read; a map with any other parameter, a private one above all, is refused.
"""

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from .cbor import Key, Value, is_integer
from .errors import EvidenceError

_KEY_TYPE: Final = 1
_OKP, _EC2, _RSA = 1, 2, 3
_CURVE, _X, _Y = -1, -2, -3
_MODULUS, _EXPONENT = -1, -2
_X25519, _ED25519, _ED448 = 4, 6, 7
_EC_CURVES: Final[dict[int, ec.EllipticCurve]] = {1: ec.SECP256R1(), 2: ec.SECP384R1(), 3: ec.SECP521R1()}
_MAX_RSA_BITS: Final = 16384

_PublicKey = (
    ec.EllipticCurvePublicKey
    | ed25519.Ed25519PublicKey
    | ed448.Ed448PublicKey
    | rsa.RSAPublicKey
    | x25519.X25519PublicKey
)


def cose_key_from_spki(spki: bytes) -> dict[int, int | bytes]:
    """Turn a SubjectPublicKeyInfo in DER into a COSE_Key. Raises `ValueError` for a kind of key that has none."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the public key is not DER of a supported SubjectPublicKeyInfo") from None
    if isinstance(key, x25519.X25519PublicKey):
        return {_KEY_TYPE: _OKP, _CURVE: _X25519, _X: key.public_bytes_raw()}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {_KEY_TYPE: _OKP, _CURVE: _ED25519, _X: key.public_bytes_raw()}
    if isinstance(key, ed448.Ed448PublicKey):
        return {_KEY_TYPE: _OKP, _CURVE: _ED448, _X: key.public_bytes_raw()}
    if isinstance(key, ec.EllipticCurvePublicKey):
        for identifier, curve in _EC_CURVES.items():
            if curve.name == key.curve.name:
                size = (curve.key_size + 7) // 8
                point = key.public_numbers()
                x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
                return {_KEY_TYPE: _EC2, _CURVE: identifier, _X: x, _Y: y}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {_KEY_TYPE: _RSA, _MODULUS: _to_bytes(numbers.n), _EXPONENT: _to_bytes(numbers.e)}
    raise ValueError("the public key is of a kind that evidence cannot name")


def spki_from_cose_key(value: Value) -> bytes:
    """Turn a COSE_Key into DER of SubjectPublicKeyInfo, or raise `EvidenceError`."""
    if not isinstance(value, dict):
        raise EvidenceError("the attested key is not a COSE_Key map")
    try:
        key = _public_key(value)
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except EvidenceError:
        raise
    except Exception:  # hostile keys make the library fail in ways that it does not document
        raise EvidenceError("the attested key is not a valid public key of its kind") from None


def _public_key(fields: "dict[Key, Value]") -> _PublicKey:
    kind, curve = fields.get(_KEY_TYPE), fields.get(_CURVE)
    if not is_integer(kind):
        raise EvidenceError("the attested key does not say its kind")
    if kind == _OKP and curve == _X25519:
        _expect_fields(fields, {_KEY_TYPE, _CURVE, _X})
        return x25519.X25519PublicKey.from_public_bytes(_bytes_field(fields, _X))
    if kind == _OKP and curve == _ED25519:
        _expect_fields(fields, {_KEY_TYPE, _CURVE, _X})
        return ed25519.Ed25519PublicKey.from_public_bytes(_bytes_field(fields, _X))
    if kind == _OKP and curve == _ED448:
        _expect_fields(fields, {_KEY_TYPE, _CURVE, _X})
        return ed448.Ed448PublicKey.from_public_bytes(_bytes_field(fields, _X))
    if kind == _EC2 and is_integer(curve) and curve in _EC_CURVES:
        _expect_fields(fields, {_KEY_TYPE, _CURVE, _X, _Y})
        x, y = _bytes_field(fields, _X), _bytes_field(fields, _Y)
        size = (_EC_CURVES[curve].key_size + 7) // 8
        if len(x) != size or len(y) != size:
            raise EvidenceError(f"the coordinates of the attested key are not {size} bytes long")
        return ec.EllipticCurvePublicKey.from_encoded_point(_EC_CURVES[curve], b"\x04" + x + y)
    if kind == _RSA:
        _expect_fields(fields, {_KEY_TYPE, _MODULUS, _EXPONENT})
        modulus, exponent = _integer_field(fields, _MODULUS), _integer_field(fields, _EXPONENT)
        if modulus.bit_length() > _MAX_RSA_BITS:
            raise EvidenceError(f"the modulus of the attested key has more than {_MAX_RSA_BITS} bits")
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    raise EvidenceError("the attested key is of an unknown kind or curve")


def _expect_fields(fields: "dict[Key, Value]", names: set[int]) -> None:
    if set(fields) != names:
        raise EvidenceError("the attested key has parameters missing or too many")


def _bytes_field(fields: "dict[Key, Value]", name: int) -> bytes:
    value = fields[name]
    if not isinstance(value, bytes):
        raise EvidenceError(f"parameter {name} of the attested key is not a byte string")
    return value


def _integer_field(fields: "dict[Key, Value]", name: int) -> int:
    value = _bytes_field(fields, name)
    if not value or value[0] == 0:
        raise EvidenceError(f"parameter {name} of the attested key is not an integer in its shortest form")
    return int.from_bytes(value, "big")


def _to_bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
