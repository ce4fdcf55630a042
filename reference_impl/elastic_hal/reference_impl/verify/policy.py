"""What a relying party demands of evidence of every format, read from one TOML file.

    version = 1
    allow_simulated = true
    allow_debug = false
    allow_unknown_image = false
    platforms = ["sev-snp", "simulated"]
    purposes = ["guest/attestation"]
    max_age = "5min"
    [measurements.workload]
    "thermostat 1.4" = "sha-256:…"
    [attested_keys]
    "gateway 7" = "sha-256:…"      # digest of the key's SubjectPublicKeyInfo
    [snp]                          # what SEV-SNP reports must say besides: snp/policy.py
    [tdx]                          # what TDX quotes must say besides: tdx/policy.py

Every value is optional but `version`; what is not named is refused, so that a misspelt demand is never a missing one.
A demand that does not apply to some evidence, or cannot be checked on it, is not met by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from elastic_hal.common.files import FileError, read_text
from elastic_hal.common.text import shown
from elastic_hal.common.toml_text import MAX_TOML_BYTES, TomlError, parse_toml
from elastic_hal.runtime.platform import EvidencePurpose

from .policy_reader import (
    AppraisalPolicyError,
    ReferenceValue,
    read_boolean,
    read_demands,
    read_duration,
    read_names,
    read_references,
    refuse_unknown,
)
from .snp.policy import SnpPolicy, read_snp_policy
from .tdx.policy import TdxPolicy, read_tdx_policy

__all__ = ["AppraisalPolicy", "AppraisalPolicyError", "ReferenceValue"]

PLATFORMS: Final = ("sev-snp", "tdx", "simulated")
_MEASURED: Final = ("platform", "runtime", "workload")
_TABLES: Final = {"snp": "sev-snp", "tdx": "tdx"}
"""The tables of demands that evidence of one platform alone can meet."""
PURPOSES: Final = ("guest", "host", *(purpose.value for purpose in EvidencePurpose))
"""What a policy may demand: one purpose, or all of guests, or all of hosts."""
_KEYS: Final = {
    "version",
    "allow_debug",
    "allow_emulated",
    "allow_simulated",
    "allow_unknown_image",
    "max_age",
    "platforms",
    "purposes",
    "measurements",
    "attested_keys",
    "snp",
    "tdx",
}


@dataclass(frozen=True, slots=True)
class AppraisalPolicy:
    """The demands. Without any, everything that proves nothing is refused and no measurement is compared.

    `measurements` maps `platform`, `runtime` or `workload` to the values that are trusted; a name that is absent is not
    checked. `platforms` names the ones that evidence may be of; empty means the ones that `snp` and `tdx` make demands
    of, or any where neither does. `purposes` names what evidence may have been made for; empty means anything.
    `max_age_seconds` bounds the time since the evidence was issued, so that evidence without such a time is refused
    where it is given. `allow_unknown_image` believes what a runtime states of itself on hardware, though nothing says
    that it is a runtime which speaks. `tables` are the platforms whose tables were there, whatever was in them.
    """

    allow_debug: bool = False
    allow_simulated: bool = False
    allow_emulated: bool = False
    allow_unknown_image: bool = False
    platforms: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    max_age_seconds: float | None = None
    measurements: Mapping[str, tuple[ReferenceValue, ...]] = field(default_factory=dict)
    attested_keys: tuple[ReferenceValue, ...] = ()
    snp: SnpPolicy = field(default_factory=SnpPolicy)
    tdx: TdxPolicy = field(default_factory=TdxPolicy)
    tables: tuple[str, ...] = ()

    def refusal_of(self, platform: str) -> str | None:
        """Say why evidence of a platform cannot meet this policy, whatever else it states; None where it can."""
        if self.platforms:
            return None if platform in self.platforms else "the policy does not name it"
        bound = self.bound_to
        if not bound or platform in bound:
            return None
        what = " and ".join(f"[{table}]" for table, name in _TABLES.items() if name in bound)
        return f"it cannot meet the demands of {what}; name {platform} in platforms to accept it without them"

    @property
    def bound_to(self) -> tuple[str, ...]:
        """The platforms of which there are demands that others cannot meet."""
        given = {"sev-snp": self.snp != SnpPolicy(), "tdx": self.tdx != TdxPolicy()}
        return tuple(platform for platform in _TABLES.values() if platform in self.tables or given[platform])

    @classmethod
    def load(cls, path: Path) -> "AppraisalPolicy":
        """Read a policy file, or raise `AppraisalPolicyError`."""
        try:
            text = read_text(path, MAX_TOML_BYTES)
        except FileError as error:
            raise AppraisalPolicyError(f"{shown(path)}: the appraisal policy {error.reason}") from None
        return cls.parse(text, shown(path))

    @classmethod
    def parse(cls, text: str, source: str = "policy") -> "AppraisalPolicy":
        """Read a policy from text; `source` names it in errors."""
        try:
            document = parse_toml(text)
        except TomlError as error:
            raise AppraisalPolicyError(f"{source}: not valid TOML: {error}") from None
        try:
            return _policy_from(document)
        except AppraisalPolicyError as error:
            raise AppraisalPolicyError(f"{source}: {error}") from None


def _policy_from(document: dict[str, object]) -> AppraisalPolicy:
    refuse_unknown(document, _KEYS)
    version = document.get("version")
    if type(version) is not int or version != 1:
        raise AppraisalPolicyError("version: must be there and be 1")
    measurements = read_demands(document["measurements"], "measurements") if "measurements" in document else {}
    for name in measurements:
        if name not in _MEASURED:
            raise AppraisalPolicyError(f"measurements.{name}: unknown; known are {', '.join(_MEASURED)}")
    return AppraisalPolicy(
        allow_debug=read_boolean(document, "allow_debug"),
        allow_simulated=read_boolean(document, "allow_simulated"),
        allow_unknown_image=read_boolean(document, "allow_unknown_image"),
        allow_emulated=read_boolean(document, "allow_emulated"),
        platforms=read_names(document["platforms"], "platforms", PLATFORMS) if "platforms" in document else (),
        purposes=read_names(document["purposes"], "purposes", PURPOSES) if "purposes" in document else (),
        max_age_seconds=read_duration(document.get("max_age"), "max_age"),
        measurements={name: read_references(table, f"measurements.{name}") for name, table in measurements.items()},
        attested_keys=(
            read_references(document["attested_keys"], "attested_keys") if "attested_keys" in document else ()
        ),
        snp=read_snp_policy(read_demands(document["snp"], "snp")) if "snp" in document else SnpPolicy(),
        tdx=read_tdx_policy(read_demands(document["tdx"], "tdx")) if "tdx" in document else TdxPolicy(),
        tables=tuple(platform for table, platform in _TABLES.items() if table in document),
    )
