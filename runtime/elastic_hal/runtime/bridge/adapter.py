"""Adds an adapter to a component that is being written: everything between the imports of a guest and the guest.

The adapter stands in the component itself. For each bridged interface it makes an instance that has the adapter's
functions where bytes pass and the imported interface's own items everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elastic_hal.runtime.bridge import layout
from elastic_hal.runtime.bridge.component_writer import CORE_FUNCTION, CORE_MEMORY, ComponentWriter
from elastic_hal.runtime.bridge.functions_module import (
    ATTACH_CALL,
    FILL_CALL,
    GIVEN,
    NONCE_CALL,
    drop_label,
    function_label,
    functions_module,
    plan,
)
from elastic_hal.runtime.bridge.items import Item
from elastic_hal.runtime.bridge.memory_module import MEMORY, REALLOC, RESERVE, RESET, memory_module
from elastic_hal.runtime.bridge.named_types import NamedTypes
from elastic_hal.runtime.bridge.names import RUNTIME_INTERFACE, is_member
from elastic_hal.runtime.bridge.outline import Extern, Sort
from elastic_hal.runtime.bridge.selection import Selected
from elastic_hal.runtime.bridge.shim import named_instance
from elastic_hal.runtime.bridge.type_encoding import BridgeScope, ComponentScope
from elastic_hal.runtime.bridge.types import Function, Scalar, TupleOf, windowed_function

_RUNTIME_FUNCTIONS = {
    NONCE_CALL: Function((), TupleOf((Scalar.U64, Scalar.U64))),
    ATTACH_CALL: Function((("memory-bytes", Scalar.U32),), None),
    FILL_CALL: Function((), None),
}


class Adapter:
    """The adapter for some functions; building one writes it."""

    def __init__(self, writer: ComponentWriter, types: NamedTypes, functions: Sequence[Selected]) -> None:
        self._writer = writer
        self._types = types
        self._scopes: dict[str | None, ComponentScope] = {}
        self._plan = plan([function.type_ for function in functions])
        bridges = self._import_bridges(functions)
        runtime = self._import_instance(RUNTIME_INTERFACE, _RUNTIME_FUNCTIONS)
        memory_instance = writer.core_instantiate(writer.core_module(memory_module(self._plan.return_area)), [])
        self._memory = writer.core_alias(memory_instance, CORE_MEMORY, MEMORY)
        self._realloc, self._reserve, self._reset = (
            writer.core_alias(memory_instance, CORE_FUNCTION, label) for label in (REALLOC, RESERVE, RESET)
        )
        self._core = self._instantiate_functions(functions, bridges, runtime)
        self.functions = {
            (function.interface, function.name): self._lift(place, function) for place, function in enumerate(functions)
        }
        """The function index of each adapter function."""

    def instance(self, interface: Extern, item: Item, *, own_names: bool = False) -> int:
        """An instance to stand for an imported interface. Its types are the import's under the import's names, as far
        as methods allow that, unless it is to have `own_names` for them.
        """

        def function(label: str) -> int:
            index = self.functions.get((interface.name, label))
            return self._writer.alias(interface.index, Sort.FUNCTION, label) if index is None else index

        if not own_names and not any(map(is_member, item.exports)):
            items = [
                (label, export.sort, function(label))
                if export.sort is Sort.FUNCTION
                else (label, export.sort, self._writer.alias(interface.index, export.sort, label))
                for label, export in item.exports.items()
            ]
            return self._writer.bundle(items)
        return named_instance(self._writer, self._types, interface.name, item, function)

    def _import_bridges(self, functions: Sequence[Selected]) -> dict[str, int]:
        by_bridge: dict[str, dict[str, Function]] = {}
        for function in functions:
            by_bridge.setdefault(function.bridge, {})[function.bridge_function] = windowed_function(function.type_)
        return {bridge: self._import_instance(bridge, members) for bridge, members in by_bridge.items()}

    def _import_instance(self, name: str, functions: Mapping[str, Function]) -> int:
        scope = BridgeScope(self._types.resource)
        for label, function in functions.items():
            scope.export_function(label, function)
        return self._writer.import_instance(name, self._writer.define_type(scope.finish()))

    def _instantiate_functions(self, functions: Sequence[Selected], bridges: Mapping[str, int], runtime: int) -> int:
        given = [(MEMORY, CORE_MEMORY, self._memory), (RESERVE, CORE_FUNCTION, self._reserve)]
        for label in _RUNTIME_FUNCTIONS:
            given.append((label, CORE_FUNCTION, self._lower(runtime, label)))
        for resource in self._plan.resources:
            drop = self._writer.drop_function(self._types.resource(resource))
            given.append((drop_label(resource), CORE_FUNCTION, drop))
        for place, function in enumerate(functions):
            lowered = self._lower(bridges[function.bridge], function.bridge_function)
            given.append((function_label(place), CORE_FUNCTION, lowered))
        module = self._writer.core_module(functions_module(self._plan))
        return self._writer.core_instantiate(module, [(GIVEN, self._writer.core_bundle(given))])

    def _lower(self, instance: int, label: str) -> int:
        function = self._writer.alias(instance, Sort.FUNCTION, label)
        return self._writer.lower(function, self._memory, self._realloc)

    def _lift(self, place: int, function: Selected) -> int:
        if function.interface not in self._scopes:
            self._scopes[function.interface] = self._types.scope(function.interface)
        type_ = self._scopes[function.interface].function(function.type_)
        core = self._writer.core_alias(self._core, CORE_FUNCTION, function_label(place))
        post_return = self._reset if layout.call(function.type_).returned else None
        return self._writer.lift(core, type_, self._memory, self._realloc, post_return)
