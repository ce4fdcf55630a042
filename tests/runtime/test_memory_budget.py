"""One budget for all that a workload holds: memories, tables, elements, instances, collected objects."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.runtime import abi
from elastic_hal.runtime.bridge.encoding import unsigned
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import LargeComponentError
from elastic_hal.runtime.hosted import Hosted
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.store_limits import FREE_BYTES, FREE_COMPONENT_BYTES

Run = Callable[..., Outcome]
Assemble = Callable[[str], bytes]
MIB = 1024**2
PAGE = 65536
ENTRY = """
    (core module $entry (func (export "run") (result i32) (i32.const 0)))
    (core instance $run (instantiate $entry))
    (func $run (result (result)) (canon lift (core func $run "run")))
    (instance $exported (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $exported))"""


def many_tables(tables: int, elements: int, instances: int) -> str:
    """Tables that a start function fills, so that the host really has to hold them."""
    fill = "(table.fill {} (i32.const 0) (ref.func $f) (i32.const {}))"
    return f"""(component (core module $m
        {f"(table {elements} funcref)" * tables}
        (func $f) (elem declare func $f)
        (func $start {"".join(fill.format(index, elements) for index in range(tables))})
        (start $start))
    {"(core instance (instantiate $m))" * instances} {ENTRY})"""


def grown(size: int) -> str:
    """Whether a memory could grow to so many pages."""
    return f"(i32.ne (memory.grow {{}} (i32.const {size - 1})) (i32.const -1))"


def several_memories(declared: tuple[str, ...], pages: int, wanted: int) -> str:
    """A command that succeeds if so many of its memories grow to so many pages."""
    calls = "".join(grown(pages).format(index) for index in range(len(declared)))
    adds = "i32.add " * (len(declared) - 1)
    memories = "".join(f"(memory {limits})" for limits in declared)
    return f"""(component
        (core module $m {memories} (func (export "run") (result i32)
            {calls} {adds} (i32.ne (i32.const {wanted}))))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $exported)))"""


PROGRAM = """
import resource, sys
from pathlib import Path
from elastic_hal.runtime.bridge.encoding import unsigned
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.workload import Workload

