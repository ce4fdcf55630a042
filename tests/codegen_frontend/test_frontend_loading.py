"""What `load` finds on disk: packages, dependencies, worlds, and what can be wrong with files and folders."""

import os
from pathlib import Path

import pytest

from elastic_hal.codegen.codes import Code
from elastic_hal.codegen.frontend import WitError, load, load_or_raise, select_world
from elastic_hal.codegen.model import (
    Accessor,
    FunctionItem,
    FunctionKind,
    InterfaceItem,
    Own,
    Since,
    TypeDef,
    Unstable,
    Variant,
)
from elastic_hal.codegen.resources import contract_dir


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def codes(*paths: Path) -> list[Code]:
    result = load(paths)
    assert (result.resolve is None) == bool(result.diagnostics)
    return [diagnostic.code for diagnostic in result.diagnostics]


def test_the_contract_loads() -> None:
    resolve = load_or_raise([contract_dir()])
    assert str(resolve.main.name) == "elastic:hal@0.2.0"
    assert resolve.packages[-1] is resolve.main
    world = select_world(resolve, "imports")
    item = world.imports["elastic:hal/crypto@0.2.0"]
    assert isinstance(item, InterfaceItem)
    crypto = item.interface
    sign = crypto.functions["sign"]
    assert sign.docs
    assert isinstance(sign.stability, Since)
    generate = crypto.functions["[static]key.generate"]
    assert generate.kind is FunctionKind.STATIC
    assert generate.resource is crypto.types["key"]
    algorithm = crypto.types["key-algorithm"]
    assert isinstance(algorithm.kind, Variant)
    assert all(case.docs for case in algorithm.kind.cases)


def test_dependencies_come_before_dependents() -> None:
    resolve = load_or_raise([contract_dir()])
    names = [str(package.name) for package in resolve.packages]
    assert names.index("wasi:io@0.2.9") < names.index("wasi:clocks@0.2.9") < names.index("elastic:hal@0.2.0")


def test_transitive_imports_are_added(tmp_path: Path) -> None:
    text = "package a:b; interface i { type t = u8; } interface j { use i.{t}; } world w { import j; }"
    world = select_world(load_or_raise([write(tmp_path, {"x.wit": text}) / "x.wit"]), None)
    assert list(world.imports) == ["a:b/i", "a:b/j"]


def test_a_dependency_is_a_folder_or_a_file(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "main.wit": "package a:b; interface i { use c:d/e.{t}; use f:g/h@1.0.0.{t as u}; }",
        "deps/one/types.wit": "package c:d; interface e { type t = u8; }",
        "deps/two.wit": "package f:g@1.0.0; interface h { type t = u8; }",
        "deps/README.md": "not WIT",
        "deps/one/notes.txt": "not WIT",
    }
    assert codes(write(tmp_path, files)) == []


def test_later_paths_see_earlier_ones(tmp_path: Path) -> None:
    write(tmp_path, {"one.wit": "package a:b; interface i {}", "two.wit": "package c:d; world w { import a:b/i; }"})
    resolve = load_or_raise([tmp_path / "one.wit", tmp_path / "two.wit"])
    assert str(resolve.main.name) == "c:d"


def test_two_paths_may_bring_the_same_dependency(tmp_path: Path) -> None:
    dependency = "package c:d; interface e {}"
    for name in ("x", "y"):
        write(tmp_path / name, {"m.wit": f"package a:{name}; world w {{ import c:d/e; }}", "deps/c.wit": dependency})
    assert codes(tmp_path / "x", tmp_path / "y") == []


def test_features_open_gates(tmp_path: Path) -> None:
    path = write(tmp_path, {"x.wit": "package a:b; @unstable(feature = f) interface i { f: func(); }"}) / "x.wit"
    assert load_or_raise([path]).main.interfaces == {}
    for resolve in (load_or_raise([path], frozenset({"f"})), load_or_raise([path], all_features=True)):
        assert resolve.main.interfaces["i"].stability == Unstable("f")


