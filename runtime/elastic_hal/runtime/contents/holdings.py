"""What an instance of a component holds of the host: every instantiation in it is gone through, none is made.

In the component model this is decided by the binary alone: nothing that runs can make an instance, a table or a memory.
A component that is instantiated in several places is gone through once for each place that gives it something else, so
that components which double their number with each level cost nothing but a refusal.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from elastic_hal.runtime.bridge.errors import UnreadableBinaryError
from elastic_hal.runtime.bridge.outline import Sort
from elastic_hal.runtime.contents.bounds import (
    MAX_ALL_MEMORIES,
    MAX_ALL_TABLES,
    MAX_COMPONENT_BYTES,
    MAX_INSTANCES,
    MAX_STEPS,
    TooLargeError,
    bound,
)
from elastic_hal.runtime.contents.core_module import Holding, Range
from elastic_hal.runtime.contents.definitions import (
    COUNTED,
    Again,
    Bundled,
    CoreInstantiated,
    Definitions,
    Exported,
    Imported,
    Instantiated,
    Named,
    Outer,
    read_definitions,
)


@dataclass(frozen=True, slots=True)
class Holdings:
    """All that one instance of a component holds, and how large the component is."""

    memories: tuple[Range, ...] = ()
    tables: tuple[Range, ...] = ()
    record_bytes: int = 0
    collects: bool = False
    component_bytes: int = 0


def read_holdings(content: bytes) -> Holdings:
    """Read what an instance of a component will hold.

    Raises:
        UnreadableBinaryError: this cannot be told from the binary.
        TooLargeError: a part of it is beyond its bound.
    """
    bound("bytes", len(content), MAX_COMPONENT_BYTES)
    walk = _Walk()
    total = walk.instantiate(_Closure(read_definitions(content), None), {}).total
    memories: list[Range] = []
    tables: list[Range] = []
    record_bytes, collects = 0, False
    for module, count in total.modules.items():
        holding = walk.holdings[module]
        bound("memories in its instances", len(memories) + len(holding.memories) * count, MAX_ALL_MEMORIES)
        bound("tables in its instances", len(tables) + len(holding.tables) * count, MAX_ALL_TABLES)
        memories += holding.memories * count
        tables += holding.tables * count
        record_bytes += holding.record_bytes * count
        collects = collects or holding.collects
    return Holdings(tuple(memories), tuple(tables), record_bytes, collects, len(content))


@dataclass(slots=True)
class _Total:
    modules: Counter[int] = field(default_factory=Counter)
    components: int = 0

    def add(self, other: _Total) -> None:
        self.modules.update(other.modules)
        self.components += other.components
        self.check()

    def check(self) -> None:
        bound("instances of core modules", self.modules.total(), MAX_INSTANCES)
        bound("instances of components", self.components, MAX_INSTANCES)


@dataclass(eq=False, slots=True)
class _Closure:
    """A component together with the one that it stands in."""

    definitions: Definitions
    outer: _Frame | None


@dataclass(eq=False, slots=True)
class _Instance:
    """What an instance exports, as far as it counts."""

    exports: dict[tuple[str, Sort], _Item] = field(default_factory=dict)
    total: _Total = field(default_factory=_Total)


_Item = Holding | _Closure | _Instance | None
"""None is an instance that holds nothing that could be instantiated, or something that the host would have to give."""


@dataclass(eq=False, slots=True)
class _Frame:
    """A component while it is gone through: the items of each sort by index."""

    arguments: dict[tuple[str, Sort], _Item]
    outer: _Frame | None
    items: dict[Sort, list[_Item]] = field(default_factory=lambda: {sort: [] for sort in COUNTED})

    def item(self, sort: Sort, index: int) -> _Item:
        try:
            return self.items[sort][index]
        except IndexError:
            raise UnreadableBinaryError(f"there is no item {index} of sort {sort.name}") from None

    def named(self, items: tuple[Named, ...] | list[Named]) -> dict[tuple[str, Sort], _Item]:
        found = {(name, sort): self.item(sort, index) for name, sort, index in items}
        return {key: item for key, item in found.items() if item is not None}


class _Walk:
    def __init__(self) -> None:
        self.holdings: dict[int, Holding] = {}
        self._steps = 0
        self._known: dict[tuple[int, int], tuple[_Closure, _Instance]] = {}

    def instantiate(self, closure: _Closure, arguments: dict[tuple[str, Sort], _Item]) -> _Instance:
        key = (id(closure.definitions), id(closure.outer))
        if not arguments and key in self._known:
            return self._known[key][1]
        instance = self._gone_through(closure, arguments)
        if not arguments:
            self._known[key] = (closure, instance)
        return instance

    def _gone_through(self, closure: _Closure, arguments: dict[tuple[str, Sort], _Item]) -> _Instance:
        frame, instance = _Frame(arguments, closure.outer), _Instance()
        instance.total.components = 1
        for step in closure.definitions.steps:
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise TooLargeError(f"it takes more than {MAX_STEPS} steps to instantiate")
            self._step(step, frame, instance.total)
        instance.exports = frame.named(closure.definitions.exports)
        return instance

    def _step(self, step: object, frame: _Frame, total: _Total) -> None:
        match step:
            case Holding():
                frame.items[Sort.CORE_MODULE].append(step)
            case Definitions():
                frame.items[Sort.COMPONENT].append(_Closure(step, frame))
            case Imported(name, sort):
                frame.items[sort].append(frame.arguments.get((name, sort)))
            case Again(index, sort):
                frame.items[sort].append(frame.item(sort, index))
            case Exported(index, name, sort):
                instance = frame.item(Sort.INSTANCE, index)
                frame.items[sort].append(
                    instance.exports.get((name, sort)) if isinstance(instance, _Instance) else None
                )
            case Outer(levels, index, sort):
                frame.items[sort].append(_further_out(frame, levels).item(sort, index))
            case Bundled(items):
                exports = frame.named(items)
                frame.items[Sort.INSTANCE].append(_Instance(exports) if exports else None)
            case Instantiated(index, named):
                made = self.instantiate(_component(frame.item(Sort.COMPONENT, index)), frame.named(named))
                total.add(made.total)
                frame.items[Sort.INSTANCE].append(made if made.exports else None)
            case CoreInstantiated(index):
                module = frame.item(Sort.CORE_MODULE, index)
                if not isinstance(module, Holding):
                    raise UnreadableBinaryError("a core module that the host would have to give")
                self.holdings[id(module)] = module
                total.modules[id(module)] += 1
                total.check()


def _component(item: _Item) -> _Closure:
    if not isinstance(item, _Closure):
        raise UnreadableBinaryError("a component that the host would have to give")
    return item


def _further_out(frame: _Frame, levels: int) -> _Frame:
    for _ in range(levels):
        if frame.outer is None:
            raise UnreadableBinaryError("an alias leads out of the component")
        frame = frame.outer
    return frame
