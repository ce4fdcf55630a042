"""Diagnostics for machines: JSON, SARIF, and the commands that GitHub's workflows understand. All are pure functions.

For people there is `rendering.py`.
"""

from __future__ import annotations

from elastic_hal.codegen.reports.github import to_github
from elastic_hal.codegen.reports.plain_json import to_json
from elastic_hal.codegen.reports.sarif import to_sarif

__all__ = ["to_github", "to_json", "to_sarif"]
