"""Lints about what functions take and return: integers that are handles, and errors that are only text."""

from __future__ import annotations

from collections.abc import Iterator

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.diagnostics import Note
from elastic_hal.codegen.lints.items import Item, items_of, type_expressions
from elastic_hal.codegen.resolve.context import Unit
from elastic_hal.codegen.syntax.ast import Token, TypeExpression

_INTEGERS = frozenset({"u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64"})
_HANDLE_WORDS = frozenset({"handle", "fd", "descriptor", "ptr", "pointer"})
_ENDING_WORDS = frozenset({"close", "drop", "free", "destroy", "release", "dispose"})
"""First words of functions that end what an integer stands for."""
_MAKING_WORDS = frozenset({"open", "create", "acquire"})
"""First words of functions that begin what an integer stands for."""


def find_integer_handles(unit: Unit) -> None:
    """Warns of integers that are called a handle, or that a function such as `close` ends."""
    for item in items_of(unit):
        for name, expression in type_expressions(item):
            integer = next((part for part in _parts(expression) if part.kind in _INTEGERS), None)
            if integer is not None and _is_handle(item, name, expression):
                verb = "returns" if item.function is not None and name is item.name else "is"
                message = f"`{name.text}` {verb} an integer that stands for something that the host keeps"
                note = Note(
                    "declare a `resource` and pass `own<…>` or `borrow<…>` of it: nobody can forge or forget those"
                )
                item.warn(Code.INTEGER_HANDLE, message, integer, [note])


def _is_handle(item: Item, name: Token, expression: TypeExpression) -> bool:
    words = name.text.lower().split("-")
    if name is not item.name:
        is_ended = item.function is not None and item.name.text.lower().split("-")[0] in _ENDING_WORDS
        return words[-1] in _HANDLE_WORDS or is_ended
    if item.function is None:
        return words[-1] in _HANDLE_WORDS
    is_plain = expression.kind in _INTEGERS or (expression.kind == "result" and _ok_kind(expression) in _INTEGERS)
    return is_plain and (words[-1] in _HANDLE_WORDS or words[0] in _MAKING_WORDS)


def _ok_kind(expression: TypeExpression) -> str | None:
    ok = expression.arguments[0]
    return None if ok is None else ok.kind


def find_string_errors(unit: Unit) -> None:
    """Warns of results whose error is a string, also under another name."""
    items = list(items_of(unit))
    texts = {
        (item.home, item.name.text)
        for item in items
        if item.type is not None and item.type.target is not None and item.type.target.kind == "string"
    }
    for item in items:
        for _, expression in type_expressions(item):
            for part in _parts(expression):
                error = part.arguments[1] if part.kind == "result" else None
                if error is None:
                    continue
                if error.kind == "string" or (error.kind == "name" and (item.home, error.token.text) in texts):
                    message = f"the error of `{item.name.text}` is a string, so that callers cannot tell errors apart"
                    note = Note("declare a `variant` or `enum` with a case for each error that callers may handle")
                    item.warn(Code.STRING_ERROR, message, error, [note])


def _parts(expression: TypeExpression) -> Iterator[TypeExpression]:
    """A type expression and everything in it."""
    pending = [expression]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(argument for argument in reversed(current.arguments) if argument is not None)
