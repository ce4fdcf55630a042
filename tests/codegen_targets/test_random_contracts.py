"""Bindings of random contracts: valid Python that imports, or an error that says what cannot be carried."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastic_hal.codegen.targets import GenerationError, generate_guest, generate_host, write_tree

MODULE = Path(__file__).parents[1] / "codegen_frontend" / "test_frontend_properties.py"


def _frontend_generators() -> Any:
    spec = importlib.util.spec_from_file_location("frontend_generators_of_targets", MODULE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATORS = _frontend_generators()
packages: st.SearchStrategy[str] = GENERATORS.packages()
WORD = re.compile(r"\S+")
TYPE_NAMES = WORD.findall(
    "optional %flag any err ok %result some none protocol exception self %list %type true %option type-var enum-of "
    "codec callable union generic providers base-exception INTERFACE abi int str bytes object dict runtime-error"
)
FUNCTION_NAMES = WORD.findall(
    "print isinstance class def annotations len property super lambda %import %from hash id map-of zip raw support "
    "add-to-linker call dataclass typing abc is-instance getattr int-of close drop adopt WORLD global nonlocal"
)
PARAMETER_NAMES = ("self", "cls", "isinstance")
UNCARRIED = {"stream<": "list<", "stream": "bool", "future": "u8", "error-context": "string", "missing": "u16"}


@st.composite
def packages_with_such_names(draw: st.DrawFn) -> str:
    """A random package whose items have names that need care, and mostly types that can be carried."""
    text = draw(packages)
    types = draw(st.permutations(TYPE_NAMES))
    functions = draw(st.permutations(FUNCTION_NAMES))
    text = re.sub("stream<|stream|future|error-context|missing", lambda found: UNCARRIED[found[0]], text)
    text = re.sub(r"\bf(\d+):", lambda found: f"{functions[int(found[1])]}:", text)
    text = re.sub(r"\bt(\d+)\b", lambda found: types[int(found[1])], text)
    return re.sub(r"\bp(\d+):", lambda found: f"{PARAMETER_NAMES[int(found[1])]}:", text)


@given(packages | packages_with_such_names())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_host_bindings_import_and_guest_bindings_compile(text: str) -> None:
    resolve = GENERATORS.load_text(text).resolve
    if resolve is None:
        return
    for world in resolve.main.worlds.values():
        for generate in (generate_host, generate_guest):
            try:
                files = generate(resolve, world)
            except GenerationError:
                continue
            for path, source in files.items():
                if path.endswith(".py"):
                    compile(source, path, "exec", dont_inherit=True)
            if generate is generate_host:
                import_everything(files)


def import_everything(files: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_tree(files, Path(folder) / "random_contract")
        sys.path.insert(0, folder)
        try:
            importlib.invalidate_caches()
            for path in files:
                if path.endswith(".py"):
                    module = f"random_contract/{path}".removesuffix(".py").removesuffix("/__init__")
                    importlib.import_module(module.replace("/", "."))
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if name.split(".")[0] == "random_contract"]:
                del sys.modules[name]
