"""Reading the tables of a policy strictly: an unknown key, a wrong type or an empty demand is refused with its place.

A misspelt demand would be a missing one, and an empty table would demand less than its author meant.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from elastic_hal.runtime.errors import LimitError
from elastic_hal.runtime.limits import parse_duration
from elastic_hal.runtime.strict_toml import suggestion

_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_REFERENCE: Final = re.compile(r"(sha-(?:256|384|512)):([0-9a-fA-F]+)")


class AppraisalPolicyError(ValueError):
    """The policy cannot be used. The text names file, key and remedy."""


@dataclass(frozen=True, slots=True)
class ReferenceValue:
    """A digest that is trusted, under the name that an operator knows it by."""

    label: str
    algorithm: str
    value: bytes

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value.hex()}"


@dataclass(frozen=True, slots=True)
class NamedBytes:
    """A value that is trusted as it is, under the name that an operator knows it by."""

    label: str
    value: bytes

    def __str__(self) -> str:
        return self.value.hex()


def refuse_unknown(table: Mapping[str, object], known: Collection[str], place: str = "") -> None:
    """Refuse the first key that is none of `known`, with the nearest of those."""
    for key in table:
        if key not in known:
            where = f"{place}.{key}: unknown key" if place else f"unknown key {key!r}"
            hint = suggestion(key, known)
            raise AppraisalPolicyError(f"{where}; {hint or 'known are ' + ', '.join(sorted(known))}")


def read_table(value: object, place: str) -> dict[str, object]:
    """Take a table."""
    if not isinstance(value, dict):
        raise AppraisalPolicyError(f"{place}: must be a table")
    return value


def read_demands(value: object, place: str) -> dict[str, object]:
    """Take a table that demands something. An empty one is refused: it would demand less than its author meant."""
    table = read_table(value, place)
    if not table:
        raise AppraisalPolicyError(f"{place}: must demand something, or be left out")
    return table


def read_boolean(table: Mapping[str, object], key: str, place: str = "") -> bool:
    """Take a truth value, false where it is absent."""
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise AppraisalPolicyError(f"{_joined(place, key)}: must be true or false")
    return value


def read_integer(value: object, place: str, most: int) -> int:
    """Take a whole number from 0 to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise AppraisalPolicyError(f"{place}: must be a whole number from 0 to {most}")
    return value


def read_duration(value: object, place: str) -> float | None:
    """Take a duration in seconds, None where it is absent."""
    if value is None:
        return None
    try:
        seconds = parse_duration(value) if isinstance(value, str) else 0.0
    except LimitError:
        seconds = 0.0
    if not seconds:
        raise AppraisalPolicyError(f'{place}: must be a text such as "30s", "5min" or "24h"')
    return seconds


def read_names(value: object, place: str, known: Collection[str]) -> tuple[str, ...]:
    """Take a list of names, each one of `known` and none twice. An empty list would allow nothing and is refused."""
    if not isinstance(value, list) or not value:
        raise AppraisalPolicyError(f"{place}: must be a list with one or more of {', '.join(known)}")
    names: list[str] = []
    for entry in value:
        if not isinstance(entry, str) or entry not in known:
            hint = suggestion(entry, known) if isinstance(entry, str) else ""
            raise AppraisalPolicyError(f"{place}: {entry!r} is unknown; {hint or 'known are ' + ', '.join(known)}")
        if entry in names:
            raise AppraisalPolicyError(f"{place}: {entry!r} stands there twice")
        names.append(entry)
    return tuple(names)


def read_references(value: object, place: str) -> tuple[ReferenceValue, ...]:
    """Take a table of trusted digests by name. An empty one is refused: it would trust nothing and says so nowhere."""
    table = _named(value, place)
    return tuple(_reference(label, text, place) for label, text in table.items())


def read_hexadecimal(value: object, place: str, size: int) -> tuple[NamedBytes, ...]:
    """Take a table of trusted values of `size` bytes by name, each written as hexadecimal digits."""
    table = _named(value, place)
    return tuple(NamedBytes(label, _bytes(text, f"{place}.{label!r}", size)) for label, text in table.items())


def _named(value: object, place: str) -> dict[str, object]:
    table = read_table(value, place)
    if not table:
        raise AppraisalPolicyError(f"{place}: must name at least one trusted value, or be left out")
    return table


def _reference(label: str, text: object, place: str) -> ReferenceValue:
    matched = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if matched is None or len(matched[2]) != 2 * _DIGEST_BYTES[matched[1]]:
        raise AppraisalPolicyError(f'{place}.{label!r}: must be a digest such as "sha-256:" and 64 hexadecimal digits')
    return ReferenceValue(label, matched[1], bytes.fromhex(matched[2]))


def _bytes(text: object, place: str, size: int) -> bytes:
    if not isinstance(text, str) or re.fullmatch(f"[0-9a-fA-F]{{{2 * size}}}", text) is None:
        raise AppraisalPolicyError(f"{place}: must be {2 * size} hexadecimal digits")
    return bytes.fromhex(text)


def _joined(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
