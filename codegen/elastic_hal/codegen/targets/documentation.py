"""What generated code says about itself: the WIT docs, with the parameters, the errors and the WIT text after them.

The sections are those that Python readers and editors know (`Args:`, `Raises:`). Making any text a safe docstring is
left to `layout`.
"""

from __future__ import annotations

import re

from elastic_hal.codegen import model
from elastic_hal.codegen.printer import definition_text, function_text, type_text
from elastic_hal.codegen.targets.facts import function_result
from elastic_hal.codegen.targets.functions import failure, own_parameters
from elastic_hal.codegen.targets.layout import docstring
from elastic_hal.codegen.targets.module_context import ModuleContext, used_from
from elastic_hal.codegen.targets.type_names import parameter_names

_ERRORS = re.compile(r"(?:^|(?<=\n\n))Errors?:\s*(?P<text>.+?)(?=\n\s*\n|\Z)", re.DOTALL)
"""The paragraph in which a contract says when a function fails."""


def function_docs(context: ModuleContext, function: model.Function, depth: int) -> str:
    """The docstring of a function."""
    before, raises, after = _raises(context, function)
    summary = before or f"The WIT function `{function.short_name}`."
    sections = (summary, _parameters(function), raises, after, _wit(function_text(function)))
    return docstring("\n\n".join(section for section in sections if section), depth)


def type_docs(context: ModuleContext, wit_type: model.TypeDef, depth: int) -> str:
    """The docstring of a type. An alias that `use` makes says where the type is from."""
    source = used_from(wit_type)
    if source is not None and not wit_type.docs:
        return docstring(f"The type `{source.name}` of {context.owner(source).label}.", depth)
    word = "resource" if isinstance(wit_type.kind, model.Resource) else "type"
    docs = wit_type.docs or f"The WIT {word} `{wit_type.name}`."
    return docstring(f"{docs.strip()}\n\n{_wit(definition_text(wit_type))}", depth)


def case_docs(owner: model.TypeDef, case: model.Case | model.EnumCase, depth: int) -> str:
    """The docstring of the class that stands for a case of a variant or of an enum of errors."""
    payload = f"({_type(case.type)})" if isinstance(case, model.Case) and case.type is not None else ""
    if case.docs is None:
        return docstring(f"The case `{case.name}{payload}` of `{owner.name}`.", depth)
    return docstring(f"{case.docs.strip()}\n\nWIT: case `{case.name}{payload}` of `{owner.name}`", depth)


def member_docs(docs: str | None) -> str | None:
    """The docstring after a field, enum member or flag."""
    return None if docs is None else docstring(docs, 1)


def _raises(context: ModuleContext, function: model.Function) -> tuple[str, str, str]:
    """The docs before the paragraph on errors, that paragraph as a section, and the docs after it."""
    docs = (function.docs or "").strip()
    result = function_result(function)
    if result is None:
        return docs, "", ""
    raised = failure(context, result).raised.rpartition(".")[2]
    found = _ERRORS.search(docs)
    if found is None:
        return docs, f"Raises:\n    {raised}: the WIT type `{_type(result.err)}`.", ""
    when = " ".join(found["text"].split())
    return docs[: found.start()].rstrip(), f"Raises:\n    {raised}: {when}", docs[found.end() :].strip()


def _parameters(function: model.Function) -> str:
    named = zip(parameter_names(function), own_parameters(function), strict=True)
    lines = [f"    {name}: `{type_text(parameter.type)}`" for name, parameter in named]
    return "\n".join(["Args:", *lines]) if lines else ""


def _type(wit_type: model.Type | None) -> str:
    return "_" if wit_type is None else type_text(wit_type)


def _wit(text: str) -> str:
    """A section with WIT text; every line of it is one that docstrings leave alone."""
    return "\n".join(["WIT:", *(f"    {line}" for line in text.splitlines())])
