"""Finds the files that are not Python: the contract, templates, cases and adapters.

In a checkout they lie beside the packages; in an installed wheel they lie inside them, under `_data`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from elastic_hal.common.contract import contract_dir

__all__ = ["contract_dir", "data_dir"]


def data_dir(package: str, name: str) -> Path:
    """The data folder `name` of the package `elastic_hal.<package>`.

    Raises FileNotFoundError where the installation lacks it.
    """
    spec = importlib.util.find_spec(f"elastic_hal.{package}")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package elastic_hal.{package} is not installed")
    home = Path(spec.origin).parent
    for candidate in (home / "_data" / name, home.parents[1] / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"elastic_hal.{package} lacks its folder {name!r}; install elastic-hal again")