def test_a_resource_name_means_an_owned_handle(tmp_path: Path) -> None:
    text = "package a:b; interface i { resource r; type s = r; f: func(x: s) -> own<r>; }"
    interface = load_or_raise([write(tmp_path, {"x.wit": text}) / "x.wit"]).main.interfaces["i"]
    function = interface.functions["f"]
    parameter = function.parameters[0].type
    assert isinstance(parameter, TypeDef)
    assert parameter.kind == Own(interface.types["s"])
    assert isinstance(function.result, TypeDef)
    assert function.result.kind == Own(interface.types["r"])


def test_select_world_by_name_and_id() -> None:
    resolve = load_or_raise([contract_dir()])
    assert select_world(resolve, "command") is select_world(resolve, "elastic:hal/command@0.2.0")
    assert select_world(resolve, "wasi:cli/command@0.2.9").package.name.namespace == "wasi"
    for name in (None, "nope", "elastic:hal/command@9.0.0"):
        with pytest.raises(WitError) as raised:
            select_world(resolve, name)
        assert raised.value.diagnostics[0].code is Code.UNKNOWN_WORLD
        assert "`command`" in str(raised.value)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"x.txt": "no WIT"}, [Code.CANNOT_READ]),
        ({"x.wit": ""}, [Code.MISSING_PACKAGE]),
        ({"x.wit": b"package a:b;\ninterface \xff {}"}, [Code.NOT_UTF8]),
        ({"x.wit": "package a:b;\0"}, [Code.FORBIDDEN_CHARACTER]),
        ({"x.wit": "package a:b;", "y.wit": "package c:d;"}, [Code.CONFLICTING_PACKAGE]),
        ({"x.wit": "/// one\npackage a:b;", "y.wit": "/// two\npackage a:b;"}, [Code.DUPLICATE_DOCS]),
        ({"x.wit": "package a:b;", "deps/c.wasm": b"\0asm"}, [Code.BINARY_PACKAGE]),
        ({"x.wit": "package a:b;", "deps/c.wit": "package a:b; interface i {}"}, [Code.CONFLICTING_PACKAGE]),
        ({"x.wit": "package a:b; interface i {}", "y.wit": "interface i {}"}, [Code.DUPLICATE_NAME]),
        ({"x.wit": "package a:b;", "deps": "no folder"}, [Code.CANNOT_READ]),
        (
            {"x.wit": "package a:b;", "deps/c.wit": "package c:d;", "deps/d.wit": "package c:d;"},
            [Code.CONFLICTING_PACKAGE],
        ),
    ],
)
def test_faulty_folders(tmp_path: Path, files: dict[str, str | bytes], expected: list[Code]) -> None:
    assert codes(write(tmp_path, files)) == expected


def test_mistakes_beside_a_file_that_cannot_be_read_come_in_the_same_run(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.wit": b"package a:b; interface i { /* \xff */ }",
        "b.wit": "package a:b; use i; use c:d/e; world w { import i; import missing; export f: func(x: nope); }",
        "deps/empty/README.md": "no WIT",
    }
    found = load([write(tmp_path, files)])
    assert found.resolve is None
    # What `i`, `missing` and `c:d` are may stand in what is not there; `nope` cannot.
    assert [one.code for one in found.diagnostics] == [Code.CANNOT_READ, Code.NOT_UTF8, Code.UNKNOWN_NAME]


def test_names_of_one_file_are_not_seen_in_another(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "x.wit": "package a:b; use i as j; interface i {}",
        "y.wit": "interface k { use j.{}; }",
    }
    assert codes(write(tmp_path, files)) == [Code.UNKNOWN_NAME]


def test_unreadable_paths(tmp_path: Path) -> None:
    (tmp_path / "loop.wit").symlink_to("loop.wit")
    for path in (tmp_path / "none", tmp_path / "loop.wit", Path("/dev/null"), Path("a\0b"), Path("x" * 5000)):
        assert codes(path) == [Code.CANNOT_READ]
    assert codes() == [Code.CANNOT_READ]


