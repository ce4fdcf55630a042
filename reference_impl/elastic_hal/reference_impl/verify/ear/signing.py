"""Signing of attestation results, as JWT (RFC 7519) or as CWT (RFC 8392) in a tagged COSE_Sign1."""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Final

import cbor2

from .forms import encode_base64url, to_cbor_form
from .keys import SigningKey, algorithm_of, sign

JWT_TYPE: Final = "eat+jwt"
CWT_TYPE: Final = "application/eat+cwt"

COSE_SIGN1: Final = 18
ALGORITHM, TYPE = 1, 16


class ResultFormat(Enum):
    """The two forms of a signed result."""

    JWT = "jwt"
    CWT = "cwt"


def sign_result(claims: Mapping[str, object], key: SigningKey, form: ResultFormat) -> bytes:
    """Sign the claims of a result."""
    return _jwt(claims, key) if form is ResultFormat.JWT else _cwt(claims, key)


def signed_message(protected: bytes, payload: bytes) -> bytes:
    """Give what a COSE_Sign1 signature covers (RFC 9052 section 4.4)."""
    return bytes(cbor2.dumps(["Signature1", protected, b"", payload]))


def _jwt(claims: Mapping[str, object], key: SigningKey) -> bytes:
    header = {"alg": algorithm_of(key).name, "typ": JWT_TYPE}
    parts = [encode_base64url(_json(header)), encode_base64url(_json(claims))]
    message = ".".join(parts).encode("ascii")
    return message + b"." + encode_base64url(sign(key, message)).encode("ascii")


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _cwt(claims: Mapping[str, object], key: SigningKey) -> bytes:
    protected = bytes(cbor2.dumps({ALGORITHM: algorithm_of(key).number, TYPE: CWT_TYPE}, canonical=True))
    payload = bytes(cbor2.dumps(to_cbor_form(claims), canonical=True))
    signature = sign(key, signed_message(protected, payload))
    return bytes(cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, [protected, {}, payload, signature]), canonical=True))
