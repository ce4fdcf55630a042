"""Guests as the host calls them: the exports of an instance, and calls without generated bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime.abi.calls import GuestInstance
from elastic_hal.runtime.abi.codec import Codec
from elastic_hal.runtime.abi.exports import Export
from elastic_hal.runtime.abi.functions import Fallible
from elastic_hal.runtime.abi.linker import Linker


def guest_instance(
    store: wasmtime.Store, instance: wasm_component.Instance, linker: Linker | None = None
) -> GuestInstance:
    """The exports of an instance. The linker that made it is known unless it is given.

    Raises:
        GuestEndedError: the store is closed.
    """
    return GuestInstance(store, instance, None if linker is None else linker.state)


class GuestFunction:
    """An exported function of an instance, for hosts without generated bindings.

    `name` is the exported instance that has the function, or None for a function that the world exports itself, and
    the name of the function.

    Raises:
        LinkError: the component has no such export.
    """

    def __init__(
        self,
        linker: Linker,
        store: wasmtime.Store,
        instance: wasm_component.Instance,
        name: tuple[str | None, str],
        *,
        parameters: Sequence[Codec[Any]] = (),
        result: Codec[Any] | Fallible | None = None,
    ) -> None:
        self._guest = guest_instance(store, instance, linker)
        self._export: Export[Any] = Export(*name, parameters, result)
        self._guest.require(self._export)

    def __call__(self, *arguments: Any) -> Any:
        """Calls the guest; see `GuestInstance.call` for what is raised."""
        return self._guest.call(self._export, *arguments)
