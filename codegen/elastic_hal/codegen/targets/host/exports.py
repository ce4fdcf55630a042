"""The views of what a guest exports, for the host that calls it: a class for each exported interface, resources that
guests implement as classes, and one class `Guest` for all of a world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from elastic_hal.codegen import model
from elastic_hal.codegen.model import FunctionKind
from elastic_hal.codegen.naming import ClassName, Identifier, PrivateName, Scope, private, snake
from elastic_hal.codegen.targets.codecs import codec_statements
from elastic_hal.codegen.targets.documentation import function_docs, type_docs
from elastic_hal.codegen.targets.exports import EXPORTS_FOLDER, ExportModulePlan, ExportsPlan, PlannedExport
from elastic_hal.codegen.targets.facts import resource_of
from elastic_hal.codegen.targets.functions import (
    claim_names,
    freestanding,
    functions_of,
    hidden_names,
    module_docs,
    returned,
    signature,
)
from elastic_hal.codegen.targets.host.codecs import function_codecs, named_codec
from elastic_hal.codegen.targets.layout import (
    annotated_statement,
    call,
    docstring,
    import_statement,
    right_side,
    statement,
    string,
)
from elastic_hal.codegen.targets.module_context import ModuleContext, natural_key
from elastic_hal.codegen.targets.output import marker_line
from elastic_hal.codegen.targets.packages import package_file
from elastic_hal.codegen.targets.plan import ModulePlan
from elastic_hal.codegen.targets.printing import print_template
from elastic_hal.codegen.targets.python_types import AliasView, type_views
from elastic_hal.codegen.targets.type_names import parameter_names

RESOURCE_MEMBERS = ("close", "come_back", "end_loan", "leave")
"""What the base class of guests' resources has. A WIT method of that name gets an underscore at its end."""


@dataclass(frozen=True, slots=True)
class MethodView:
    """A method and its only statement."""

    signature: str
    docs: str
    body: str


@dataclass(frozen=True, slots=True)
class ExportedResourceView:
    """A resource that the guest implements."""

    macro: ClassVar[str] = "resource"
    name: ClassName
    docs: str
    methods: tuple[MethodView, ...]


@dataclass(frozen=True, slots=True)
class FactoryView:
    """The constructor and the static functions of a resource, which are called without an object."""

    name: ClassName
    docs: str
    methods: tuple[MethodView, ...]


@dataclass(frozen=True, slots=True)
class MemberView:
    """An attribute that leads to more: to the constructor of a resource, or to an exported interface."""

    assignment: str
    docs: str


@dataclass(frozen=True, slots=True)
class ExportsModuleView:
    """All that the template of a module prints. `opening` is the signature of `__init__` with its docs."""

    marker: str
    docs: str
    imports: tuple[tuple[str, ...], ...]
    constant: str | None
    types: tuple[object, ...]
    codecs: tuple[str, ...]
    exports: tuple[str, ...]
    factories: tuple[FactoryView, ...]
    name: ClassName
    class_docs: str
    opening: str
    opening_docs: str
    guest: str | None
    require: str | None
    members: tuple[MemberView, ...]
    methods: tuple[MethodView, ...]


class ExportContext(ModuleContext):
    """What the module of an export may write: types of its own, of other exports, and of imports."""

    def handle_builder(self, kind: str, resource: model.TypeDef) -> str:
        """What makes the codec of a handle: the guest's resources and the host's are different things."""
        owner = self.plan.owners.get(resource_of(resource))
        return f"{self.support}.{'guest_' if isinstance(owner, ExportModulePlan) else ''}{kind}"

    def sibling(self, other: ModulePlan) -> str:
        """The private name under which another generated module is imported."""
        if other not in self._siblings:
            origin = (EXPORTS_FOLDER,) if isinstance(other, ExportModulePlan) else ()
            self._siblings[other] = self._private.claim(private(*origin, other.folder, other.module))
        return self._siblings[other]

    def sibling_lines(self) -> list[str]:
        """The imports of other generated modules, those from further away first."""
        found = []
        for other, alias in self._siblings.items():
            origin = self._origin(other)
            depth = len(origin) - len(origin.lstrip("."))
            line = import_statement(origin, other.module, alias)
            found.append((-depth, natural_key(origin), natural_key(other.module), line))
        return [line for *_, line in sorted(found)]

    def _origin(self, other: ModulePlan) -> str:
        exported = isinstance(other, ExportModulePlan)
        if self.module.import_name is None:
            return f".{EXPORTS_FOLDER}.{other.folder}" if exported else f".{other.folder}"
        if not exported:
            return f"...{other.folder}"
        return "." if other.folder == self.module.folder else f"..{other.folder}"


