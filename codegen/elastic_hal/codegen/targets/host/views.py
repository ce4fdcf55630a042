"""The view of one interface for the host: its types, resources as abstract classes, a Protocol for its functions, and
the linking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elastic_hal.codegen import model
from elastic_hal.codegen.model import FunctionKind
from elastic_hal.codegen.naming import ClassName, Scope, SnakeName
from elastic_hal.codegen.targets.codecs import codec_statements
from elastic_hal.codegen.targets.documentation import function_docs, type_docs
from elastic_hal.codegen.targets.functions import (
    claim_names,
    freestanding,
    functions_of,
    hidden_names,
    module_constant,
    module_docs,
    returned,
    signature,
)
from elastic_hal.codegen.targets.host.codecs import function_codecs, named_codec
from elastic_hal.codegen.targets.layout import call, docstring, statement, string
from elastic_hal.codegen.targets.module_context import ModuleContext
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan
from elastic_hal.codegen.targets.python_types import type_views
from elastic_hal.codegen.targets.type_names import Names

RESOURCE_MEMBERS = ("drop",)
"""What the base class of resources has. A WIT method of that name gets an underscore at its end."""


@dataclass(frozen=True, slots=True)
class FunctionView:
    """An abstract method."""

    signature: str
    docs: str


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource as an abstract class."""

    macro: ClassVar[str] = "resource"
    name: ClassName
    bases: str
    docs: str
    methods: tuple[FunctionView, ...]


@dataclass(frozen=True, slots=True)
class ProtocolView:
    """What a host implements, and the statements that link it."""

    name: ClassName
    base: str
    docs: str
    functions: tuple[FunctionView, ...]
    link_docs: str
    opener: str
    linking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostModuleView:
    """All that the template of a module prints."""

    marker: str
    docs: str
    imports: tuple[tuple[str, ...], ...]
    constant: str
    types: tuple[object, ...]
    codecs: tuple[str, ...]
    protocol: ProtocolView | None
    abstractmethod: str


def host_module(plan: TreePlan, module: ModulePlan, names: Names) -> HostModuleView:
    """The view of one module."""
    context = ModuleContext(plan, module, names, "_abi", hidden_names(module, names))
    method_names = {
        resource: claim_names(_methods(module, resource), Scope(RESOURCE_MEMBERS)) for resource in _resources(module)
    }
    types = type_views(context, lambda resource: _resource(context, resource, method_names[resource]))
    codecs = codec_statements(context, named_codec)
    protocol = _protocol(context, method_names) if module.links else None
    uses_abi = codecs or protocol or method_names or any("_abi." in repr(view) for view in types)
    is_abstract = protocol is not None and (protocol.functions or any(method_names.values()))
    abstractmethod = context.standard("abc", "abstractmethod") if is_abstract else ""
    return HostModuleView(
        marker=marker_line(str(module.package)),
        docs=module_docs(context),
        imports=tuple(
            tuple(lines)
            for lines in (
                context.standard_lines(),
                ["from elastic_hal.runtime import abi as _abi"] if uses_abi else [],
                context.sibling_lines(),
            )
            if lines
        ),
        constant=module_constant(context),
        types=types,
        codecs=codecs,
        protocol=protocol,
        abstractmethod=abstractmethod,
    )


def _resources(module: ModulePlan) -> tuple[model.TypeDef, ...]:
    return tuple(wit_type for wit_type in module.types if isinstance(wit_type.kind, model.Resource))


def _methods(module: ModulePlan, resource: model.TypeDef) -> tuple[model.Function, ...]:
    return () if module.external else functions_of(module.functions, resource, FunctionKind.METHOD)


def _resource(
    context: ModuleContext, resource: model.TypeDef, methods: dict[model.Function, SnakeName]
) -> ResourceView:
    name = context.names.types[resource].name
    bases = "_abi.Resource" if context.module.external else f"_abi.Resource, {context.standard('abc', 'ABC')}"
    docs = type_docs(context, resource, 1)
    return ResourceView(name, bases, docs, tuple(_function(context, method, own) for method, own in methods.items()))


def _function(context: ModuleContext, function: model.Function, name: SnakeName | str) -> FunctionView:
    returns = returned(context, function)
    return FunctionView(
        signature(context, name, function, first="self", returns=returns, depth=1), function_docs(context, function, 2)
    )


def _protocol(
    context: ModuleContext, method_names: dict[model.TypeDef, dict[model.Function, SnakeName]]
) -> ProtocolView:
    """Functions of the interface, and those of its resources that are called without an object."""
    module = context.module
    title = context.names.titles[module]
    scope = Scope()
    provided: dict[model.Function, str] = dict(claim_names(freestanding(module.functions), scope))
    linking = [
        statement("", call("instance.resource", string(alias.name or ""), context.class_name(alias)), depth=2)
        for alias in module.resource_aliases
    ]
    for resource, methods in method_names.items():
        class_name = context.names.types[resource].name
        linking.append(statement("", call("instance.resource", string(resource.name or ""), class_name), depth=2))
        for function in functions_of(module.functions, resource, FunctionKind.CONSTRUCTOR, FunctionKind.STATIC):
            wanted = (
                "constructor" if function.kind is FunctionKind.CONSTRUCTOR else "_".join(function.short_name.split("-"))
            )
            provided[function] = scope.claim(ClassName(f"{class_name}_{wanted.lower()}"))
        linking += [_link_method(context, method, name) for method, name in methods.items()]
    linking += [_link_function(context, function, name) for function, name in provided.items()]
    return ProtocolView(
        title,
        context.standard("typing", "Protocol"),
        docstring(f"What a host implements to provide {module.label}.", 1),
        tuple(_function(context, function, name) for function, name in provided.items()),
        docstring(f"Connects `provider` with {module.label}.", 1),
        "root()" if module.import_name is None else "instance(INTERFACE)",
        tuple(linking),
    )


def _link_method(context: ModuleContext, method: model.Function, name: str) -> str:
    arguments = function_codecs(context, method)
    return statement("", call("instance.method", string(method.name), string(name), *arguments), depth=2)


def _link_function(context: ModuleContext, function: model.Function, name: str) -> str:
    add = "instance.function" if function.kind is FunctionKind.FREESTANDING else "instance.static"
    arguments = function_codecs(context, function)
    return statement("", call(add, string(function.name), f"provider.{name}", *arguments), depth=2)
