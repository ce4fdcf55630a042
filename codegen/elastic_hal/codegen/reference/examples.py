"""One example for each diagnostic code: the smallest text that shows it. The page and the tests both use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from elastic_hal.codegen.codes import Code


@dataclass(frozen=True, slots=True)
class Example:
    """Files of a package, or none, that give a diagnostic. `world` is asked for where the code is about worlds."""

    files: Mapping[str, str | bytes]
    world: str | None = None


def _interface(body: str, package: str = "acme:store") -> Example:
    lines = "".join(f"  {line}\n" for line in body.splitlines())
    return Example({"store.wit": f"package {package};\n\ninterface store {{\n{lines}}}\n"})


def _text(text: str) -> Example:
    return Example({"store.wit": text})


_MANY = "".join(f"  f{number}: func() -> missing{number};\n" for number in range(301))
_FLAGS = ", ".join(f"f{number}" for number in range(33))

EXAMPLES: dict[Code, Example] = {
    Code.CANNOT_READ: Example({}),
    Code.NOT_UTF8: Example({"store.wit": b"package acme:store; // caf\xe9\n"}),
    Code.BINARY_PACKAGE: Example({"store.wit": "package acme:store;\n", "deps/io.wasm": b"\0asm"}),
    Code.FORBIDDEN_CHARACTER: _text("package acme:store; // \u202eneddih\n"),
    Code.UNEXPECTED_CHARACTER: _interface("get: func(key: string) -> #u8;"),
    Code.INVALID_STRING: _interface('@external-id("caf\\xe9")\nget: func(key: string);'),
    Code.UNTERMINATED_COMMENT: _text("package acme:store;\n/* everything after this is a comment\n"),
    Code.MERGE_CONFLICT: _text(
        "package acme:store;\n\ninterface store {\n<<<<<<< HEAD\n  get: func(key: string) -> u32;\n=======\n"
        "  get: func(key: u32) -> u32;\n>>>>>>> integer-keys\n}\n"
    ),
    Code.INVALID_NAME: _interface("get_value: func(key: string);"),
    Code.SYNTAX: _interface("record entry { key: string; value: u32 }\nget: func(key: string)\nput: fn(new: entry);"),
    Code.NESTING_TOO_DEEP: _interface(f"type deep = {'list<' * 101}u8{'>' * 101};"),
    Code.INVALID_VERSION: _text("package acme:store@1.0;\n"),
    Code.INVALID_ATTRIBUTE: _interface("@since(feature = iteration)\nget: func(key: string);", "acme:store@1.0.0"),
    Code.INVALID_ACCESSOR: _interface("resource table {\n  size: get(of: string) -> u32;\n}"),
    Code.UNRELEASED_VERSION: _interface("@since(version = 2.0.0)\nget: func(key: string);", "acme:store@1.0.0"),
    Code.EMPTY_TYPE: _interface("record nothing {}"),
    Code.TOO_MANY_FLAGS: _interface(f"flags many {{ {_FLAGS} }}"),
    Code.DUPLICATE_NAME: _interface("record entry { key: string }\nentry: func(key: string) -> entry;"),
    Code.UNKNOWN_NAME: _interface(
        "record entry { key: string }\nput: func(new: entri) -> result<unit, string>;\nratio: func() -> float64;"
    ),
    Code.WRONG_KIND: _text("package acme:store;\n\ninterface store {}\n\nworld app {\n  include store;\n}\n"),
    Code.UNKNOWN_PACKAGE: _text("package acme:store;\n\nworld app {\n  import wasi:clocks/wall-clock@0.2.9;\n}\n"),
    Code.MISSING_PACKAGE: _text("interface store {}\n"),
    Code.CONFLICTING_PACKAGE: Example({"a.wit": "package acme:store;\n", "b.wit": "package acme:clock;\n"}),
    Code.MISPLACED_PACKAGE: _text("interface store {}\n\npackage acme:store;\n"),
    Code.DUPLICATE_DOCS: Example(
        {"a.wit": "/// Stores.\npackage acme:store;\n", "b.wit": "/// More stores.\npackage acme:store;\n"}
    ),
    Code.CYCLE: _interface("record tree { left: option<branch> }\ntype branch = list<tree>;"),
    Code.EXCLUDED_BY_GATE: _interface(
        "@unstable(feature = iteration)\nrecord step { key: string }\nnext: func() -> step;"
    ),
    Code.NOT_A_RESOURCE: _interface("record entry { key: string }\nput: func(new: borrow<entry>);"),
    Code.CONSTRUCTOR_RESULT: _interface("resource table {\n  constructor() -> u32;\n}"),
    Code.BORROW_RETURNED: _interface("resource table;\ncurrent: func() -> borrow<table>;"),
    Code.INVALID_MAP_KEY: _interface("put-all: func(entries: map<list<u8>, string>);"),
    Code.CONFLICTING_ITEM: _text(
        "package acme:store;\n\ninterface store {}\n\nworld app {\n  import store;\n  import store;\n}\n"
    ),
    Code.UNKNOWN_RENAME: _text(
        "package acme:store;\n\nworld base {\n  import print: func();\n}\n\n"
        "world app {\n  include base with { prynt as write }\n}\n"
    ),
    Code.INCOMPATIBLE_DEPENDENCY: _text(
        "package acme:store;\n\n"
        "interface types {\n  type key = string;\n}\n\n"
        "interface store {\n  use types.{key};\n}\n\n"
        "interface cache {\n  use types.{key};\n  use store.{key as store-key};\n}\n\n"
        "world app {\n  export cache;\n  export types;\n}\n"
    ),
    Code.TOO_MANY_ERRORS: _text(f"package acme:store;\n\ninterface store {{\n{_MANY}}}\n"),
    Code.UNKNOWN_WORLD: Example({"store.wit": "package acme:store;\n\nworld app {}\n"}, world="ap"),
    Code.MISSING_DOCS: _interface("/// The value of a key.\nget: func(key: string) -> u32;"),
    Code.MISSING_SINCE: _text(
        "package acme:store@1.0.0;\n\n/// Values by key.\n@since(version = 1.0.0)\ninterface store {\n"
        "  /// The value of a key.\n  get: func(key: string) -> u32;\n}\n"
    ),
    Code.UNUSED_TYPE: _text(
        "package acme:store;\n\n/// Values by key.\ninterface store {\n  /// A key with its value.\n"
        "  record entry { key: string, value: u32 }\n\n"
        "  /// The value of a key.\n  get: func(key: string) -> u32;\n}\n"
    ),
    Code.INTEGER_HANDLE: _text(
        "package acme:store;\n\n/// Values by key.\ninterface store {\n  /// Opens a table.\n"
        "  open: func(name: string) -> u32;\n\n"
        "  /// The value of a key.\n  get: func(table-handle: u32, key: string) -> u32;\n}\n"
    ),
    Code.STRING_ERROR: _text(
        "package acme:store;\n\n/// Values by key.\ninterface store {\n"
        "  /// The value of a key.\n  get: func(key: string) -> result<u32, string>;\n}\n"
    ),
    Code.NAME_CLASH: _text(
        "package acme:store;\n\n/// Values by key.\ninterface store {\n"
        "  /// Brings values in.\n  %import: func(%from: string, class: string);\n}\n"
    ),
}
