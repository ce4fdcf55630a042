"""The bytes bridge is invisible: random interfaces, values, providers and guests, each with and without it."""

import tempfile
from pathlib import Path
from typing import Any

from equivalence.guests import Poke, Realloc, component, random_functions
from equivalence.hosts import Host, calls
from equivalence.kinds import ERRORS, kinds
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from elastic_hal.runtime.engine import Engine

ENGINE = Engine()
FUNCTIONS = random_functions(kinds(), kinds(leaves=4), ERRORS)
ENCODINGS = st.sampled_from(["utf8", "utf8", "utf16", "compact-utf16"])
WORDS = st.sampled_from([0, 1, 2, 3, 8, 1024, 65535, 65536, 0xD800, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
REALLOCS = st.builds(Realloc, st.sampled_from(["misaligned", "beyond", "zero", "traps"]), st.integers(0, 6))
POKES = st.lists(st.tuples(st.integers(0, 40), WORDS), min_size=1, max_size=2).map(tuple).map(Poke)


def compare(data: st.DataObject, realloc: Realloc, poke: Poke, examples: Any = FUNCTIONS) -> None:
    functions = data.draw(examples)
    assume(any(function.bytes for function in functions))
    wanted = data.draw(calls(functions))
    handles = data.draw(st.sampled_from([1000, 1000, 5]))
    with tempfile.TemporaryDirectory() as folder:
        content = component(Path(folder), functions, realloc, poke, data.draw(ENCODINGS))
    hosts = [Host(ENGINE, content, functions, bridge=choice, handles=handles) for choice in (False, True)]
    assert [host.component.bridged for host in hosts] == [False, True]
    without, bridged = (host.run(wanted) for host in hosts)
    event("trapped" if any(line.startswith("trap") for line in without) else "completed")
    assert list(map(told, bridged)) == list(map(told, without))


def told(line: str) -> str:
    """A pointer may be wrong in two ways at once; which of them wasmtime finds first is its own business."""
    return line.replace(
        "a pointer of the guest is not aligned", "a string or list of the guest is out of bounds of memory"
    )


SEARCH = settings(
    max_examples=settings.default.max_examples // 4,  # each compiles two components; a soak run has many more
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@SEARCH
@given(data=st.data())
def test_the_same_calls_with_and_without_the_bridge(data: st.DataObject) -> None:
    compare(data, Realloc(), Poke())


@SEARCH
@given(data=st.data(), realloc=REALLOCS)
def test_guests_that_allocate_badly(data: st.DataObject, realloc: Realloc) -> None:
    compare(data, realloc, Poke())


@SEARCH
@given(data=st.data(), poke=POKES)
def test_guests_that_pass_rubbish(data: st.DataObject, poke: Poke) -> None:
    compare(data, Realloc(), poke)
