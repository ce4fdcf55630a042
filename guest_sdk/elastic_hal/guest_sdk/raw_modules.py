"""Repairs componentize-py's modules as they are imported, in worlds whose names get in their way.

It runs inside the guest while that is built, before the app, and is no part of the SDK. componentize-py writes
`class Flag(Flag)`, `Optional[…]` and `isinstance(result, Err)` whatever the contract calls its types and functions.
Where such a name stands decides what is meant by it: bases, decorators and calls are the tool's own, and get the name
of the module that they are from; annotations mean nothing when a program runs, and go. Constructors that can fail do.
"""

from __future__ import annotations

import ast
import importlib
import importlib.machinery
import sys
from collections.abc import Sequence
from types import CodeType, ModuleType

_PACKAGE = "wit_world"
_ORIGINS = {
    "Enum": "enum",
    "Err": "componentize_py_types",
    "Flag": "enum",
    "Generic": "typing",
    "Protocol": "typing",
    "Union": "typing",
    "abstractmethod": "abc",
    "auto": "enum",
    "classmethod": "builtins",
    "dataclass": "dataclasses",
    "isinstance": "builtins",
    "staticmethod": "builtins",
}
_MODULES = ("componentize_py_runtime", "weakref")
_UNPACKING = """
if _builtins.isinstance(tmp, _componentize_py_types.Err):
    raise tmp
if _builtins.isinstance(tmp, _componentize_py_types.Ok):
    tmp = tmp.value
"""
"""What a constructor lacks that can fail: it takes the result for the object."""


def import_app(name: str) -> ModuleType:
    """Imports the app with the repairs in place."""
    repair_modules()
    return importlib.import_module(name)


def repair_modules() -> None:
    """Repair every module of componentize-py that is imported from now on."""
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.machinery.PathFinder):
    """Finds componentize-py's modules where they are, and has them repaired."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != _PACKAGE:
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return compile(repaired(self.get_source(fullname) or ""), self.path, "exec", dont_inherit=True)


def repaired(source: str) -> ast.Module:
    """The module with every name of the tool's own written so that no name of the contract can stand for it."""
    tree = ast.parse(source)
    _Repair().visit(tree)
    modules = sorted({*_ORIGINS.values(), *_MODULES})
    tree.body[:0] = [ast.Import([ast.alias(module, f"_{module}")]) for module in modules]
    return ast.fix_missing_locations(tree)


class _Repair(ast.NodeTransformer):
    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.bases = [_own(base) for base in node.bases]
        node.decorator_list = [_own(decorator) for decorator in node.decorator_list]
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.decorator_list = [_own(decorator) for decorator in node.decorator_list]
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        _rename_second_self(node)
        self.generic_visit(node)
        if node.name == "__init__":
            node.body[1:1] = ast.parse(_UNPACKING).body
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        """The field of a dataclass, whose type does not matter to it."""
        node.annotation = ast.Constant(...)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        """An alias of several classes, the member of an enum or of flags, or a variable in a function."""
        if isinstance(node.value, ast.Subscript):
            node.value.value = _own(node.value.value)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            if node.func.value.id in _MODULES:
                node.func.value.id = f"_{node.func.value.id}"
        elif isinstance(node.func, ast.Name):
            if node.func.id == "isinstance":
                node.args = [node.args[0], *map(_own, node.args[1:])]
            node.func = _own(node.func)
        self.generic_visit(node)
        return node


def _own(node: ast.expr) -> ast.expr:
    """A name of the tool's own, from where it is."""
    if isinstance(node, ast.Name) and node.id in _ORIGINS:
        return ast.Attribute(ast.Name(f"_{_ORIGINS[node.id]}", ast.Load()), node.id, ast.Load())
    return node


def _rename_second_self(node: ast.FunctionDef) -> None:
    """A parameter may be called like the one that Python puts first. The call of the host takes all in order."""
    if not node.args.args:
        return
    first, *others = node.args.args
    for argument in others:
        if argument.arg == first.arg:
            argument.arg = f"_{first.arg}"
            _rename_last(node, first.arg, argument.arg)


def _rename_last(function: ast.FunctionDef, old: str, new: str) -> None:
    for node in ast.walk(function):
        if isinstance(node, ast.List):
            found = [element for element in node.elts if isinstance(element, ast.Name) and element.id == old]
            for element in found[-1:]:
                element.id = new
