"""Loads modules that the standard library itself loads only when they are needed.

A guest's modules are loaded while it is built; a running guest has no files to load them from. Without this, the first
error message of argparse, say, would end in ModuleNotFoundError.
"""

from __future__ import annotations

import contextlib
import importlib

_WANTED = (
    "_colorize",  # argparse, traceback
    "_strptime",  # datetime.strptime, time.strptime
    "ast",  # traceback
    "difflib",  # argparse
    "encodings.ascii",
    "encodings.cp1252",
    "encodings.idna",  # host names
    "encodings.latin_1",
    "encodings.punycode",
    "encodings.utf_16",
    "encodings.utf_16_be",
    "encodings.utf_16_le",
    "encodings.utf_8_sig",
    "gettext",  # argparse
    "linecache",  # traceback
    "locale",  # gettext
    "shutil",  # argparse
    "string",  # logging
    "textwrap",  # argparse
    "tokenize",  # linecache
    "warnings",
)

for _name in _WANTED:
    # Which of them exist differs between versions of Python.
    with contextlib.suppress(ImportError):
        importlib.import_module(_name)
