"""Bytes as case files write them, and the expressions that build bytes, strings and lists out of others.

They are checked here and calculated in the guest, so that a megabyte of zeros costs a line in the case file and
nothing in the component.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import Neutral
from elastic_hal.codegen.targets.suite.types import dealias, describe, is_bytes
from elastic_hal.conformance.document import Mapping, Node, Scalar, as_mapping, as_sequence, as_whole_number, suggestion
from elastic_hal.conformance.scope import Scope

MAXIMUM_COUNT = 64 * 1024 * 1024
MAXIMUM_INDEX = 2**40
Reader = Callable[[Node, model.Type, Scope], Neutral]

EXPRESSIONS = {
    "repeat": ("count",),
    "concat": (),
    "append": ("bytes",),
    "truncate": ("by",),
    "slice": ("from", "to"),
    "flip-bit": ("at",),
    "zero": (),
}


def byte_text(node: Scalar) -> bytes:
    """`hex:`, `text:` or `base64:` followed by the content."""
    kind, colon, content = node.text.partition(":")
    if colon and kind == "text":
        return content.encode()
    try:
        if colon and kind == "hex":
            return bytes.fromhex("".join(content.split()))
        if colon and kind == "base64":
            return base64.b64decode("".join(content.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise node.place.problem(f"the {kind} digits are not valid: {error}") from error
    raise node.place.problem(f"{node.text!r} is not a list<u8>", 'write "hex:00ff", "text:abc", "base64:…" or [0, 255]')


def expression(node: Mapping, wit_type: model.Type, scope: Scope, read: Reader) -> Neutral:
    """The tagged form of `{truncate: …, by: 1}` and its like for bytes, strings and lists."""
    name = next((key for key in EXPRESSIONS if key in node.entries), None)
    if name is None:
        key = next(iter(node.entries), "")
        raise node.place.problem(f"{key!r} is no expression for a {describe(wit_type)}", suggestion(key, EXPRESSIONS))
    options = EXPRESSIONS[name]
    as_mapping(node, f"the expression {name}", (name, *options))
    for option in options:
        if name != "slice" and option not in node.entries:
            raise node.place.problem(f"the expression {name} lacks {option!r}")
    operand = node.entries[name]
    if name in {"flip-bit", "zero"} and not is_bytes(wit_type):
        raise node.place.problem(f"{name} is for bytes, not for a {describe(wit_type)}")
    match name:
        case "repeat":
            content = _repeated(operand, wit_type, scope, read)
            return ("repeat", content, as_whole_number(node.entries["count"], "count", 0, MAXIMUM_COUNT))
        case "concat":
            return ("concat", [read(part, wit_type, scope) for part in as_sequence(operand, "concat")])
        case "append":
            return ("concat", [read(operand, wit_type, scope), read(node.entries["bytes"], wit_type, scope)])
        case "truncate":
            by = as_whole_number(node.entries["by"], "by", 0, MAXIMUM_INDEX)
            return ("truncate", read(operand, wit_type, scope), by)
        case "slice":
            bounds = [_bound(node.entries.get(option), option) for option in options]
            return ("slice", read(operand, wit_type, scope), *bounds)
        case "flip-bit":
            at = as_whole_number(node.entries["at"], "at", -MAXIMUM_INDEX, MAXIMUM_INDEX)
            return ("flip-bit", read(operand, wit_type, scope), at)
        case _:
            return ("zero", read(operand, wit_type, scope))


def _repeated(operand: Node, wit_type: model.Type, scope: Scope, read: Reader) -> Neutral:
    """Bytes and strings repeat a piece of their own type; a list repeats one element."""
    plain = dealias(wit_type)
    if isinstance(plain, model.TypeDef) and isinstance(plain.kind, model.List) and not is_bytes(plain):
        return [read(operand, plain.kind.type, scope)]
    return read(operand, wit_type, scope)


def _bound(node: Node | None, what: str) -> int | None:
    return None if node is None else as_whole_number(node, what, -MAXIMUM_INDEX, MAXIMUM_INDEX)
