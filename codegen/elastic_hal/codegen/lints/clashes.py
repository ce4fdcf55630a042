"""The lint about names that generators have to change, because a target language keeps them for itself."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.lints.items import Item, items_of
from elastic_hal.codegen.resolve.context import Unit
from elastic_hal.codegen.syntax.ast import Token

_PYTHON = frozenset(word for word in keyword.kwlist if word.islower())
_PYTHON_CLASSES = frozenset(word.lower() for word in keyword.kwlist if not word.islower())
"""`None`, `True` and `False`, which are the class names of types called so."""
_RUST = frozenset(
    {
        *("abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn"),
        *("else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro"),
        *("match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct"),
        *("super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while"),
        *("yield",),
    }
)
_C = frozenset(
    {
        *("auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern"),
        *("float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed"),
        *("sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while"),
        *("bool", "true", "false", "nullptr", "constexpr", "typeof", "alignas", "alignof"),
    }
)
_JAVASCRIPT = frozenset(
    {
        *("arguments", "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default"),
        *("delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if"),
        *("implements", "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private"),
        *("protected", "public", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof"),
        *("var", "void", "while", "with", "yield"),
    }
)

# What generators make of a name decides which words are in its way. Methods and fields are properties in JavaScript,
# where every word may stand. Generated C functions begin with the name of their interface, types with it too.
_METHOD = {"Python": _PYTHON, "Rust": _RUST}
_FUNCTION = {"Python": _PYTHON, "Rust": _RUST, "JavaScript": _JAVASCRIPT}
_FIELD = {"Python": _PYTHON, "Rust": _RUST, "C": _C}
_PARAMETER = {"Python": _PYTHON, "Rust": _RUST, "C": _C, "JavaScript": _JAVASCRIPT}
_TYPE = {"Python": _PYTHON_CLASSES, "Rust": frozenset({"self"})}
_MODULE = {"Python": _PYTHON, "Rust": _RUST}


def find_clashes(unit: Unit) -> None:
    """Warns of names that cannot stay what they are in the generated code of some language."""
    for item in items_of(unit):
        for what, name, reserved in _names(item):
            languages = [language for language, words in reserved.items() if name.text.lower() in words]
            if languages:
                listed = " and ".join(filter(None, [", ".join(languages[:-1]), languages[-1]]))
                message = f"the {what} `{name.text}` has a name that is a reserved word in {listed}"
                note = Note("generated code must spell it in another way there; choose a name of two words, say")
                item.warn(Code.NAME_CLASH, message, name, [note])


def _names(item: Item) -> Iterator[tuple[str, Token, Mapping[str, frozenset[str]]]]:
    if item.used is not None:
        for used in item.used.names:
            if used.alias is not None:
                yield "type", used.alias, _TYPE
        return
    if item.type is not None:
        yield item.label, item.name, _TYPE
        if item.type.kind == "record":
            for member in item.type.members:
                yield "field", member.name, _FIELD
        if item.type.kind == "variant":
            for member in item.type.members:
                yield "case", member.name, {"Rust": frozenset({"self"})}
    elif item.function is not None:
        if item.label != "constructor":
            yield item.label, item.name, _METHOD if item.resource is not None else _FUNCTION
        for member in item.function.parameters:
            yield "parameter", member.name, _PARAMETER
    elif item.label != "world":
        yield item.label, item.name, _MODULE
