"""Loading comes to an end whatever is loaded: bounds before anything is parsed, and of what compiling may take."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.runtime.bridge.encoding import COMPONENT_HEADER, name, section, unsigned, vector
from elastic_hal.runtime.bridge.errors import UnreadableBinaryError
from elastic_hal.runtime.compilation import LoadLimits
from elastic_hal.runtime.contents import bounds
from elastic_hal.runtime.contents.bounds import TooLargeError
from elastic_hal.runtime.contents.holdings import read_holdings
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import (
    ComponentError,
    CorruptComponentError,
    LargeComponentError,
    LoadingError,
    UnlinkableImportError,
    UnreadableError,
)
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.store_limits import BudgetError, divide
from elastic_hal.runtime.workload import Workload

Assemble = Callable[[str], bytes]
MAX_MESSAGE = 4_000
FUNCTION_TYPE = section(7, vector([b"\x40\0\x01\0"]))
EMPTY_MODULE = b"\0asm\x01\0\0\0"


def component(*parts: bytes) -> bytes:
    return COMPONENT_HEADER + b"".join(parts)


def imports(count: int, label: str = "i{}") -> bytes:
    every = (b"\0" + name(label.format(number)) + b"\x01\0" for number in range(count))
    return component(FUNCTION_TYPE, section(10, vector(every)))


def exports(count: int) -> bytes:
    one_import = section(10, vector([b"\0" + name("i") + b"\x01\0"]))
    every = (b"\0" + name(f"e{number}") + b"\x01\0\0" for number in range(count))
    return component(FUNCTION_TYPE, one_import, section(11, vector(every)))


def nested(levels: int) -> bytes:
    content = component()
    for _ in range(levels):
        content = component(section(4, content))
    return content


LARGE = {
    "imports, as many as the report says": (imports(16_000), "16000 imports"),
    "imports, more": (imports(50_000), "imports"),
    "imports in many sections": (
        component(FUNCTION_TYPE, *(section(10, vector([b"\0" + name(f"i{n}") + b"\x01\0"])) for n in range(3_000))),
        "imports",
    ),
    "exports": (exports(20_000), "20000 exports"),
    "types": (component(section(7, vector([b"\x40\0\x01\0"] * 60_000))), "60000 definitions"),
    "bytes of types": (
        component(section(7, vector([b"\x42" + vector([b"\x04\0" + name("x" * 600) + b"\x01\0"] * 1_000)]))),
        "bytes of type definitions",
    ),
    "instances": (
        component(section(4, component()), section(5, vector([b"\0\0\0"] * 2_000))),
        "instances of components",
    ),
    "core instances": (
        component(section(1, EMPTY_MODULE), section(2, vector([b"\0\0\0"] * 2_000))),
        "instances of core modules",
    ),
    "core modules": (component(*[section(1, EMPTY_MODULE)] * 1_500), "core modules"),
    "components within components": (nested(40), "levels"),
    "a great many components within components": (nested(5_000), "levels"),
    "a long name": (imports(1, "i" * 50_000 + "{}"), "a name of 50001"),
    "canonical definitions": (component(section(8, unsigned(60_000) + b"\0" * 60_000)), "60000 definitions"),
}


@pytest.mark.parametrize(("content", "reason"), LARGE.values(), ids=LARGE.keys())
def test_what_is_too_large_is_refused_before_it_is_parsed(
    engine: Engine, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_nothing(*_: object, **__: object) -> None:
        raise AssertionError("it came to be compiled")

    monkeypatch.setattr("elastic_hal.runtime.engine.compiled_within", compile_nothing)
    with pytest.raises(LargeComponentError, match=reason) as caught:
        engine.compile(content, "large")
    assert len(caught.value.message) < 300


MEMORIES = b"\0asm\x01\0\0\0" + section(5, vector([b"\0\x01"] * 2))
TABLES = b"\0asm\x01\0\0\0" + section(4, vector([b"\x70\0\x01"] * 50))


@pytest.mark.parametrize(("module", "count", "reason"), [(MEMORIES, 51, "102 memories"), (TABLES, 201, "10050 tables")])
def test_memories_and_tables_of_all_instances_have_a_bound(
    engine: Engine, module: bytes, count: int, reason: str
) -> None:
    content = component(section(1, module), section(2, vector([b"\0\0\0"] * count)))
    with pytest.raises(LargeComponentError, match=reason):
        engine.compile(content, "many")


@pytest.mark.parametrize("seed", range(20))
def test_a_binary_that_is_changed_at_random_is_read_or_refused(assemble: Assemble, seed: int) -> None:
    whole = assemble("""(component
        (import "a" (instance $a (export "f" (func)) (export "t" (type (sub resource)))))
        (core module $m (memory 1 3) (table 5 funcref) (table 3 funcref (ref.null func)) (func $f) (elem func $f)
            (global i32 (i32.const 3)) (tag) (type (array i8)) (data "abc"))
        (core instance (instantiate $m))
        (component $c (import "m" (core module $m)) (import "x" (instance $x)) (core instance (instantiate $m))
            (export "y" (instance $x)))
        (instance $e) (instance $k (instantiate $c (with "m" (core module $m)) (with "x" (instance $e))))
        (alias export $k "y" (instance $z)) (export "q" (instance $z))
        (component $d (alias outer 1 $m (core module $mm)) (core instance (instantiate $mm)))
        (instance (instantiate $d)) (instance (instantiate $d)))""")
    assert len(read_holdings(whole).memories) == 4
    chance = random.Random(seed)
    for _ in range(300):
        changed = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 5))):
            changed[chance.randrange(8, len(changed))] = chance.choice((chance.randrange(256), 0, 1, 127, 128, 255))
        with contextlib.suppress(TooLargeError, UnreadableBinaryError, BudgetError):
            divide(64 * 1024**2, read_holdings(bytes(changed)))


def test_a_component_that_is_too_large_as_a_file(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "large.wasm"
    with path.open("wb") as file:
        file.write(COMPONENT_HEADER)
        file.truncate(bounds.MAX_COMPONENT_BYTES + 1)
    with pytest.raises(UnreadableError, match=r"large\.wasm"):
        engine.load(path)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/stdin"])
def test_what_is_no_regular_file_is_not_read(engine: Engine, path: str) -> None:
    with pytest.raises(UnreadableError, match=r"not a regular file|cannot be read"):
        engine.load(Path(path))


@pytest.mark.parametrize("label", ["i{}", "ns:package/interface-{}@1.0.0", "i{}" + "-x" * 1_000])
def test_as_many_imports_as_there_may_be_are_told_in_a_short_message(engine: Engine, label: str) -> None:
    count = 2_000 if len(label) < 100 else 200

    def start() -> None:
        loaded = engine.compile(imports(count, label), "many")
        Workload(engine, loaded, Identity("many", loaded.digest)).run()

    with pytest.raises(ComponentError) as caught:
        start()
    assert len(caught.value.message) + len(caught.value.hint) < MAX_MESSAGE
    if isinstance(caught.value, UnlinkableImportError):
        assert f"and {count - 10} more" in caught.value.message
        assert len(caught.value.imports) == count


def test_a_valid_component_whose_holdings_cannot_be_told_is_refused(engine: Engine, assemble: Assemble) -> None:
    content = assemble("""(component
        (import "given" (core module $m)) (core instance (instantiate $m)))""")
    with pytest.raises(LargeComponentError, match="cannot tell how much memory"):
        engine.compile(content, "given")


def loops(depth: int) -> str:
    """A function that compilers take long for, much longer with each loop in it."""
    begins = "".join(f"(loop (local.set {number} (local.get {number + 1}))" for number in range(depth))
    return f"""(component (core module $m (func (export "x") (local {"i64 " * 2 * depth})
        {begins} (br_if 0 (i32.const 1)) {")" * depth})) (core instance (instantiate $m)))"""


@pytest.fixture(scope="module")
def slow() -> bytes:
    import wasmtime

    return bytes(wasmtime.wat2wasm(loops(9_000)))


def test_compiling_ends_at_its_bound_of_cpu_time(slow: bytes) -> None:
    engine = Engine(load_limits=LoadLimits(cpu_seconds=2))
    with pytest.raises(LoadingError, match="more than 2 seconds of CPU time"):
        engine.compile(slow, "slow")


def test_compiling_ends_at_its_bound_of_wall_time(slow: bytes) -> None:
    engine = Engine(load_limits=LoadLimits(wall_seconds=2))
    with pytest.raises(LoadingError, match="more than 2 seconds,"):
        engine.compile(slow, "slow")


def test_compiling_ends_at_its_bound_of_memory(slow: bytes) -> None:
    engine = Engine(load_limits=LoadLimits(memory_bytes=200 * 1024**2))
    with pytest.raises(LoadingError, match="the process that compiles this component ended") as caught:
        engine.compile(slow, "slow")
    assert "200MiB" in caught.value.hint


def children() -> set[str]:
    tasks = Path("/proc/self/task")
    return {child for task in tasks.iterdir() for child in (task / "children").read_text().split()}


def test_what_compiled_leaves_nothing_behind(slow: bytes) -> None:
    before, descriptors = children(), len(os.listdir("/proc/self/fd"))
    with pytest.raises(LoadingError):
        Engine(load_limits=LoadLimits(wall_seconds=1)).compile(slow, "slow")
    assert children() <= before
    assert len(os.listdir("/proc/self/fd")) <= descriptors


def test_ctrl_c_ends_the_process_that_compiles(slow: bytes) -> None:
    main, before = threading.get_ident(), children()
    over = threading.Event()

    def interrupt_it() -> None:
        while not children() - before and not over.wait(0.01):
            pass
        signal.pthread_kill(main, signal.SIGINT)

    watcher = threading.Thread(target=interrupt_it)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        watcher.start()
        with pytest.raises(KeyboardInterrupt):
            Engine().compile(slow, "slow")
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGINT, handler)
    for _ in range(600):
        if children() <= before:
            return
        over.clear()
        over.wait(0.1)
    pytest.fail("it goes on")


def medium(assemble: Assemble, text: str = "") -> bytes:
    """A component that is large enough to be compiled apart, and runs."""
    functions = "".join(f"(func (result i32) (i32.const {number}))" for number in range(5_000))
    return assemble(f"""(component {text}
        (core module $m {functions} (func (export "run") (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $exported)))""")


def test_what_is_compiled_in_another_process_runs_here(assemble: Assemble, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir(mode=0o700)
    for engine in (Engine(), Engine(tmp_path / "cache"), Engine(tmp_path / "cache")):
        loaded = engine.compile(medium(assemble), "medium")
        assert Workload(engine, loaded, Identity("medium", loaded.digest)).run().succeeded
    assert len(list((tmp_path / "cache").glob("*.cwasm"))) == 1


def test_what_another_process_refuses_is_the_same_error(engine: Engine, assemble: Assemble) -> None:
    valid = medium(assemble)
    broken = valid.replace(b"\x41\x07\x0b", b"\x42\x07\x0b")  # i64.const in a function that gives an i32
    with pytest.raises(CorruptComponentError, match=r"broken: invalid component: \D.*type mismatch"):
        engine.compile(broken, "broken")
    with pytest.raises(CorruptComponentError, match="truncated"):
        engine.compile(valid[:-5], "broken")
    reserved = medium(assemble, '(import "elastic-hal-bridge:runtime/window@1.0.0" (instance))')
    with pytest.raises(UnlinkableImportError) as caught:
        engine.compile(reserved, "reserved")
    assert len(caught.value.imports) == 1


def test_the_process_that_compiles_ends_with_its_parent(slow: bytes, tmp_path: Path) -> None:
    path = tmp_path / "slow.wasm"
    path.write_bytes(slow)
    program = """
import os, sys, threading, time
from pathlib import Path
from elastic_hal.runtime.engine import Engine
threading.Thread(target=Engine().load, args=(Path(sys.argv[1]),), daemon=True).start()
while True:
    for task in Path("/proc/self/task").iterdir():
        found = (task / "children").read_text().split()
        if found:
            print(found[0], flush=True)
            time.sleep(1)
            os._exit(0)
    time.sleep(0.01)
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    child = int(done.stdout)
    for _ in range(600):
        try:
            gone = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            gone = True
        if gone:
            return
        threading.Event().wait(0.1)
    pytest.fail("it goes on without its parent")