def test_symlink_loops_of_folders_end(tmp_path: Path) -> None:
    write(tmp_path, {"x.wit": "package a:b;"})
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "deps").symlink_to(tmp_path / "deps")
    (tmp_path / "deps" / "root").symlink_to(tmp_path)
    # The root stands among its own dependencies, word for word.
    assert Code.CANNOT_READ in codes(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.wit")
    assert codes(tmp_path) == [Code.CANNOT_READ]


@pytest.mark.parametrize(
    "text",
    [
        "list<" * 10_000 + "u8" + ">" * 10_000,
        "list<" * 10_000,
        "tuple<u8, " * 300 + "u8" + ">" * 300,
    ],
)
def test_deep_types_are_refused_with_their_place(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {"x.wit": f"package a:b; interface i {{ type t = {text}; }}"}) / "x.wit"
    diagnostics = load([path]).diagnostics
    assert Code.NESTING_TOO_DEEP in [diagnostic.code for diagnostic in diagnostics]
    assert all(diagnostic.span is not None for diagnostic in diagnostics)


@pytest.mark.parametrize("text", ["{" * 1_000_000, "package a:b {" * 20_000, "/*" * 500_000, "@" * 200_000])
def test_hostile_text_is_refused_at_once(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, {"x.wit": "package a:b;" + text}) / "x.wit"
    assert load([path]).resolve is None


def test_long_chains_need_no_deep_recursion(tmp_path: Path) -> None:
    aliases = "".join(f"type a{number} = a{number - 1};" for number in range(4000, 0, -1))
    interfaces = "".join(f"interface i{number} {{ use i{number + 1}.{{t}}; }}" for number in range(1500))
    worlds = "".join(f"world w{number} {{ include w{number + 1}; }}" for number in range(150))
    text = (
        f"package a:b; interface a {{ {aliases} type a0 = u8; }} {interfaces} interface i1500 {{ type t = u8; }}"
        f"{worlds} world w150 {{ import i0; }}"
    )
    resolve = load_or_raise([write(tmp_path, {"x.wit": text}) / "x.wit"])
    assert len(resolve.main.worlds["w0"].imports) == 1501


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *((text, text) for text in ("1.0.0", "1.0.0-rc.1+b7", "1.2.3----RC.12.9.1--.12+meta", "1.0.0--", "1.0.0+01")),
        *(("1.0.0-", "1.0.0"), ("1.0.0+", "1.0.0"), ("1.0.0-+", "1.0.0"), ("1.0.0-a+", "1.0.0-a")),
        *((text, None) for text in ("1.0", "01.0.0", "1.0.0-01", "1.0.0-a..b", "1.0.0+a+b", "1.0.0-type", "1.0.0-+b")),
    ],
)
def test_versions(tmp_path: Path, written: str, meant: str | None) -> None:
    resolve = load([write(tmp_path, {"x.wit": f"package a:b@{written};"}) / "x.wit"]).resolve
    assert (resolve and str(resolve.main.name)) == (meant and f"a:b@{meant}")


def test_getters_and_setters(tmp_path: Path) -> None:
    text = """package a:b; interface i {
      variant v { get(u8), set(u8) }
      get: func(); set: get /* nested /* comment */ */ () -> u8;
      size: set(value: u8) -> result<_, string>; size: get() -> u8;
      resource r { size: static get() -> u8; } }
    world base { import p: get() -> u8; import p: set(v: u8); }
    world w { include base with { p as q } }"""
    resolve = load_or_raise([write(tmp_path, {"x.wit": text}) / "x.wit"])
    functions = resolve.main.interfaces["i"].functions
    assert list(functions) == ["get", "[get]set", "[get]size", "[set]size", "[static][get]r.size"]
    assert functions["[set]size"].accessor is Accessor.SETTER
    assert functions["[static][get]r.size"].kind is FunctionKind.STATIC
    world = resolve.main.worlds["w"]
    assert list(world.imports) == ["[get]q", "[set]q"]
    item = world.imports["[set]q"]
    assert isinstance(item, FunctionItem)
    assert item.function.short_name == "q"


def test_imports_of_interfaces_have_docs_of_their_own(tmp_path: Path) -> None:
    text = "package a:b; interface i {} world w {\n/// Why it is needed.\nimport i; }"
    item = load_or_raise([write(tmp_path, {"x.wit": text}) / "x.wit"]).main.worlds["w"].imports["a:b/i"]
    assert isinstance(item, InterfaceItem)
    assert item.docs == "Why it is needed."
