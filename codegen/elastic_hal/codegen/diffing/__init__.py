"""Compares two versions of a WIT package: what changed, whom it breaks, and which version it needs.

`comparison.py` starts a run, `rules.py` says what each kind of change means, `documents.py` and `texts.py` show a
report.
"""

from elastic_hal.codegen.diffing.comparison import DifferentPackagesError, compare_packages
from elastic_hal.codegen.diffing.documents import to_document
from elastic_hal.codegen.diffing.report import Report
from elastic_hal.codegen.diffing.texts import to_text

__all__ = ["DifferentPackagesError", "Report", "compare_packages", "to_document", "to_text"]