engine = Engine()
component = engine.load(Path(sys.argv[1]))
limits = Limits(memory_bytes=64 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
outcome = Workload(engine, component, Identity("guest", component.digest), limits=limits).run()
print(outcome.reason, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before >> 10)
print(outcome.message)
"""


def in_a_process_of_its_own(content: bytes, folder: Path) -> tuple[str, int, str]:
    """How a workload ends that may have 64 MiB, by how many MiB the process grew, and what is said about it."""
    path = folder / "guest.wasm"
    path.write_bytes(content)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
    first, message = done.stdout.splitlines()[:2]
    reason, grown_by = first.split()
    return reason, int(grown_by), message


def test_a_hundred_tables_in_three_instances(assemble: Assemble, tmp_path: Path) -> None:
    reason, grown_by, message = in_a_process_of_its_own(assemble(many_tables(100, 1_000_000, 3)), tmp_path)
    assert reason == "memory"
    assert grown_by < 64
    assert "64MiB" in message
    assert "300 tables" in message


@pytest.mark.parametrize(
    ("tables", "elements", "instances"), [(1, 1_000_000, 9), (7, 1_000_000, 1), (1, 7_900_000, 1), (100, 85_000, 1)]
)
def test_tables_within_the_budget_are_there(
    assemble: Assemble, tmp_path: Path, tables: int, elements: int, instances: int
) -> None:
    reason, grown_by, _ = in_a_process_of_its_own(assemble(many_tables(tables, elements, instances)), tmp_path)
    assert reason == "exited"
    assert grown_by < 64 + FREE_BYTES // MIB + 16


def test_tables_that_grow_share_what_is_free(assemble: Assemble, tmp_path: Path) -> None:
    grow = "(drop (table.grow {} (ref.func $f) (i32.const 900000)))"
    content = assemble(f"""(component (core module $m {"(table 1 funcref)" * 50}
        (func $f) (elem declare func $f)
        (func $start {"".join(grow.format(index) for index in range(50))}) (start $start))
        {"(core instance (instantiate $m))" * 5} {ENTRY})""")
    reason, grown_by, _ = in_a_process_of_its_own(content, tmp_path)
    assert reason == "exited"
    assert grown_by < 64


def test_one_table_grows_as_before(run: Run, command: Callable[..., bytes]) -> None:
    body = "(i32.ne (table.grow 0 (ref.null func) (i32.const 900000)) (i32.const 1))"
    assert run(command(body, core="(memory 1) (table 1 funcref)")).succeeded


def test_elements_of_many_instances_count(assemble: Assemble, tmp_path: Path) -> None:
    content = assemble(f"""(component (core module $m (func $f) (elem func {"$f " * 1_000_000}))
        {"(core instance (instantiate $m))" * 30} {ENTRY})""")
    reason, grown_by, message = in_a_process_of_its_own(content, tmp_path)
    assert reason == "memory"
    assert grown_by < 64
    assert "records" in message


@pytest.mark.parametrize("item", ["(global (mut i64) (i64.const 1))", "(func)"])
def test_records_of_many_instances_count(run: Run, assemble: Assemble, item: str) -> None:
    content = f"(component (core module $m {item * 10_000}) {{}} {ENTRY})"
    one = "(core instance (instantiate $m))"
    limits = Limits(memory_bytes=MIB)
    assert run(assemble(content.format(one)), limits=limits).succeeded
    outcome = run(assemble(content.format(one * 900)), limits=limits)
    assert outcome.reason == "memory"


def test_four_memories_have_the_limit_together(run: Run, assemble: Assemble) -> None:
    limits = Limits(memory_bytes=40 * PAGE)
    assert run(assemble(several_memories(("1",), 40, 1)), limits=limits).succeeded
    assert run(assemble(several_memories(("1",) * 4, 11, 0)), limits=limits).succeeded
    assert run(assemble(several_memories(("1",) * 4, 10, 4)), limits=limits).succeeded
    # Two that never need their part leave it to the others.
    assert run(assemble(several_memories(("1 2", "1 2", "1", "1"), 18, 2)), limits=limits).succeeded
    assert run(assemble(several_memories(("1 2", "1 2", "1", "1"), 19, 0)), limits=limits).succeeded


def test_memories_of_nested_components_and_several_instances_count(run: Run, assemble: Assemble) -> None:
    content = assemble(f"""(component
        (component $inner (core module $m (memory 10))
            (core instance (instantiate $m)) (core instance (instantiate $m)))
        {"(instance (instantiate $inner))" * 4} {ENTRY})""")
    outcome = run(content, limits=Limits(memory_bytes=79 * PAGE))
    assert outcome.reason == "memory"
    assert "8 memories" in outcome.message
    assert run(content, limits=Limits(memory_bytes=80 * PAGE)).succeeded


def test_modules_that_are_handed_on_are_counted_where_they_are_instantiated(run: Run, assemble: Assemble) -> None:
    content = assemble(f"""(component
        (core module $large (memory 50))
        (core module $small (memory 1))
        (component $user (import "module" (core module $m)) (core instance (instantiate $m)))
        (component $giver (alias outer 1 $large (core module $m)) (export "given" (core module $m)))
        (instance $given (instantiate $giver))
        (alias export $given "given" (core module $again))
        (instance (instantiate $user (with "module" (core module $small))))
        (instance (instantiate $user (with "module" (core module $again)))) {ENTRY})""")
    outcome = run(content, limits=Limits(memory_bytes=50 * PAGE))
    assert outcome.reason == "memory"
    assert "2 memories" in outcome.message
    assert run(content, limits=Limits(memory_bytes=100 * PAGE)).succeeded


def test_collected_objects_count_as_a_memory(run: Run, assemble: Assemble) -> None:
    content = """(component (core module $m (type $bytes (array (mut i8))) (memory 1)
            (global $kept (mut (ref null $bytes)) (ref.null $bytes))
            (func (export "run") (result i32)
                (global.set $kept (array.new_default $bytes (i32.const {size}))) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $exported)))"""
    limits = Limits(memory_bytes=8 * MIB)
    assert run(assemble(content.replace("{size}", str(MIB))), limits=limits).succeeded
    assert not run(assemble(content.replace("{size}", str(6 * MIB))), limits=limits).succeeded


def test_components_that_double_with_each_level_are_refused_at_once(engine: Engine, assemble: Assemble) -> None:
    levels = "(component $c0 (core module $m (memory 1)) (core instance (instantiate $m)))"
    for level in range(1, 25):
        inner = f"(alias outer 1 $c{level - 1} (component $x))"
        levels += f"(component $c{level} {inner} {'(instance (instantiate $x))' * 2})"
    content = assemble(f"(component {levels} (instance (instantiate $c24)) {ENTRY})")
    with pytest.raises(LargeComponentError, match="instances"):
        engine.compile(content, "doubling")


def test_a_large_component_counts(run: Run, assemble: Assemble) -> None:
    padding = unsigned(FREE_COMPONENT_BYTES + 10 * MIB) + bytes(FREE_COMPONENT_BYTES + 10 * MIB)
    content = assemble(f"(component (core module $m (memory 1)) (core instance (instantiate $m)) {ENTRY})")
    content += b"\0" + padding  # a custom section with an empty name
    outcome = run(content, limits=Limits(memory_bytes=10 * MIB))
    assert outcome.reason == "memory"
    assert "of component" in outcome.message
    assert run(content, limits=Limits(memory_bytes=11 * MIB)).succeeded


def test_a_hosted_guest_has_one_budget_too(engine: Engine, assemble: Assemble) -> None:
    component = engine.compile(
        assemble("(component (core module $m (memory 20) (memory 20)) (core instance (instantiate $m)))"), "two"
    )
    with pytest.raises(abi.InstantiationError, match="2 memories"):
        Hosted(engine, component, limits=Limits(memory_bytes=39 * PAGE))
    Hosted(engine, component, limits=Limits(memory_bytes=40 * PAGE)).close()
