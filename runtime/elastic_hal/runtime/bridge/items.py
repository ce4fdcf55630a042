"""What a component imports, with types as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.bridge.types import Function, Type


@dataclass(frozen=True, slots=True)
class Item:
    """What an instance exports or a component imports under a name.

    `type_` is what is known of it: a function's type, a type's definition; None for other sorts, for resources (which
    have a number), and for what a bridge cannot carry.
    """

    sort: Sort
    type_: Function | Type | None = None
    resource: int | None = None
    exports: dict[str, Item] = field(default_factory=dict)
