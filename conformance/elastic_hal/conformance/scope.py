"""What a value in a case file may refer to: the names bound by earlier steps, with the WIT type of each."""

from __future__ import annotations

from dataclasses import dataclass, field

from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.types import dealias, describe, same_type
from elastic_hal.conformance.document import Place, suggestion

NOT_NAMES = frozenset({"any"})


@dataclass(slots=True)
class Scope:
    """The bound names of one case. A name bound by a repeated step has a list type."""

    types: dict[str, model.Type] = field(default_factory=dict)

    def bind(self, name: str, wit_type: model.Type, repeated: bool, place: Place) -> None:
        """Adds a name; binding it again gives it its new type."""
        if name in NOT_NAMES or not name.replace("-", "_").isidentifier():
            raise place.problem(
                f"{name!r} cannot be used as a name", "letters, digits and dashes, beginning with a letter"
            )
        self.types[name] = model.TypeDef(None, model.List(wit_type)) if repeated else wit_type

    def copy(self) -> Scope:
        """An independent scope with the same names."""
        return Scope(dict(self.types))

    def resolve(self, text: str, place: Place) -> tuple[tuple[str, ...], model.Type]:
        """The path and the type of a reference such as `$result.nonce`."""
        name, *path = text[1:].split(".")
        if name not in self.types:
            raise place.problem(f"nothing is bound as ${name}", suggestion(name, self.types))
        wit_type = self.types[name]
        for part in path:
            wit_type = _step_into(wit_type, part, text, place)
        return (name, *path), wit_type


def expect_type(found: model.Type, wanted: model.Type, text: str, place: Place) -> None:
    """Raises where a reference has another type than its place demands."""
    if not same_type(found, wanted):
        raise place.problem(f"{text} is a {describe(found)}, but a {describe(wanted)} is needed here")


def _step_into(wit_type: model.Type, part: str, text: str, place: Place) -> model.Type:
    plain = dealias(wit_type)
    kind = plain.kind if isinstance(plain, model.TypeDef) else None
    if isinstance(kind, model.Option):
        return _step_into(kind.type, part, text, place)
    if isinstance(kind, model.Record):
        for record_field in kind.fields:
            if record_field.name == part:
                return record_field.type
        hint = suggestion(part, [record_field.name for record_field in kind.fields])
        raise place.problem(f"{text}: {describe(wit_type)} has no field {part!r}", hint)
    if part.isdecimal() and isinstance(kind, model.List | model.FixedLengthList):
        return kind.type
    if part.isdecimal() and isinstance(kind, model.Tuple) and int(part) < len(kind.types):
        return kind.types[int(part)]
    raise place.problem(f"{text}: a {describe(wit_type)} has no part {part!r}")