def export_files(exports: ExportsPlan) -> dict[str, str]:
    """The modules of all exports, and the one with the class `Guest`."""
    marker = marker_line(str(exports.world.module.package))
    files = {}
    if exports.interfaces:
        files[f"{EXPORTS_FOLDER}/__init__.py"] = f"{marker}\n{docstring('What guests export.')}\n"
    for export in exports.interfaces:
        module = export.module
        files[f"{EXPORTS_FOLDER}/{module.folder}/__init__.py"] = package_file(module)
        files[module.path] = print_template("host_exports.py.jinja", module=_interface(export))
    world = exports.world
    files[world.module.path] = print_template("host_exports.py.jinja", module=_guest(world, exports.interfaces))
    return files


def _interface(export: PlannedExport) -> ExportsModuleView:
    context = _context(export)
    calls = _Calls(context)
    resources = tuple(one for one in export.module.types if isinstance(one.kind, model.Resource))
    types = (
        *_shared_types(context, export),
        *type_views(context, lambda resource: _resource(context, resource, calls)),
    )
    codecs = codec_statements(context, named_codec)
    scope = Scope()
    names = claim_names(freestanding(export.module.functions), scope)
    factories, members = [], []
    for resource in resources:
        factory = _factory(context, resource, calls)
        if factory is not None:
            factories.append(factory)
            attribute = scope.claim(context.names.types[resource].name)
            docs = docstring(f"Makes objects of `{resource.name}`, and has its static functions.", 2)
            members.append(MemberView(right_side(f"self.{attribute} = ", call(factory.name, "guest"), 2), docs))
    methods = tuple(_method(context, function, name, calls) for function, name in names.items())
    label = export.module.label
    return _view(
        export,
        context,
        calls,
        types=types,
        codecs=codecs,
        factories=tuple(factories),
        opening="    def __init__(self, guest: _abi.GuestInstance) -> None:",
        opening_docs=docstring(f"Looks the functions of {label} up.", 2),
        class_docs=docstring(f"What a guest exports as {label}.", 1),
        members=tuple(members),
        methods=methods,
    )


def _guest(export: PlannedExport, interfaces: tuple[PlannedExport, ...]) -> ExportsModuleView:
    context = _context(export)
    calls = _Calls(context)
    scope = Scope()
    methods = tuple(
        _method(context, function, name, calls)
        for function, name in claim_names(export.module.functions, scope).items()
    )
    members = []
    for interface in interfaces:
        module = interface.module
        field = scope.claim(snake(f"{module.folder}-{module.module}".replace("_", "-")))
        title = f"{context.sibling(module)}.{interface.names.titles[module]}"
        docs = docstring(f"What the guest exports as {module.label}.", 2)
        members.append(MemberView(right_side(f"self.{field} = ", call(title, "guest"), 2), docs))
    opening_docs = (
        "Looks everything up that the world exports.\n\nThe linker is the one that made the instance; it is known "
        "unless wasmtime's own linker was used.\n\nRaises:\n    LinkError: the instance does not export all of it.\n"
        "    GuestEndedError: the store is closed."
    )
    return _view(
        export,
        context,
        calls,
        opening=statement(
            "    def __init__",
            call("", "self", "store: _abi.Store", "instance: _abi.Instance", "linker: _abi.Linker | None = None"),
            " -> None:",
        ),
        opening_docs=docstring(opening_docs, 2),
        class_docs=docstring(f"What a guest of {export.plan.world_id} exports.", 1),
        guest="        guest = _abi.guest_instance(store, instance, linker)",
        members=tuple(members),
        methods=methods,
    )


