"""What the targets cannot carry is an error that names the construct and the place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from elastic_hal.codegen import model
from elastic_hal.codegen.targets import GenerationError, generate_guest, generate_host

Parse = Callable[[str], tuple[model.Resolve, model.World]]


@pytest.mark.parametrize(
    ("construct", "text"),
    [
        ("stream", "f: func(a: list<stream<u8>>);"),
        ("future", "f: func() -> option<future<string>>;"),
        ("error-context", "f: func() -> result<_, error-context>;"),
        ("async func", "f: async func();"),
        ("stream", "record r { a: stream<u8> }"),
        ("a getter or setter", "size: get() -> u32;"),
    ],
)
def test_constructs_that_python_cannot_carry(parse: Parse, construct: str, text: str) -> None:
    resolve, world = parse(f"package a:b@1.0.0;\ninterface i {{\n  {text}\n}}\nworld w {{ import i; }}")
    for generate in (generate_host, generate_guest):
        with pytest.raises(GenerationError) as caught:
            generate(resolve, world)
        assert caught.value.construct == construct
        assert "a:b/i@1.0.0" in caught.value.place
        assert "text.wit:3:" in caught.value.place
        assert caught.value.hint


def test_only_what_the_world_imports_counts(parse: Parse) -> None:
    resolve, world = parse(
        "package a:b;\ninterface i { f: async func(); }\ninterface j { g: func(); }\nworld w { import j; }"
    )
    assert "a_b/j.py" in generate_host(resolve, world)
    assert "a_b/i.py" not in generate_host(resolve, world)


def test_deep_nesting(parse: Parse) -> None:
    resolve, world = parse("package a:b;\ninterface i { f: func(a: u8) -> u8; }\nworld w { import i; }")
    wit_type: model.Type = model.Primitive.U8
    for _ in range(150):
        wit_type = model.TypeDef(None, model.Option(wit_type))
    interface = next(iter(resolve.main.interfaces.values()))
    nested = model.Function("g", "g", model.FunctionKind.FREESTANDING, None, (), wit_type)
    interface.functions["g"] = nested
    with pytest.raises(GenerationError, match="nested more than 100 deep in function g"):
        generate_host(resolve, world)


def test_a_long_chain_of_named_types(parse: Parse) -> None:
    records = "\n".join(f"record r{number} {{ a: r{number + 1} }}" for number in range(2000))
    resolve, world = parse(
        f"package a:b;\ninterface i {{ {records} record r2000 {{ a: u8 }} f: func(); }}\nworld w {{ import i; }}"
    )
    with pytest.raises(GenerationError, match="nested more than 100 deep"):
        generate_host(resolve, world)


def test_a_resource_that_somebody_else_links(parse: Parse) -> None:
    resolve, world = parse(
        "package a:b;\ninterface i { resource r; }\ninterface j { use i.{r}; f: func(a: borrow<r>); }\n"
        "world w { import j; }"
    )
    with pytest.raises(GenerationError, match="a handle to r of a:b/i in function f of a:b/j"):
        generate_host(resolve, world, ("a:b/i",))


def test_an_inline_interface(parse: Parse) -> None:
    resolve, world = parse("package a:b;\nworld w { import i: interface { f: func(); } }")
    assert "a_b/i.py" in generate_host(resolve, world)
    assert "wit_world.imports.inline_i" in generate_guest(resolve, world)["a_b/i.py"]


@pytest.mark.parametrize(
    ("construct", "place", "world_text"),
    [
        ("stream", "function f of the imports of world w", "import f: func() -> stream<u8>;"),
        ("future", "function f of the imports of world w", "import f: func(a: result<future, u8>);"),
        ("error-context", "function f of i", "import i: interface { f: func(a: error-context); }"),
        ("async func", "function f of i", "import i: interface { f: async func(); }"),
        ("async func", "function f of the imports of world w", "import f: async func();"),
        ("stream", "type s of the imports of world w", "type s = stream<u8>;"),
        ("async func", "function [method]r.m of i", "import i: interface { resource r { m: async func(); } }"),
        (
            "a getter or setter",
            "function [method][get]r.m of i",
            "import i: interface { resource r { m: get() -> u8; } }",
        ),
    ],
)
def test_every_place_of_a_world(parse: Parse, construct: str, place: str, world_text: str) -> None:
    """The message says what, in which item, and then file, line and column."""
    resolve, world = parse(f"package a:b;\nworld w {{\n  {world_text}\n}}")
    for generate in (generate_host, generate_guest):
        with pytest.raises(GenerationError) as caught:
            generate(resolve, world)
        message = re.escape(f"{construct} in {place} (") + r"\S*text\.wit:3:\d+\) cannot be generated"
        assert re.fullmatch(message, str(caught.value))


def test_a_world_that_exports_what_a_host_cannot_call(parse: Parse) -> None:
    """Guest bindings are for imports only."""
    resolve, world = parse("package a:b;\ninterface i {\n  f: func() -> stream<u8>;\n}\nworld w { export i; }")
    with pytest.raises(GenerationError, match=r"stream in function f of .*text\.wit:3:\d+\)"):
        generate_host(resolve, world)
    assert generate_guest(resolve, world)
