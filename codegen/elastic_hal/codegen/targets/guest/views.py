"""The view of one interface for the guest: its types, resources as classes that are context managers, and its
functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elastic_hal.codegen import model
from elastic_hal.codegen.model import FunctionKind
from elastic_hal.codegen.naming import ClassName, PrivateName, Scope, SnakeName
from elastic_hal.codegen.targets.codecs import codec, codec_statements, codec_tuple, optional_codec
from elastic_hal.codegen.targets.documentation import function_docs, type_docs
from elastic_hal.codegen.targets.facts import function_result
from elastic_hal.codegen.targets.functions import (
    claim_names,
    failure,
    freestanding,
    functions_of,
    hidden_names,
    module_constant,
    module_docs,
    returned,
    signature,
)
from elastic_hal.codegen.targets.guest import raw_names
from elastic_hal.codegen.targets.guest.codecs import named_codec
from elastic_hal.codegen.targets.layout import Expression, annotated_statement, call, statement, string, tuple_of
from elastic_hal.codegen.targets.module_context import ModuleContext
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.plan import ModulePlan, TreePlan
from elastic_hal.codegen.targets.python_types import type_views
from elastic_hal.codegen.targets.type_names import FUTURE_IMPORTS, MODULE_CONSTANTS, Names, parameter_names

RESOURCE_MEMBERS = ("close",)
"""What the base class of resources has. A WIT function of that name gets an underscore at its end."""


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A function with its body; `decorator` is there for static functions of resources."""

    decorator: str | None
    signature: str
    docs: str
    body: str


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource as a class."""

    macro: ClassVar[str] = "resource"
    name: ClassName
    docs: str
    functions: tuple[FunctionView, ...]


@dataclass(frozen=True, slots=True)
class GuestModuleView:
    """All that the template of a module prints."""

    marker: str
    docs: str
    imports: tuple[tuple[str, ...], ...]
    constant: str
    raw: str | None
    types: tuple[object, ...]
    codecs: tuple[str, ...]
    calls: tuple[str, ...]
    functions: tuple[FunctionView, ...]


def guest_module(plan: TreePlan, module: ModulePlan, names: Names) -> GuestModuleView:
    """The view of one module."""
    context = ModuleContext(plan, module, names, "_support", hidden_names(module, names))
    calls: dict[model.Function, PrivateName] = {
        function: context.private_name("call", *_call_parts(function)) for function in module.functions
    }
    types = type_views(context, lambda resource: _resource(context, resource, calls))
    own_names = claim_names(freestanding(module.functions), Scope((*MODULE_CONSTANTS, *FUTURE_IMPORTS)))
    functions = tuple(
        _function(context, function, name, calls[function], depth=0) for function, name in own_names.items()
    )
    codecs = codec_statements(context, named_codec)
    call_lines = tuple(_call(context, function, name) for function, name in calls.items())
    needs_raw = bool(codecs or calls)
    raw = _import_raw(context) if needs_raw else None
    uses_support = needs_raw or any("_support." in repr(view) for view in types) or _has_resource(module)
    return GuestModuleView(
        marker=marker_line(str(module.package)),
        docs=module_docs(context),
        imports=tuple(
            tuple(lines)
            for lines in (
                context.standard_lines(),
                [*(["from .. import _support"] if uses_support else []), *context.sibling_lines()],
            )
            if lines
        ),
        constant=module_constant(context),
        raw=raw,
        types=types,
        codecs=codecs,
        calls=call_lines,
        functions=functions,
    )


def _has_resource(module: ModulePlan) -> bool:
    return any(isinstance(wit_type.kind, model.Resource) for wit_type in module.types)


def _import_raw(context: ModuleContext) -> str:
    module = context.module
    modules = tuple_of(*map(string, raw_names.modules(module)))
    names = tuple_of(*map(string, raw_names.expected(module)))
    name = "WORLD" if module.import_name is None else "INTERFACE"
    prefix = f"_raw: {context.standard('typing', 'Any')} = "
    return statement(prefix, call("_support.import_interface", name, modules, names if names.items else "()"))


def _call_parts(function: model.Function) -> tuple[str, ...]:
    resource = () if function.resource is None else (function.resource.name or "",)
    short = "constructor" if function.kind is FunctionKind.CONSTRUCTOR else function.short_name
    return (*resource, short)


def _resource(
    context: ModuleContext, resource: model.TypeDef, calls: dict[model.Function, PrivateName]
) -> ResourceView:
    functions = context.module.functions
    constructors = functions_of(functions, resource, FunctionKind.CONSTRUCTOR)
    others = functions_of(functions, resource, FunctionKind.STATIC, FunctionKind.METHOD)
    views = [_constructor(context, function, calls[function]) for function in constructors]
    for function, name in claim_names(others, Scope(RESOURCE_MEMBERS)).items():
        views.append(_function(context, function, name, calls[function], depth=1))
    docs = type_docs(context, resource, 1)
    return ResourceView(context.names.types[resource].name, docs, tuple(views))


def _function(
    context: ModuleContext, function: model.Function, name: SnakeName, call_name: PrivateName, *, depth: int
) -> FunctionView:
    method = function.kind is FunctionKind.METHOD
    static = function.kind is FunctionKind.STATIC
    first = "self" if method else ""
    returns = returned(context, function)
    arguments = (*((first,) if first else ()), *parameter_names(function))
    prefix = "" if returns == "None" else "return "
    return FunctionView(
        decorator=f"    @{context.builtin('staticmethod')}" if static else None,
        signature=signature(context, name, function, first=first, returns=returns, depth=depth),
        docs=function_docs(context, function, depth + 1),
        body=statement(prefix, call(call_name, *arguments), depth=depth + 1),
    )


def _constructor(context: ModuleContext, function: model.Function, call_name: PrivateName) -> FunctionView:
    made = call(call_name, *parameter_names(function))
    return FunctionView(
        decorator=None,
        signature=signature(context, "__init__", function, first="self", returns="None", depth=1),
        docs=function_docs(context, function, 2),
        body=statement("", call("_support.adopt", "self", made), depth=2),
    )


def _call(context: ModuleContext, function: model.Function, name: PrivateName) -> str:
    """The assignment of the callable that converts the arguments, calls the host, and converts what comes back."""
    types = tuple(parameter.type for parameter in function.parameters)
    parameters: Expression = codec_tuple(context, types) if types else "()"
    arguments: list[Expression] = [_raw_function(function), parameters]
    result = function_result(function)
    if result is not None:
        builder = "_support.fallible" if result.ok is not None else "_support.fallible_procedure"
        arguments += [] if result.ok is None else [codec(context, result.ok)]
        arguments.append(_failure(context, result))
    elif function.result is not None:
        builder = "_support.function"
        arguments.append(codec(context, function.result))
    else:
        builder = "_support.procedure"
    return annotated_statement(name, f"_support.Call[{returned(context, function)}]", call(builder, *arguments))


def _raw_function(function: model.Function) -> str:
    if function.resource is None:
        return f"_raw.{raw_names.attribute(function.short_name)}"
    owner = f"_raw.{raw_names.type_class(function.resource)}"
    if function.kind is FunctionKind.CONSTRUCTOR:
        return owner
    return f"{owner}.{raw_names.attribute(function.short_name)}"


def _failure(context: ModuleContext, result: model.Result) -> Expression:
    """What makes the exception out of an `err`."""
    failed = failure(context, result)
    if failed.definition is None:
        return call("_support.result_error", optional_codec(context, result.err))
    lift = context.codec_name(failed.definition)
    if isinstance(failed.definition.kind, model.Enum):
        return call("_support.code_error", lift, f"{failed.raised}.of")
    return f"{lift}.lift"
