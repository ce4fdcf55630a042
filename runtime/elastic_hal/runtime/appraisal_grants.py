"""By which verification policies a workload may have evidence of others appraised, as policies say it:

appraisal = { analyser = { policy = "analyser.toml", trust_roots = ["root.pem"], collateral = "collateral.json" } }

What is kept here are names and paths. Verification policies and certificates are the verifier's business, which reads
the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elastic_hal.runtime.strict_toml import StrictReader

MOST_APPRAISAL_NAME_BYTES = 64

_KEYS = ("policy", "trust_roots", "revocation_lists", "collateral")


@dataclass(frozen=True, slots=True)
class AppraisalGrant:
    """A verification policy, and the files that belong to it: roots that are trusted besides those of the vendors,
    revocation lists, and what TDX quotes are judged by.
    """

    policy: Path
    trust_roots: tuple[Path, ...] = ()
    revocation_lists: tuple[Path, ...] = ()
    collateral: Path | None = None


def read_appraisal_grants(reader: StrictReader, value: object, place: str) -> dict[str, AppraisalGrant]:
    """Reads the verification policies of one workload by their names; paths are relative to the policy file."""
    table = reader.typed(value, dict, place, "a table of verification policies")
    return {name: _grant(reader, name, entry, f"{place}.{name}") for name, entry in table.items()}


def _grant(reader: StrictReader, name: str, entry: object, place: str) -> AppraisalGrant:
    if not 0 < len(name.encode(errors="surrogatepass")) <= MOST_APPRAISAL_NAME_BYTES:
        raise reader.wrong(place, f"a verification policy's name has 1 to {MOST_APPRAISAL_NAME_BYTES} bytes")
    table = reader.typed(entry, dict, place, "a table")
    reader.known(table, place, _KEYS)
    return AppraisalGrant(
        reader.beside(table.get("policy"), f"{place}.policy"),
        _paths(reader, table, "trust_roots", place),
        _paths(reader, table, "revocation_lists", place),
        reader.beside(table["collateral"], f"{place}.collateral") if "collateral" in table else None,
    )


def _paths(reader: StrictReader, table: Mapping[str, Any], key: str, place: str) -> tuple[Path, ...]:
    values = reader.typed(table.get(key, []), list, f"{place}.{key}", "an array of strings")
    return tuple(reader.beside(value, f"{place}.{key}[{index}]") for index, value in enumerate(values))
