"""The two forms of the claims: names and base64url in JSON, numbers and bytes in CBOR.

The draft gives numbers to its claims but to the two that hold what attester and verifier state in full. Those have
numbers of the range for private use.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from .errors import ResultError
from .vector import Tier

_TOP: Final = {"iat": 6, "eat_nonce": 10, "eat_profile": 265, "submods": 266, "ear_verifier_id": 1004}
_SUBMODULE: Final = {
    "ear_status": 1000,
    "ear_trustworthiness_vector": 1001,
    "ear_appraisal_policy_ids": 1003,
    "ear_attester_claims": -70010,
    "ear_verifier_claims": -70011,
}
_VERIFIER: Final = {"developer": 0, "build": 1}
_VECTOR: Final = {
    "instance-identity": 0,
    "configuration": 1,
    "executables": 2,
    "file-system": 3,
    "hardware": 4,
    "runtime-opaque": 5,
    "storage-opaque": 6,
    "sourced-data": 7,
}
_TIERS: Final = {tier.name.lower(): int(tier) for tier in Tier}


def to_cbor_form(claims: Mapping[str, object]) -> dict[int, object]:
    """Give the claims as CBOR has them."""
    result = _renamed(claims, _TOP)
    result[_TOP["ear_verifier_id"]] = _renamed(_table(claims, "ear_verifier_id"), _VERIFIER)
    result[_TOP["submods"]] = {
        label: _submodule_to_cbor(_as_table(entry, label)) for label, entry in _table(claims, "submods").items()
    }
    if "eat_nonce" in claims:
        result[_TOP["eat_nonce"]] = decode_base64url(str(claims["eat_nonce"]))
    return result


def to_json_form(claims: object) -> dict[str, object]:
    """Give claims that were read from CBOR as JSON has them, or raise `ResultError`."""
    table = _as_table(claims, "the result")
    result = _named(table, _TOP, "the result")
    if "ear_verifier_id" in result:
        result["ear_verifier_id"] = _named(
            _as_table(result["ear_verifier_id"], "ear_verifier_id"), _VERIFIER, "ear_verifier_id"
        )
    if "eat_nonce" in result:
        if not isinstance(result["eat_nonce"], bytes):
            raise ResultError("eat_nonce is not a byte string")
        result["eat_nonce"] = encode_base64url(result["eat_nonce"])
    if "submods" in result:
        submodules = _as_table(result["submods"], "submods")
        result["submods"] = {str(label): _submodule_to_json(entry) for label, entry in submodules.items()}
    return result


def encode_base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """Decode the one spelling that bytes have without padding, or raise `ResultError`."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ResultError("a part is not base64url") from None
    if encode_base64url(decoded) != text:
        raise ResultError("a part is not base64url in its one spelling")
    return decoded


def _submodule_to_cbor(entry: Mapping[str, object]) -> dict[int, object]:
    result = _renamed(entry, _SUBMODULE)
    result[_SUBMODULE["ear_status"]] = _TIERS[str(entry["ear_status"])]
    result[_SUBMODULE["ear_trustworthiness_vector"]] = _renamed(_table(entry, "ear_trustworthiness_vector"), _VECTOR)
    return result


def _submodule_to_json(entry: object) -> dict[str, object]:
    result = _named(_as_table(entry, "a submodule"), _SUBMODULE, "a submodule")
    tiers = {number: name for name, number in _TIERS.items()}
    status = result.get("ear_status")
    if not isinstance(status, int) or isinstance(status, bool) or status not in tiers:
        raise ResultError("ear_status is not one of the four tiers")
    result["ear_status"] = tiers[status]
    if "ear_trustworthiness_vector" in result:
        vector = _as_table(result["ear_trustworthiness_vector"], "ear_trustworthiness_vector")
        result["ear_trustworthiness_vector"] = _named(vector, _VECTOR, "ear_trustworthiness_vector")
    return result


def _renamed(table: Mapping[str, object], numbers: Mapping[str, int]) -> dict[int, object]:
    return {numbers[name]: value for name, value in table.items()}


def _named(table: Mapping[Any, object], numbers: Mapping[str, int], where: str) -> dict[str, object]:
    names = {number: name for name, number in numbers.items()}
    result: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(key, bool) or not isinstance(key, int) or key not in names:
            raise ResultError(f"{where} has the unknown claim {ascii(key)[:40]}")
        result[names[key]] = value
    return result


def _table(claims: Mapping[str, object], name: str) -> Mapping[str, object]:
    return _as_table(claims[name], name)


def _as_table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ResultError(f"{where} is not a map")
    return value
