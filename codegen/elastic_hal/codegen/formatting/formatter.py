"""Formats WIT text: checks its syntax, reads its pieces, finds its structure and lays it out."""

from __future__ import annotations

from elastic_hal.codegen.diagnostics import Diagnostics, WitError
from elastic_hal.codegen.formatting.layout import lay_out
from elastic_hal.codegen.formatting.pieces import read_pieces
from elastic_hal.codegen.formatting.structure import structure_of
from elastic_hal.codegen.source import SourceFile
from elastic_hal.codegen.syntax.parser import parse_file


def format_text(text: str, path: str = "<text>") -> str:
    """The text in the canonical style, which means the same. Formatting it again changes nothing.

    Raises WitError where the syntax is wrong; names that mean nothing are no matter here. `path` is what messages show.
    """
    file = SourceFile(path, text)
    diagnostics = Diagnostics()
    parse_file(file, diagnostics)
    if diagnostics.has_errors:
        raise WitError(diagnostics.sorted())
    return format_parsed(file)


def format_parsed(file: SourceFile) -> str:
    """Like `format_text`, for a file that was parsed without errors."""
    return lay_out(structure_of(read_pieces(file)))
