"""What the guests of a store may have of wasmtime's resources."""

from __future__ import annotations

import wasmtime

_MEMORIES = 4
_ADAPTER_MEMORIES = 1
_TABLE_ELEMENTS = 1_000_000
_INSTANCES = 1_000


def limit_store(store: wasmtime.Store, memory_bytes: int, *, bridged: bool) -> None:
    """Bounds what the guests of a store may have: `memory_bytes` in each memory. The adapter of a bridged component has
    a memory of its own.
    """
    store.set_limits(
        memory_size=memory_bytes,
        table_elements=_TABLE_ELEMENTS,
        instances=_INSTANCES,
        memories=_MEMORIES + (_ADAPTER_MEMORIES if bridged else 0),
    )
