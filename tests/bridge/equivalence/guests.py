"""A guest for random functions: WIT of a world and the core code that calls each function with what a harness feeds it
and hands what comes back to the harness. A toolchain makes the component.
"""

import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equivalence.kinds import THING, Kind, Names, result_of, scalar, together, tuple_of
from hypothesis import strategies as st

PACKAGE = "test:random"
TYPES, USER, HARNESS = f"{PACKAGE}/types@1.2.3", f"{PACKAGE}/user@1.2.3", f"{PACKAGE}/harness@1.2.3"
WORLD = "$root"
PAD = scalar("u8", 1, "i32", st.just(7), load="i32.load8_u")
FREE, METHOD, STATIC, CONSTRUCTOR = "free", "method", "static", "constructor"
_MAX_FLAT = 16


@dataclass(frozen=True)
class Function:
    """A function of the world. `error` is the error type of a function that returns a result by raising."""

    number: int
    place: str
    form: str
    parameters: tuple[tuple[Kind, str], ...]
    result: Kind | None
    ok: Kind | None = None
    error: Kind | None = None

    @property
    def name(self) -> str:
        """What the component calls it."""
        label = f"f{self.number}"
        return {
            FREE: label,
            METHOD: f"[method]thing.{label}",
            STATIC: f"[static]thing.{label}",
            CONSTRUCTOR: "[constructor]thing",
        }[self.form]

    @property
    def fed(self) -> Kind:
        """What the harness gives for a call: all parameters, and two more, so that they always lie in memory."""
        return tuple_of([*(kind for kind, _ in self.parameters), PAD, PAD])

    @property
    def given_back(self) -> bool:
        """Whether the harness gets all handles back after a call."""
        kinds = [(kind, way) for kind, way in self.parameters if kind.handles]
        return bool(kinds) and all(way == "borrow" for _, way in kinds)

    @property
    def bytes(self) -> bool:
        return any(kind.bytes for kind, _ in self.parameters) or (self.result is not None and self.result.bytes)


@dataclass(frozen=True)
class Realloc:
    """How a guest allocates: well, or badly from its `after`-th allocation on."""

    manner: str = "moves"
    after: int = 0


_MANNERS = {
    "moves": "",
    "misaligned": "(local.set $at (i32.add (local.get $at) (i32.const 1)))",
    "beyond": "(local.set $at (i32.const 0xfffffff0))",
    "zero": "(local.set $at (i32.const 0))",
    "traps": "unreachable",
}


@dataclass(frozen=True)
class Poke:
    """Words that a guest overwrites in its arguments before it calls: place → word."""

    words: tuple[tuple[int, int], ...] = ()


def wit(functions: Sequence[Function]) -> str:
    names = Names()
    bodies: dict[str, list[str]] = {TYPES: [], USER: [], HARNESS: [], WORLD: []}
    members = []
    for function in functions:
        parameters = [f"p{place}: {kind.wit(way, names)}" for place, (kind, way) in enumerate(function.parameters)]
        result = "" if function.result is None else f" -> {function.result.wit('own', names)}"
        label = f"f{function.number}"
        if function.form == CONSTRUCTOR:
            members.append(f"constructor({', '.join(parameters)});")
        elif function.form == FREE:
            bodies[function.place].append(f"{label}: func({', '.join(parameters)}){result};")
        else:
            static = "static " if function.form == STATIC else ""
            given = parameters if static else parameters[1:]
            members.append(f"{label}: {static}func({', '.join(given)}){result};")
        fed = function.fed.wit("own", names)
        bodies[HARNESS].append(f"feed{function.number}: func() -> {fed};")
        bodies[HARNESS].append(f"back{function.number}: func(fed: {fed});")
        if function.result is not None:
            bodies[HARNESS].append(f"sink{function.number}: func(value: {function.result.wit('own', names)});")
    every = ["thing", "other", *names.definitions.values()]
    runs = "\n".join(f"export run{function.number}: func();" for function in functions)
    return f"""package {PACKAGE}@1.2.3;
interface types {{
resource thing {{ {" ".join(members)} }}
resource other;
{_lines(names.text())}
{_lines(bodies[TYPES])}
}}
interface user {{ use types.{{{", ".join(f"{name} as my-{name}" for name in every)}}};
{_lines(_renamed(bodies[USER], every))}
}}
interface harness {{ use types.{{{", ".join(every)}}};
{_lines(bodies[HARNESS])}
}}
world guest {{ use types.{{{", ".join(every)}}};
import types; import user; import harness;
{_lines(f"import {body}" for body in bodies[WORLD])}
{runs}
}}"""


