"""The resolved model as the document that `wasm-tools component wit --json` prints, so that other tools can read it.

Worlds, interfaces, types and packages are four lists, and everything refers to an entry of a list by its number.
"""

from __future__ import annotations

from typing import Any

from elastic_hal.codegen import model

Document = dict[str, Any]


def to_document(resolve: model.Resolve) -> Document:
    """The document of everything that was loaded, made of dicts, lists, strings and numbers."""
    return _Writer(resolve).document()


class _Writer:
    def __init__(self, resolve: model.Resolve) -> None:
        self._resolve = resolve
        self._packages = {package: number for number, package in enumerate(resolve.packages)}
        self._interfaces: dict[model.Interface, int] = {}
        self._worlds: dict[model.World, int] = {}
        self._types: dict[model.TypeDef, int] = {}
        self._documents: list[Document | None] = []
        for package in resolve.packages:
            for interface in package.interfaces.values():
                self._number_interface(interface)
            for world in package.worlds.values():
                self._worlds[world] = len(self._worlds)
                self._number_world(world)

    def document(self) -> Document:
        interfaces = [self._interface(interface) for interface in self._interfaces]
        worlds = [self._world(world) for world in self._worlds]
        named = list(self._types)
        for definition in named:
            self._fill(definition)
        return {
            "worlds": worlds,
            "interfaces": interfaces,
            "types": self._documents,
            "packages": [self._package(package) for package in self._resolve.packages],
        }

    def _number_interface(self, interface: model.Interface) -> None:
        self._interfaces.setdefault(interface, len(self._interfaces))
        for definition in interface.types.values():
            self._number_type(definition)

    def _number_world(self, world: model.World) -> None:
        for item in (*world.imports.values(), *world.exports.values()):
            if isinstance(item, model.InterfaceItem) and item.interface.name is None:
                self._number_interface(item.interface)
            elif isinstance(item, model.TypeItem):
                self._number_type(item.type)

    def _number_type(self, definition: model.TypeDef) -> None:
        if definition not in self._types:
            self._types[definition] = len(self._types)
            self._documents.append(None)

    def _type(self, type: model.Type | None) -> str | int | None:
        """How a type is referred to. An anonymous type is written out at its first use."""
        if type is None or isinstance(type, model.Primitive):
            return None if type is None else type.value
        if type not in self._types:
            self._number_type(type)
            self._fill(type)
        return self._types[type]

    def _fill(self, definition: model.TypeDef) -> None:
        number = self._types[definition]
        if self._documents[number] is not None:
            return
        document: Document = {"name": definition.name, "kind": None, "owner": self._owner(definition.owner)}
        self._documents[number] = document
        document["kind"] = self._kind(definition.kind)
        _add_common(document, definition.docs, definition.stability, definition.external_id)

    def _owner(self, owner: model.Interface | model.World | None) -> Document | None:
        if isinstance(owner, model.Interface):
            return {"interface": self._interfaces[owner]}
        return None if owner is None else {"world": self._worlds[owner]}

    def _kind(self, kind: model.TypeKind) -> Any:
        match kind:
            case model.Resource():
                return "resource"
            case model.Own(resource):
                return {"handle": {"own": self._type(resource)}}
            case model.Borrow(resource):
                return {"handle": {"borrow": self._type(resource)}}
            case model.Record(fields):
                parts = [
                    _with_docs({"name": field.name, "type": self._type(field.type)}, field.docs) for field in fields
                ]
                return {"record": {"fields": parts}}
            case model.Variant(cases):
                parts = [_with_docs({"name": case.name, "type": self._type(case.type)}, case.docs) for case in cases]
                return {"variant": {"cases": parts}}
            case model.Enum(labels):
                return {"enum": {"cases": [_with_docs({"name": label.name}, label.docs) for label in labels]}}
            case model.Flags(flags):
                return {"flags": {"flags": [_with_docs({"name": flag.name}, flag.docs) for flag in flags]}}
            case model.Tuple(types):
                return {"tuple": {"types": [self._type(type) for type in types]}}
            case model.Result(ok, err):
                return {"result": {"ok": self._type(ok), "err": self._type(err)}}
            case model.Option(type):
                return {"option": self._type(type)}
            case model.List(type):
                return {"list": self._type(type)}
            case model.FixedLengthList(type, length):
                return {"fixed-length-list": [self._type(type), length]}
            case model.Map(key, value):
                return {"map": [self._type(key), self._type(value)]}
            case model.Future(payload):
                return {"future": self._type(payload)}
            case model.Stream(payload):
                return {"stream": self._type(payload)}
            case model.Alias(target):
                return {"type": self._type(target)}

    def _function(self, function: model.Function) -> Document:
        kind = _function_kind(function)
        document: Document = {
            "name": function.name,
            "kind": kind if function.resource is None else {kind: self._type(function.resource)},
            "params": [
                {"name": parameter.name, "type": self._type(parameter.type)} for parameter in function.parameters
            ],
        }
        if function.result is not None:
            document["result"] = self._type(function.result)
        return _add_common(document, function.docs, function.stability, function.external_id)

    def _interface(self, interface: model.Interface) -> Document:
        document: Document = {
            "name": interface.name,
            "types": {name: self._types[definition] for name, definition in interface.types.items()},
            "functions": {name: self._function(function) for name, function in interface.functions.items()},
        }
        _add_common(document, interface.docs, interface.stability, None)
        document["package"] = self._packages[interface.package]
        return document

    def _world(self, world: model.World) -> Document:
        document: Document = {
            "name": world.name,
            "imports": dict(self._item(key, item) for key, item in world.imports.items()),
            "exports": dict(self._item(key, item) for key, item in world.exports.items()),
            "package": self._packages[world.package],
        }
        return _add_common(document, world.docs, world.stability, None)

    def _item(self, key: str, item: model.WorldItem) -> tuple[str, Document]:
        match item:
            case model.InterfaceItem(interface, stability, external_id, docs):
                number = self._interfaces[interface]
                entry = _add_common({"id": number}, docs, stability, external_id)
                return (f"interface-{number}" if key == interface.id else key), {"interface": entry}
            case model.FunctionItem(function):
                return key, {"function": self._function(function)}
            case model.TypeItem(definition):
                return key, {"type": self._type(definition)}

    def _package(self, package: model.Package) -> Document:
        document: Document = {
            "name": str(package.name),
            "interfaces": {name: self._interfaces[interface] for name, interface in package.interfaces.items()},
            "worlds": {name: self._worlds[world] for name, world in package.worlds.items()},
        }
        return _with_docs(document, package.docs)


def _function_kind(function: model.Function) -> str:
    if function.accessor is None:
        return ("async-" if function.is_async else "") + function.kind.value
    owner = "" if function.resource is None else f"{function.kind.value}-"
    return owner + function.accessor.value


def _with_docs(document: Document, docs: str | None) -> Document:
    if docs is not None:
        document["docs"] = {"contents": docs}
    return document


def _add_common(document: Document, docs: str | None, stability: model.Stability, external_id: str | None) -> Document:
    _with_docs(document, docs)
    match stability:
        case model.Since(version, deprecated):
            document["stability"] = {"stable": {"since": str(version)} | _deprecated(deprecated)}
        case model.Unstable(feature, deprecated):
            document["stability"] = {"unstable": {"feature": feature} | _deprecated(deprecated)}
        case None:
            pass
    if external_id is not None:
        document["external_id"] = external_id
    return document


def _deprecated(version: model.Version | None) -> Document:
    return {} if version is None else {"deprecated": str(version)}
