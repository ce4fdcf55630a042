"""What the guests of a store may have of wasmtime's resources: one budget for all of them.

wasmtime bounds each memory and each table of a store, by one number for all memories and one for all tables. What they
come to together follows from how many there are and how large each may become, which the component says (see
`contents/`). So the numbers are chosen such that together they fit, before anything is instantiated:

- A workload has FREE_BYTES beside its budget, for tables and for the host's records of instances and functions: what
  ordinary guests have of these. What it has beyond is taken from the budget.
- What a component is larger than FREE_COMPONENT_BYTES is taken from the budget too. Its compiled code and its data are
  in a file that the system maps, and shared by all who run it; but a component is as large as its author likes.
- Memories have the rest. Each may have the same, but one that can never become so large leaves its part to the others.
- The objects that wasmtime collects for a guest are one memory more.

An adapter's memory, which holds the bytes of one call, is bounded as each of the others and not counted: it holds
copies for the time of a call, as the host does itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import wasmtime

from elastic_hal.common.quantities import format_size
from elastic_hal.runtime.contents.bounds import MAX_INSTANCES
from elastic_hal.runtime.contents.core_module import ELEMENT_BYTES, Range
from elastic_hal.runtime.contents.holdings import Holdings

FREE_BYTES: Final = 8 * 1024**2
FREE_COMPONENT_BYTES: Final = 64 * 1024**2
MAX_TABLE_ELEMENTS: Final = 1_000_000
"""What a table may grow to, where it does not begin larger."""

_ADAPTER_INSTANCES = 16
_SAID_BYTES = 64 * 1024
_ADAPTER_MEMORIES = 1


@dataclass(frozen=True, slots=True)
class StoreLimits:
    """What wasmtime is told: bytes of each memory, elements of each table, and how many of each there may be."""

    memory_bytes: int
    table_elements: int
    memories: int
    tables: int

    def apply(self, store: wasmtime.Store, *, bridged: bool) -> None:
        """Bound the guests of a store; an adapter has a memory of its own."""
        store.set_limits(
            memory_size=self.memory_bytes,
            table_elements=self.table_elements,
            instances=MAX_INSTANCES + (_ADAPTER_INSTANCES if bridged else 0),
            tables=self.tables,
            memories=self.memories + (_ADAPTER_MEMORIES if bridged else 0),
        )


class BudgetError(Exception):
    """A component begins with more than its workload may ever have."""


def divide(budget: int, holdings: Holdings) -> StoreLimits:
    """Divide a budget of bytes among what an instance of a component holds.

    Raises:
        BudgetError: it is less than what the component begins with.
    """
    elements = _elements_of_each(holdings)
    table_bytes = sum(table.under(elements) for table in holdings.tables) * ELEMENT_BYTES
    beyond = max(0, table_bytes + holdings.record_bytes - FREE_BYTES)
    left = budget - beyond - max(0, holdings.component_bytes - FREE_COMPONENT_BYTES)
    memories = [*holdings.memories, *([Range(0, None)] if holdings.collects else [])]
    begin = sum(memory.least for memory in memories)
    if left < begin:
        parts = (
            (begin, f"in {_counted(len(holdings.memories), 'memory', 'memories')}"),
            (table_bytes, f"in {_counted(len(holdings.tables), 'table', 'tables')}"),
            (holdings.record_bytes, "in the host's own records of instances"),
            (holdings.component_bytes, "of component"),
        )
        listed = ", ".join(f"{_about(size)} {where}" for size, where in parts if size >= _SAID_BYTES)
        raise BudgetError(
            f"it begins with {listed}; {format_size(FREE_BYTES)} of tables and records and "
            f"{format_size(FREE_COMPONENT_BYTES)} of component are free"
        )
    each = _bytes_of_each(left, memories)
    largest = max((memory.least for memory in memories), default=0)
    if each < largest:
        raise BudgetError(
            f"one of its {len(memories)} memories begins with {format_size(largest)}, but each may have the same, "
            f"{format_size(each)}"
        )
    return StoreLimits(each, elements, len(holdings.memories), len(holdings.tables))


def at_rest(holdings: Holdings) -> StoreLimits:
    """Return the limits under which nothing that is there can grow."""
    return StoreLimits(0, 0, len(holdings.memories), len(holdings.tables))


def _elements_of_each(holdings: Holdings) -> int:
    """Return what every table may have: what the largest begins with, or a part of what is free."""
    begin = max((table.least for table in holdings.tables), default=0)
    growing = sum(1 for table in holdings.tables if table.most is None or table.most > begin)
    fixed = sum(table.under(begin) for table in holdings.tables if table.most is not None and table.most <= begin)
    free = max(0, FREE_BYTES - holdings.record_bytes - fixed * ELEMENT_BYTES) // ELEMENT_BYTES
    return max(begin, min(MAX_TABLE_ELEMENTS, free // growing)) if growing else begin


def _bytes_of_each(left: int, memories: list[Range]) -> int:
    """Return the largest bound of each memory such that all together stay within what is left."""
    low, high = 0, left
    while low < high:
        middle = (low + high + 1) // 2
        if sum(memory.under(middle) for memory in memories) <= left:
            low = middle
        else:
            high = middle - 1
    return low


def _about(size: int) -> str:
    return f"{size / 1024**2:,.1f} MiB"


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"
