"""Whether two types of two versions are the same to the component model: by structure, with resources by identity.

A type of the package that has one name in both versions counts as the same wherever it is used: if it differs, that is
a change of its own, told once at the type.
"""

from __future__ import annotations

from elastic_hal.codegen import model
from elastic_hal.codegen.diffing.owners import Owners
from elastic_hal.codegen.kinds import parts_of

Pair = tuple[model.Type | None, model.Type | None]


class Equality:
    """Compares types of two versions; what was found equal is remembered, so that shared types cost nothing twice."""

    def __init__(self, old: Owners, new: Owners) -> None:
        self._old = old
        self._new = new
        self._equal: set[Pair] = set()
        self._ends: dict[model.Type, model.Type] = {}

    def same(self, old: model.Type | None, new: model.Type | None) -> bool:
        """Whether nothing changes for who uses `new` in the place of `old`."""
        return self._all_same([(old, new)])

    def same_structure(self, old: model.TypeDef, new: model.TypeDef) -> bool:
        """Like `same`, for two types that stand under one name: the name itself proves nothing."""
        parts = self._parts(self._resolved(old), self._resolved(new))
        return parts is not None and self._all_same(parts)

    def _all_same(self, waiting: list[Pair]) -> bool:
        # A list of what is left to compare rather than recursion: types can refer to each other thousands deep.
        seen: set[Pair] = set()
        while waiting:
            pair = waiting.pop()
            if pair in seen or pair in self._equal or self._is_one_name(*pair):
                continue
            seen.add(pair)
            plain = self._resolved(pair[0]), self._resolved(pair[1])
            if self._is_one_name(*plain):
                continue
            parts = self._parts(*plain)
            if parts is None:
                return False
            waiting += parts
        self._equal |= seen
        return True

    def _is_one_name(self, old: model.Type | None, new: model.Type | None) -> bool:
        key = self._old.key(old)
        return key is not None and key == self._new.key(new)

    def _resolved(self, type: model.Type | None) -> model.Type | None:
        """A type without its aliases; known ends are remembered, since an alias can be one of an alias of an alias."""
        passed: list[model.Type] = []
        while isinstance(type, model.TypeDef):
            kind = type.kind
            if not isinstance(kind, model.Alias):
                break
            passed.append(type)
            type = self._ends.get(type) or kind.target
        if type is not None:
            self._ends.update(dict.fromkeys(passed, type))
        return type

    def _parts(self, old: model.Type | None, new: model.Type | None) -> list[Pair] | None:
        """What must be the same for two resolved types to be so; None where they differ anyway."""
        if not isinstance(old, model.TypeDef) or not isinstance(new, model.TypeDef):
            return [] if old is new else None
        if isinstance(old.kind, model.Resource) and isinstance(new.kind, model.Resource):
            return [] if self._old.identity(old) == self._new.identity(new) else None
        if type(old.kind) is not type(new.kind) or _labels(old.kind) != _labels(new.kind):
            return None
        return list(zip(parts_of(old.kind), parts_of(new.kind), strict=True))


def _labels(kind: model.TypeKind) -> tuple[str | int, ...]:
    """What a type has besides other types; equal labels mean equally many parts."""
    match kind:
        case model.Record(fields):
            return tuple(field.name for field in fields)
        case model.Variant(cases):
            return tuple(case.name for case in cases)
        case model.Enum(cases=labels):
            return tuple(label.name for label in labels)
        case model.Flags(flags):
            return tuple(flag.name for flag in flags)
        case model.Tuple(types):
            return (len(types),)
        case model.FixedLengthList(_, length):
            return (length,)
    return ()
