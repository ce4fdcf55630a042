"""How every engine of ours is set, so that code which one has compiled fits all others of the same version."""

from __future__ import annotations

from typing import Any, cast

import wasmtime
from wasmtime import _bindings

WASM_STACK_BYTES = 2 * 1024**2
"""How deep a guest may recurse. Guests in Python need more than wasmtime's default of 512 KiB."""

_SETTINGS = {
    "epoch_interruption": True,
    "max_wasm_stack": WASM_STACK_BYTES,
    "memory_may_move": False,  # the host keeps the address of an adapter's memory
    "wasm_component_model_map": True,
}
_CONCURRENCY = False
"""Whether guests may use asynchronous tasks. Nothing here serves them, and their bookkeeping in wasmtime 50 fails for a
host function that takes two borrowed handles.
"""

_LABELS = True
"""Whether components may say of an import or export under a label which interface it is."""

FINGERPRINT = repr((sorted(_SETTINGS.items()), _CONCURRENCY, _LABELS))


def config() -> wasmtime.Config:
    """Return the settings, made for one engine."""
    made = wasmtime.Config()
    for name, value in _SETTINGS.items():
        setattr(made, name, value)
    library = cast(Any, _bindings)
    library.wasmtime_config_concurrency_support_set(made.ptr(), _CONCURRENCY)
    library.wasmtime_config_wasm_component_model_implements_set(made.ptr(), _LABELS)
    return made
