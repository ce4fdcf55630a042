"""Where the contract is, and what its catalogue lists.

In a checkout the contract lies beside the packages; in an installed wheel it lies inside them.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


def contract_dir() -> Path:
    """The folder of the contract `elastic:hal`, with its `deps`."""
    installed = Path(__file__).parents[1] / "codegen" / "_data" / "wit"
    return installed if installed.is_dir() else Path(__file__).parents[3] / "wit"


@cache
def catalogue_ids() -> tuple[str, ...]:
    """The ids of `wit/catalogue.toml`, in its order: every function that the HAL is to offer."""
    text = (contract_dir() / "catalogue.toml").read_text(encoding="utf-8")
    return tuple(row["id"] for row in tomllib.loads(text)["function"])