def _lines(texts: Sequence[str] | Iterator[str]) -> str:
    return "\n".join(texts)


def _renamed(texts: Sequence[str], names: Sequence[str]) -> list[str]:
    """The interface that uses types calls them otherwise."""
    renamed = []
    for text in texts:
        head, colon, rest = text.partition(": func(")
        words = "".join(
            character if character.isalnum() or character == "-" else f" {character} " for character in rest
        )
        renamed.append(head + colon + " ".join(f"my-{word}" if word in names else word for word in words.split()))
    return [text.replace("- >", "->").replace("list < u8 >", "list<u8>") for text in renamed]


def core(functions: Sequence[Function], realloc: Realloc, poke: Poke) -> str:
    imports, runs = [], []
    for function in functions:
        imports += _imports(function)
        runs.append(_run(function, poke))
    return f"""(module {" ".join(imports)}
    (memory (export "memory") 1) (global $next (mut i32) (i32.const 0)) (global $count (mut i32) (i32.const 0))
    (func $grow (param $end i32)
        (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16))) (then
            (if (i32.eq (i32.const -1) (memory.grow (i32.add (i32.const 1)
                (i32.shr_u (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 16)))))
                (then unreachable)))))
    (func $realloc (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32)
        (result i32) (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get $align))))
        (global.set $next (i32.add (local.get $at) (local.get $size)))
        (call $grow (global.get $next))
        (memory.copy (local.get $at) (local.get $old)
            (select (local.get $had) (local.get $size) (i32.lt_u (local.get $had) (local.get $size))))
        (global.set $count (i32.add (global.get $count) (i32.const 1)))
        (if (i32.gt_s (global.get $count) (i32.const {realloc.after})) (then {_MANNERS[realloc.manner]}))
        (local.get $at))
    {" ".join(runs)})"""


def _flat(kinds: Sequence[Kind]) -> tuple[str, ...]:
    flat = tuple(itertools.chain.from_iterable(kind.flat for kind in kinds))
    return ("i32",) if len(flat) > _MAX_FLAT else flat


def _imports(function: Function) -> Iterator[str]:
    def text(module: str, name: str, label: str, parameters: Sequence[str], result: str = "") -> str:
        given = f"(param {' '.join(parameters)})" if parameters else ""
        return f'(import "{module}" "{name}" (func ${label}{function.number} {given} {result}))'

    returned = () if function.result is None else function.result.flat
    given = list(_flat([kind for kind, _ in function.parameters]))
    if len(returned) > 1:
        yield text(function.place, function.name, "f", [*given, "i32"])
    else:
        yield text(function.place, function.name, "f", given, f"(result {returned[0]})" if returned else "")
    yield text(HARNESS, f"feed{function.number}", "feed", ["i32"])
    yield text(HARNESS, f"back{function.number}", "back", _flat([function.fed]))
    if function.result is not None:
        yield text(HARNESS, f"sink{function.number}", "sink", _flat([function.result]))


def _values(kinds: Sequence[Kind], address: int) -> str:
    """Arguments of a call for values that lie in memory one after another."""
    whole = together(kinds[0].wit, kinds[0].codec, kinds[0].values, kinds) if kinds else None
    if whole is None:
        return ""
    base = f"(i32.const {address})"
    return base if len(whole.flat) > _MAX_FLAT else " ".join(whole.load(base, 0))


