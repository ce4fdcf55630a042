"""Lints: what is valid WIT and yet will trouble those who use it. Each gives warnings; none changes the model.

They look at one package as it is written, after it was resolved without an error; dependencies are their authors'
concern.
"""

from __future__ import annotations

from elastic_hal.codegen.lints.clashes import find_clashes
from elastic_hal.codegen.lints.documentation import find_missing_docs, find_missing_since
from elastic_hal.codegen.lints.signatures import find_integer_handles, find_string_errors
from elastic_hal.codegen.lints.unused import find_unused_types
from elastic_hal.codegen.resolve.context import Unit

__all__ = ["lint"]


def lint(unit: Unit, *, style: bool = True) -> None:
    """Adds the warnings about a package to the diagnostics of its run; without `style` only those about what is likely
    a mistake.
    """
    find_unused_types(unit)
    if not style:
        return
    # A run reports so many findings and no more: first come those of which a text has few.
    find_integer_handles(unit)
    find_string_errors(unit)
    find_clashes(unit)
    find_missing_since(unit)
    find_missing_docs(unit)
