"""A codec: how one WIT type is read from a cell (lifted) and written into one (lowered).

Codecs are made once, when generated bindings are imported, out of types known by then. A call only runs the functions
inside them and asks no question about types. Generated code may as well call `lift` and `lower` of the parts
directly, in a straight line per function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.errors import LiftingError, LoweringError
from elastic_hal.runtime.abi.window import Window

if TYPE_CHECKING:
    from elastic_hal.runtime.abi.calls import GuestInstance
    from elastic_hal.runtime.abi.outgoing import Outgoing
    from elastic_hal.runtime.abi.resources import ResourceTable

T = TypeVar("T")


class Context:
    """What lifting and lowering need besides the cell: the store of the running call and the handles of the workload.

    `pointer` is the address of wasmtime's store context, valid while a call runs. `received` and `given` are what the
    call in progress has taken out of the table (own parameters) and put into it (own results), so that a call that
    fails half-way leaves nothing behind. `window` is where the bytes of bridged calls are. `guest` is the instance that
    the host is calling, `outgoing` the record of the handles that go along, while arguments are lowered.
    """

    __slots__ = ("given", "guest", "outgoing", "pointer", "received", "table", "window")

    def __init__(self, table: ResourceTable) -> None:
        self.pointer = 0
        self.table = table
        self.received: list[Any] = []
        self.given: list[int] = []
        self.window = Window()
        self.guest: GuestInstance | None = None
        self.outgoing: Outgoing | None = None


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """Reads and writes one WIT type.

    `wit` names the type in messages. `kind` is what wasmtime calls it. `numbers` is the memoryview format of plain
    numbers, whose lists are read in one go. `cases` holds the class of each case of a variant. `resource` is the
    class behind a handle. `twin` makes, once, the codec for the same type where its bytes travel through a window; it
    is None for a type without `list<u8>` in it (see `twin_of`). `grows` says whether a value can be of any size,
    because there is a list, a text or a map in it.
    """

    wit: str
    kind: int
    lift: Callable[[int, Context], T]
    lower: Callable[[T, int, Context], None]
    numbers: str | None = None
    cases: Mapping[str, tuple[type[Any], Codec[Any] | None]] = field(default_factory=dict)
    resource: type[Any] | None = None
    twin: Callable[[], Codec[T]] | None = None
    grows: bool = False

    @property
    def windowed(self) -> Codec[T] | None:
        """The codec for the same type where its bytes travel through a window; None where it has no bytes."""
        return self.twin() if self.twin is not None else None


def twin_of(make: Callable[..., Codec[T]], *parts: Codec[Any] | None) -> Callable[[], Codec[T]] | None:
    """The `twin` of a type with these parts: what `make` gives for the twins of those that have one and the others as
    they are. It is made when it is first asked for.
    """
    if not any(part is not None and part.twin is not None for part in parts):
        return None

    @functools.cache
    def twin() -> Codec[T]:
        return make(*[part and (part.windowed or part) for part in parts])

    return twin


def any_grows(*parts: Codec[Any] | None) -> bool:
    """Whether a value with these parts can be of any size."""
    return any(part is not None and part.grows for part in parts)


def wrong_kind(cell: int, wit: str) -> LiftingError:
    """The error for a cell of another kind than the bindings expect: the guest was built against another interface."""
    return LiftingError(f"the guest passed {cells.kind_name(cell)} where the interface has {wit}")


def wrong_value(value: object, wit: str, why: str = "") -> LoweringError:
    """The error for a provider's value that does not fit. It tells the type only: the value may be a secret."""
    return LoweringError(f"a value of type {type(value).__name__} cannot be passed as {wit}{': ' if why else ''}{why}")
