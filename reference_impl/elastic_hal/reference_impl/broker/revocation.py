"""Values that are trusted no more: how an operator writes one down, and whether evidence states it.

A value is compared with each value of the evidence as a whole. Text inside of other text, such as digits in the middle
of a longer digest, is no value.
"""

import re
from collections.abc import Collection
from typing import Final

from elastic_hal.common.text import shown
from elastic_hal.reference_impl.verify.appraisal import StatedClaims

from .errors import BrokerSettingsError
from .proven import revocable_values

_REVOCABLE: Final = re.compile(r"(?:(sha-(?:256|384|512)):)?((?:[0-9a-f]{2}){16,64})")
_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}


def parse_revoked(value: str) -> str:
    """Give the hexadecimal digits of a value to revoke, or raise `BrokerSettingsError` for what no evidence states."""
    matched = _REVOCABLE.fullmatch(value.lower())
    if matched is None:
        raise BrokerSettingsError(f"{shown(value)} is no value to revoke: 32 to 128 hexadecimal digits")
    algorithm, digits = matched[1], matched[2]
    if algorithm is not None and len(digits) != 2 * _DIGEST_BYTES[algorithm]:
        digest = 2 * _DIGEST_BYTES[algorithm]
        raise BrokerSettingsError(f"a digest of {algorithm} has {digest} hexadecimal digits, not {len(digits)}")
    if not any(bytes.fromhex(digits)):
        raise BrokerSettingsError("a value of zeros stands for something that is not set, and revokes nothing")
    return digits


def revoked_value(claims: StatedClaims, revoked: Collection[str]) -> str | None:
    """Give a revoked value that the evidence states, or None."""
    stated = {value.hex() for value in revocable_values(claims)}
    return next((value for value in sorted(revoked) if value in stated), None)
