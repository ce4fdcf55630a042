"""What a relying party demands of evidence: debug state, age, and reference values by name, read from TOML.

    version = 1
    allow_simulated = true
    allow_debug = false
    max_age = "5min"
    [measurements.workload]
    "thermostat 1.4" = "sha-256:…"
    [attested_keys]
    "gateway 7" = "sha-256:…"      # digest of the key's SubjectPublicKeyInfo

Every value is optional but `version`; what is not named is refused, so that a misspelt demand is never a missing one.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from elastic_hal.runtime.errors import LimitError
from elastic_hal.runtime.limits import parse_duration

_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_MEASURED: Final = ("platform", "runtime", "workload")
_KEYS: Final = {"version", "allow_debug", "allow_simulated", "max_age", "measurements", "attested_keys"}
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
class AppraisalPolicy:
    """The demands. Without any, everything that proves nothing is refused and no measurement is compared.

    `measurements` maps `platform`, `runtime` or `workload` to the values that are trusted; a name that is absent is not
    checked. `max_age_seconds` bounds the time since the evidence was issued.
    """

    allow_debug: bool = False
    allow_simulated: bool = False
    max_age_seconds: float | None = None
    measurements: Mapping[str, tuple[ReferenceValue, ...]] = field(default_factory=dict)
    attested_keys: tuple[ReferenceValue, ...] = ()

    @classmethod
    def load(cls, path: Path) -> "AppraisalPolicy":
        """Read a policy file, or raise `AppraisalPolicyError`."""
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise AppraisalPolicyError(f"{path}: cannot read the appraisal policy: {reason}") from None
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, source: str = "policy") -> "AppraisalPolicy":
        """Read a policy from text; `source` names it in errors."""
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise AppraisalPolicyError(f"{source}: not valid TOML: {error}") from None
        try:
            return _policy_from(document)
        except AppraisalPolicyError as error:
            raise AppraisalPolicyError(f"{source}: {error}") from None


def _policy_from(document: dict[str, object]) -> AppraisalPolicy:
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise AppraisalPolicyError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    version = document.get("version")
    if isinstance(version, bool) or version != 1:
        raise AppraisalPolicyError("version: must be there and be 1")
    measurements = _table(document.get("measurements", {}), "measurements")
    for name in measurements:
        if name not in _MEASURED:
            raise AppraisalPolicyError(f"measurements.{name}: unknown; known are {', '.join(_MEASURED)}")
    return AppraisalPolicy(
        allow_debug=_boolean(document, "allow_debug"),
        allow_simulated=_boolean(document, "allow_simulated"),
        max_age_seconds=_duration(document.get("max_age")),
        measurements={name: _references(table, f"measurements.{name}") for name, table in measurements.items()},
        attested_keys=_references(document["attested_keys"], "attested_keys") if "attested_keys" in document else (),
    )


def _boolean(document: dict[str, object], key: str) -> bool:
    value = document.get(key, False)
    if not isinstance(value, bool):
        raise AppraisalPolicyError(f"{key}: must be true or false")
    return value


def _duration(value: object) -> float | None:
    if value is None:
        return None
    try:
        seconds = parse_duration(value) if isinstance(value, str) else 0.0
    except LimitError:
        seconds = 0.0
    if not seconds:
        raise AppraisalPolicyError('max_age: must be a text such as "30s", "5min" or "24h"')
    return seconds


def _table(value: object, key: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise AppraisalPolicyError(f"{key}: must be a table")
    return value


def _references(value: object, key: str) -> tuple[ReferenceValue, ...]:
    """Read a table of trusted digests. An empty one is refused: it would trust nothing and says so nowhere."""
    table = _table(value, key)
    if not table:
        raise AppraisalPolicyError(f"{key}: must name at least one trusted value, or be left out")
    return tuple(_reference(label, text, key) for label, text in table.items())


def _reference(label: str, text: object, key: str) -> ReferenceValue:
    matched = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if matched is None or len(matched[2]) != 2 * _DIGEST_BYTES[matched[1]]:
        raise AppraisalPolicyError(f'{key}.{label!r}: must be a digest such as "sha-256:" and 64 hexadecimal digits')
    return ReferenceValue(label, matched[1], bytes.fromhex(matched[2]))