def _run(function: Function, poke: Poke) -> str:
    number, fed = function.number, 1024
    result = fed + 8 * (function.fed.size // 8 + 2)
    heap = result + (function.result.size if function.result else 0) + 64
    arguments = _values([kind for kind, _ in function.parameters], fed)
    size = tuple_of([kind for kind, _ in function.parameters]).size if function.parameters else 0
    pokes = " ".join(
        f"(i32.store (i32.const {fed + place % (size // 4) * 4}) (i32.const {word}))"
        for place, word in poke.words
        if size >= 4
    )
    call = f"(call $f{number} {arguments})"
    if function.result is not None and len(function.result.flat) > 1:
        call = f"(call $f{number} {arguments} (i32.const {result}))"
        call += f"(call $sink{number} {_values([function.result], result)})"
    elif function.result is not None:
        call = f"(call $sink{number} {call})"
    back = f"(call $back{number} {_values([function.fed], fed)})" if function.given_back else ""
    return f"""(func $inner{number} {call})
        (func (export "run{number}") (global.set $next (i32.const {heap})) (call $grow (i32.const {heap}))
        (call $feed{number} (i32.const {fed})) {pokes} (call $inner{number}) {back})"""


def component(folder: Path, functions: Sequence[Function], realloc: Realloc, poke: Poke, encoding: str) -> bytes:
    """The guest as a toolchain makes it; `encoding` is that of its strings."""
    text, module, embedded, made = (folder / name for name in ("guest.wit", "core.wat", "core.wasm", "guest.wasm"))
    text.write_text(wit(functions))
    module.write_text(core(functions, realloc, poke))
    _tool("component", "embed", "--encoding", encoding, "--world", "guest", text, module, "-o", embedded)
    _tool("component", "new", embedded, "-o", made)
    return made.read_bytes()


def _tool(*arguments: object) -> None:
    program = Path(sys.executable).with_name("wasm-tools")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr


@st.composite
def random_functions(
    draw: st.DrawFn, kind: st.SearchStrategy[Kind], result_kind: st.SearchStrategy[Kind], errors: Sequence[Kind]
) -> list[Function]:
    """Functions in all places and forms."""
    functions, constructed = [], False
    for number in range(draw(st.integers(1, 8))):
        form = draw(st.sampled_from([FREE, FREE, FREE, METHOD, STATIC, CONSTRUCTOR]))
        if constructed and form == CONSTRUCTOR:
            form = STATIC
        parameters = draw(st.lists(st.tuples(kind, st.sampled_from(["own", "borrow"])), max_size=5))
        if draw(st.integers(0, 4)) == 0:
            parameters += [(draw(kind), "own")] * 12  # more than fit into core values
        if form == METHOD:
            parameters = [(THING, "borrow"), *parameters]
        place = TYPES if form != FREE else draw(st.sampled_from([TYPES, USER, WORLD]))
        function = Function(number, place, form, tuple(parameters), None)
        functions.append(draw(_with_result(function, result_kind, errors)))
        constructed = constructed or form == CONSTRUCTOR
    return functions


@st.composite
def _with_result(
    draw: st.DrawFn, function: Function, kind: st.SearchStrategy[Kind], errors: Sequence[Kind]
) -> Function:
    if function.form == CONSTRUCTOR:
        return replace(function, result=THING)
    shape = draw(st.sampled_from(["none", "plain", "plain", "fallible", "fallible"]))
    if shape == "plain":
        return replace(function, result=draw(kind))
    if shape == "fallible":
        ok, error = draw(st.none() | kind), draw(st.sampled_from(list(errors)) | kind)
        return replace(function, result=result_of(ok, error), ok=ok, error=error)
    return function
