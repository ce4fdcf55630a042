"""One wording for what is wrong with a guest's value, whichever part of wasmtime found it.

wasmtime has two ways to take values from a guest: code for host functions, and compiled *fused* code between two
components, which is what stands between a guest and its adapter. They find the same mistakes and say it differently.
"""

from __future__ import annotations

import re

_OUT_OF_BOUNDS = "a string or list of the guest is out of bounds of memory"
_NO_MEMORY_THERE = "wasm trap: out of bounds memory access"
_NOT_ALIGNED = "a pointer of the guest is not aligned"
_NO_UTF_8 = "a string of the guest is invalid utf-8"
_NO_UTF_16 = "a string of the guest is invalid utf-16"
_NO_CHAR = "a char of the guest is out of range for `char`"
_NO_CASE = "a discriminant of the guest is out of range"

_FUSED = {
    "wasm trap: list content out-of-bounds": _OUT_OF_BOUNDS,
    "wasm trap: string content out-of-bounds": _OUT_OF_BOUNDS,
    "wasm trap: unaligned pointer": _NOT_ALIGNED,
    "invalid utf8 encoding": _NO_UTF_8,
    "invalid utf16 encoding": _NO_UTF_16,
    "wasm trap: invalid `char` bit pattern": _NO_CHAR,
    "wasm trap: invalid variant discriminant": _NO_CASE,
}
_FOR_HOST = (
    (re.compile(r"(list|map|string) pointer/length out of bounds of memory"), _OUT_OF_BOUNDS),
    (re.compile(r"realloc return: beyond end of memory"), _OUT_OF_BOUNDS),
    (re.compile(r"((list|map) pointer is|(string )?pointer) not aligned( to 2)?"), _NOT_ALIGNED),
    (re.compile(r"realloc return: result not aligned"), _NOT_ALIGNED),
    (re.compile(r"pointer out of bounds"), _NO_MEMORY_THERE),  # the place for a result
    (re.compile(r"(invalid|incomplete) utf-8\b.*"), _NO_UTF_8),
    (re.compile(r"(invalid|incomplete|unpaired).* (utf-?16|surrogate)\b.*"), _NO_UTF_16),
    (re.compile(r"converted integer out of range for `char`"), _NO_CHAR),
    (re.compile(r"discriminant \d+ out of range \[0\.\.\d+\)"), _NO_CASE),
)


def comes_from_fused_code(cause: str) -> bool:
    """Whether only fused code says it like this."""
    return cause in _FUSED


def in_common_words(cause: str) -> str:
    """A cause in the wording that both ways share; other causes as they are."""
    if cause in _FUSED:
        return _FUSED[cause]
    return next((words for pattern, words in _FOR_HOST if pattern.fullmatch(cause)), cause)