def _view(
    export: PlannedExport,
    context: ExportContext,
    calls: _Calls,
    *,
    opening: str,
    opening_docs: str,
    class_docs: str,
    members: tuple[MemberView, ...],
    methods: tuple[MethodView, ...],
    types: tuple[object, ...] = (),
    codecs: tuple[str, ...] = (),
    factories: tuple[FactoryView, ...] = (),
    guest: str | None = None,
) -> ExportsModuleView:
    module = export.module
    exports = calls.statements()
    required = statement("", call("guest.require", *calls.names.values()), depth=2) if calls.names else None
    constant = None
    if module.import_name is not None:
        constant = f'INTERFACE = {string(module.import_name)}\n"""The name under which a component exports it."""'
    docs = docstring(f"Calls into guests of {export.plan.world_id}.") if constant is None else module_docs(context)
    groups = (context.standard_lines(), ["from elastic_hal.runtime import abi as _abi"], context.sibling_lines())
    return ExportsModuleView(
        marker=marker_line(str(module.package)),
        docs=docs,
        imports=tuple(tuple(lines) for lines in groups if lines),
        constant=constant,
        types=types,
        codecs=codecs,
        exports=exports,
        factories=factories,
        name=export.names.titles[module],
        class_docs=class_docs,
        opening=opening,
        opening_docs=opening_docs,
        guest=guest,
        require=required,
        members=members,
        methods=methods,
    )


def _context(export: PlannedExport) -> ExportContext:
    hidden = hidden_names(export.module, export.names)
    return ExportContext(export.plan, export.module, export.names, "_abi", hidden)


class _Calls:
    """The descriptions of the exported functions of a module, under private names."""

    def __init__(self, context: ExportContext) -> None:
        self._context = context
        self.names: dict[model.Function, PrivateName] = {
            function: context.private_name(*_name_parts(function)) for function in context.module.functions
        }

    def statements(self) -> tuple[str, ...]:
        """The assignments of the descriptions."""
        interface = "None" if self._context.module.import_name is None else "INTERFACE"
        return tuple(
            annotated_statement(
                name,
                f"_abi.Export[{returned(self._context, function)}]",
                call("_abi.Export", interface, string(function.name), *function_codecs(self._context, function)),
            )
            for function, name in self.names.items()
        )


def _name_parts(function: model.Function) -> tuple[str, ...]:
    if function.resource is None:
        return ("function", function.short_name)
    owner = function.resource.name or ""
    if function.kind is FunctionKind.CONSTRUCTOR:
        return (function.kind.value, owner)
    return (function.kind.value, owner, function.short_name)


def _shared_types(context: ExportContext, export: PlannedExport) -> tuple[AliasView, ...]:
    """Other names of the types that stand in the module of the import."""
    alias = context.standard("typing", "TypeAlias") if export.shared else ""
    return tuple(
        AliasView(
            f"{name}: {alias} = {context.class_name(wit_type)}",
            docstring(f"The type `{wit_type.name}` of the import {context.owner(wit_type).label}."),
        )
        for wit_type, name in export.shared.items()
    )


def _resource(context: ExportContext, resource: model.TypeDef, calls: _Calls) -> ExportedResourceView:
    methods = functions_of(context.module.functions, resource, FunctionKind.METHOD)
    names = claim_names(methods, Scope(RESOURCE_MEMBERS))
    return ExportedResourceView(
        context.names.types[resource].name,
        type_docs(context, resource, 1),
        tuple(_method(context, function, name, calls) for function, name in names.items()),
    )


def _factory(context: ExportContext, resource: model.TypeDef, calls: _Calls) -> FactoryView | None:
    constructors = functions_of(context.module.functions, resource, FunctionKind.CONSTRUCTOR)
    statics = functions_of(context.module.functions, resource, FunctionKind.STATIC)
    if not constructors and not statics:
        return None
    names: dict[model.Function, Identifier] = {function: Identifier("__call__") for function in constructors}
    names |= claim_names(statics, Scope())
    return FactoryView(
        ClassName(f"{context.names.types[resource].name}_Factory"),
        docstring(f"Makes objects of `{resource.name}`, and has its static functions.", 1),
        tuple(_method(context, function, name, calls) for function, name in names.items()),
    )


def _method(context: ExportContext, function: model.Function, name: Identifier, calls: _Calls) -> MethodView:
    returns = returned(context, function)
    receiver = ("self",) if function.kind is FunctionKind.METHOD else ()
    arguments = (calls.names[function], *receiver, *parameter_names(function))
    return MethodView(
        signature(context, name, function, first="self", returns=returns, depth=1),
        function_docs(context, function, 2),
        statement("" if returns == "None" else "return ", call("self._guest.call", *arguments), depth=2),
    )
