"""The stable codes of diagnostics, with what each means. A code never changes its meaning."""

from __future__ import annotations

import enum
from typing import Self


class Code(enum.StrEnum):
    """One kind of finding. The value is what users see; `meaning` is a sentence about it."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        """Makes a member from its code and its meaning."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    CANNOT_READ = (
        "cannot-read",
        "A file or folder cannot be read, or there is no WIT file in it.",
    )
    NOT_UTF8 = (
        "not-utf8",
        "The file is not UTF-8 text.",
    )
    BINARY_PACKAGE = (
        "binary-package",
        "A dependency is given as WebAssembly binary, which this front end does not read.",
    )
    FORBIDDEN_CHARACTER = (
        "forbidden-character",
        "A character that may not stand in WIT: a control code, bidirectional override or deprecated character.",
    )
    UNEXPECTED_CHARACTER = (
        "unexpected-character",
        "A character that begins no token.",
    )
    INVALID_STRING = (
        "invalid-string",
        "A string with an unknown escape, a control character or bytes that are not UTF-8.",
    )
    UNTERMINATED_COMMENT = (
        "unterminated-comment",
        "A block comment without its end.",
    )
    MERGE_CONFLICT = (
        "merge-conflict",
        "The marks of a merge conflict that nobody has resolved.",
    )
    INVALID_NAME = (
        "invalid-name",
        "A name that is not kebab-case.",
    )
    SYNTAX = (
        "syntax",
        "A token that cannot stand where it stands.",
    )
    NESTING_TOO_DEEP = (
        "nesting-too-deep",
        "Types, blocks or packages nested deeper than any sensible text.",
    )
    INVALID_VERSION = (
        "invalid-version",
        "A version that is not a semantic version with three numbers.",
    )
    INVALID_ATTRIBUTE = (
        "invalid-attribute",
        "An unknown attribute, or a known one in the wrong form or place.",
    )
    UNRELEASED_VERSION = (
        "unreleased-version",
        "A gate names a version later than the package's, or a version in a package that has none.",
    )
    EMPTY_TYPE = (
        "empty-type",
        "A record, variant, enum, flags or tuple without parts.",
    )
    TOO_MANY_FLAGS = (
        "too-many-flags",
        "More than 32 flags in one type.",
    )
    DUPLICATE_NAME = (
        "duplicate-name",
        "Two things of one name in one scope; letter case makes no difference.",
    )
    UNKNOWN_NAME = (
        "unknown-name",
        "A name that is not declared in its scope.",
    )
    WRONG_KIND = (
        "wrong-kind",
        "A name that is declared as something else than what its place needs.",
    )
    UNKNOWN_PACKAGE = (
        "unknown-package",
        "A package that is neither given nor found among the dependencies.",
    )
    MISSING_PACKAGE = (
        "missing-package",
        "No file of the package says its name.",
    )
    CONFLICTING_PACKAGE = (
        "conflicting-package",
        "Files or folders that disagree about a package, or two packages of one name.",
    )
    MISPLACED_PACKAGE = (
        "misplaced-package",
        "A package declaration or block where none may stand.",
    )
    DUPLICATE_DOCS = (
        "duplicate-docs",
        "More than one file documents the package.",
    )
    CYCLE = (
        "cycle",
        "Something that depends on itself.",
    )
    EXCLUDED_BY_GATE = (
        "excluded-by-gate",
        "A reference to something behind a feature that is not enabled.",
    )
    NOT_A_RESOURCE = (
        "not-a-resource",
        "A handle type of something that is no resource.",
    )
    CONSTRUCTOR_RESULT = (
        "constructor-result",
        "A constructor that returns something else than its resource or a result of it.",
    )
    BORROW_RETURNED = (
        "borrow-returned",
        "A function whose result contains a borrowed handle.",
    )
    INVALID_ACCESSOR = (
        "invalid-accessor",
        "A getter or setter with the wrong parameters or result, or a setter without its getter.",
    )
    INVALID_MAP_KEY = (
        "invalid-map-key",
        "A map key that is not a primitive type that maps allow.",
    )
    CONFLICTING_ITEM = (
        "conflicting-item",
        "An import or export of a world that conflicts with an earlier one.",
    )
    UNKNOWN_RENAME = (
        "unknown-rename",
        "An `include … with` that renames something that is not there or cannot be renamed.",
    )
    INCOMPATIBLE_DEPENDENCY = (
        "incompatible-dependency",
        "An exported interface that would need one interface both imported and exported.",
    )
    TOO_MANY_ERRORS = (
        "too-many-errors",
        "There are so many errors that the run stopped reporting them.",
    )
    UNKNOWN_WORLD = (
        "unknown-world",
        "The world asked for is not there, or several are and none was named.",
    )
    MISSING_DOCS = (
        "missing-docs",
        "An interface, world, type or function without a doc comment.",
    )
    MISSING_SINCE = (
        "missing-since",
        "An item of a versioned package that says neither `@since` nor `@unstable`.",
    )
    UNUSED_TYPE = (
        "unused-type",
        "A type that no function and no other type of the package needs.",
    )
    INTEGER_HANDLE = (
        "integer-handle",
        "An integer that stands for something that the host keeps, where a resource belongs.",
    )
    STRING_ERROR = (
        "string-error",
        "A result whose error is a string, which a program cannot tell apart from other errors.",
    )
    NAME_CLASH = (
        "name-clash",
        "A name that is a reserved word of a language that bindings are made for.",
    )


LINTS = frozenset(
    {
        Code.MISSING_DOCS,
        Code.MISSING_SINCE,
        Code.UNUSED_TYPE,
        Code.INTEGER_HANDLE,
        Code.STRING_ERROR,
        Code.NAME_CLASH,
    }
)
"""Codes of warnings: the text is valid, but could serve its users better."""

STYLE_LINTS = LINTS - {Code.UNUSED_TYPE}
"""Those that are a matter of style and design, so that only who asks for them hears of them."""
