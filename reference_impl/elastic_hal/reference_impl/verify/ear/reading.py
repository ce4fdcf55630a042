"""Reading of signed attestation results: the signature first, and then whether the claims have the form of a result."""

import base64
import hmac
import json
from datetime import datetime
from typing import Final

from elastic_hal.common.text import counted
from elastic_hal.reference_impl.eat.cbor import Tagged, decode
from elastic_hal.reference_impl.eat.errors import EvidenceError

from .errors import ResultError
from .forms import decode_base64url, to_json_form
from .keys import PublicKey, algorithm_of, is_signed
from .result import PROFILE
from .signing import ALGORITHM, COSE_SIGN1, CWT_TYPE, JWT_TYPE, TYPE, signed_message
from .vector import Tier

MAX_RESULT_BYTES: Final = 1024 * 1024
CLOCK_SKEW_SECONDS: Final = 300

_TIERS: Final = {tier.name.lower(): tier for tier in Tier}
_RANKS: Final = {Tier.NONE: 0, Tier.AFFIRMING: 0, Tier.WARNING: 1, Tier.CONTRAINDICATED: 2}


def read_result(
    data: bytes,
    key: PublicKey,
    *,
    nonce: bytes | None = None,
    at: datetime | None = None,
    max_age_seconds: float | None = None,
) -> dict[str, object]:
    """Give the claims of a result that the key's owner signed, in the names of JSON, or raise `ResultError`.

    `nonce` must be repeated by the result where it is given. With `at` the result must not be of the future, and with
    `max_age_seconds` too it must be no older.
    """
    if len(data) > MAX_RESULT_BYTES:
        raise ResultError(f"the result has more than {MAX_RESULT_BYTES} bytes")
    claims = _from_cwt(data, key) if data.startswith(bytes([0xC0 | COSE_SIGN1])) else _from_jwt(data, key)
    _check_form(claims)
    _check_nonce(claims, nonce)
    _check_time(claims, at, max_age_seconds)
    return claims


def _from_jwt(data: bytes, key: PublicKey) -> dict[str, object]:
    try:
        parts = data.strip().decode("ascii").split(".")
    except UnicodeDecodeError:
        parts = []
    if len(parts) != 3:
        raise ResultError("it is neither a JWT nor a COSE_Sign1 message")
    header = _json(decode_base64url(parts[0]))
    if header != {"alg": algorithm_of(key).name, "typ": JWT_TYPE}:
        raise ResultError("the header names another algorithm than the key's, another type, or more than these")
    if not is_signed(key, decode_base64url(parts[2]), f"{parts[0]}.{parts[1]}".encode("ascii")):
        raise ResultError("the signature is not of the given key")
    return _json(decode_base64url(parts[1]))


def _json(encoded: bytes) -> dict[str, object]:
    try:
        value = json.loads(encoded.decode(), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise ResultError("a part is not a JSON document, or has a name twice") from None
    if not isinstance(value, dict):
        raise ResultError("a part is not a JSON object")
    return value


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError
    return table


def _from_cwt(data: bytes, key: PublicKey) -> dict[str, object]:
    try:
        message = decode(data)
        parts = message.value if isinstance(message, Tagged) and message.number == COSE_SIGN1 else None
        if not isinstance(parts, list) or len(parts) != 4 or parts[1] != {}:
            raise ResultError("it is not a COSE_Sign1 message without unprotected headers")
        protected, _, payload, signature = parts
        if not isinstance(protected, bytes) or not isinstance(payload, bytes) or not isinstance(signature, bytes):
            raise ResultError("the COSE_Sign1 message has a part of the wrong type")
        if decode(protected) != {ALGORITHM: algorithm_of(key).number, TYPE: CWT_TYPE}:
            raise ResultError("the header names another algorithm than the key's, another type, or more than these")
        if not is_signed(key, signature, signed_message(protected, payload)):
            raise ResultError("the signature is not of the given key")
        return to_json_form(decode(payload))
    except EvidenceError as error:
        raise ResultError(f"it is not deterministic CBOR: {error}") from None


def _check_form(claims: dict[str, object]) -> None:
    if claims.get("eat_profile") != PROFILE:
        raise ResultError(f"the profile is not {PROFILE}")
    issued = claims.get("iat")
    if not isinstance(issued, int) or isinstance(issued, bool):
        raise ResultError("iat is not a number of seconds")
    verifier = claims.get("ear_verifier_id")
    if not isinstance(verifier, dict) or not all(
        isinstance(verifier.get(name), str) for name in ("developer", "build")
    ):
        raise ResultError("ear_verifier_id does not name developer and build")
    submodules = claims.get("submods")
    if not isinstance(submodules, dict) or not submodules:
        raise ResultError("there is no submodule")
    for label, entry in submodules.items():
        if not isinstance(entry, dict) or entry.get("ear_status") not in _TIERS:
            raise ResultError(f"the submodule {ascii(label)[:40]} has no status")
        vector = entry.get("ear_trustworthiness_vector", {})
        if not isinstance(vector, dict) or not all(_is_claim(value) for value in vector.values()):
            raise ResultError(f"the trustworthiness vector of {ascii(label)[:40]} has something else than numbers")
        status = _TIERS[str(entry["ear_status"])]
        # A status that says nothing is no better than a vector that affirms, though its number is lower.
        worst = max((_RANKS[Tier.of(value)] for value in vector.values()), default=0)
        if _RANKS[status] < worst:
            raise ResultError(f"the status of {ascii(label)[:40]} is better than its trustworthiness vector")


def _is_claim(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -128 <= value <= 127


def _check_nonce(claims: dict[str, object], nonce: bytes | None) -> None:
    if nonce is None:
        return
    expected = base64.urlsafe_b64encode(nonce).rstrip(b"=")
    found = str(claims.get("eat_nonce", "")).encode()
    if not hmac.compare_digest(found, expected):
        raise ResultError("the result does not answer this nonce")


def _check_time(claims: dict[str, object], at: datetime | None, max_age_seconds: float | None) -> None:
    if at is None:
        return
    age = at.timestamp() - int(str(claims["iat"]))
    if age < -CLOCK_SKEW_SECONDS:
        raise ResultError("the result is of the future")
    if max_age_seconds is not None and age > max_age_seconds:
        raise ResultError(f"the result is {counted(int(age), 'second')} old, more than {max_age_seconds:g}")
