"""Guests that stay to be called: what they have, what bounds them, how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import UnlinkableImportError
from elastic_hal.runtime.hosted import Hosted
from elastic_hal.runtime.limits import Limits

INTERFACE = "test:host/api@0.1.0"
GO: abi.Export[int] = abi.Export(None, "go", (), abi.u32)
Assemble = Callable[[str], bytes]


def exporting(body: str, core: str = "(memory 1)", imports: str = "", given: str = "") -> str:
    return f"""(component {imports}
        (core module $m {core} (func (export "go") (result i32) {body}))
        (core instance $i (instantiate $m {given}))
        (func $go (result u32) (canon lift (core func $i "go")))
        (export "go" (func $go)))"""


CALLING = {
    "imports": f"""(import "{INTERFACE}" (instance $api (export "call" (func (result u32)))))
        (core func $call (canon lower (func $api "call")))""",
    "core": '(import "h" "call" (func $call (result i32)))',
    "given": '(with "h" (instance (export "call" (func $call))))',
}


def link(linker: abi.Linker) -> None:
    with linker.instance(INTERFACE) as instance:
        instance.function("call", lambda: 7, (), abi.u32)


def go(hosted: Hosted) -> int:
    return abi.guest_instance(hosted.store, hosted.instance).call(GO)


def test_a_guest_is_called_as_often_as_the_host_likes(engine: Engine, assemble: Assemble) -> None:
    component = engine.compile(assemble(exporting("(call $call)", **CALLING)), "guest")
    with Hosted(engine, component, link) as hosted:
        guest = abi.guest_instance(hosted.store, hosted.instance)
        assert [guest.call(GO) for _ in range(3)] == [7, 7, 7]
    with pytest.raises(abi.GuestEndedError, match=r"its (store|linker) is closed"):
        guest.call(GO)
    hosted.close()


def test_what_is_not_linked_is_named(engine: Engine, assemble: Assemble) -> None:
    component = engine.compile(assemble(exporting("(call $call)", **CALLING)), "guest")
    with pytest.raises(UnlinkableImportError, match=INTERFACE):
        Hosted(engine, component)

    def link_another_form(linker: abi.Linker) -> None:
        with linker.instance(INTERFACE) as instance:
            instance.function("call-it", lambda: 7, (), abi.u32)

    with pytest.raises(UnlinkableImportError, match="in a form that this runtime does not provide"):
        Hosted(engine, component, link_another_form)


def test_memory_is_bounded(engine: Engine, assemble: Assemble) -> None:
    grow = engine.compile(assemble(exporting("(memory.grow (i32.const 31))")), "guest")
    with Hosted(engine, grow, limits=Limits(memory_bytes=32 * 65536)) as hosted:
        assert go(hosted) == 1
    with Hosted(engine, grow, limits=Limits(memory_bytes=16 * 65536)) as hosted:
        assert go(hosted) == 2**32 - 1
    with pytest.raises(abi.InstantiationError, match="memory"):
        Hosted(engine, engine.compile(assemble(exporting("i32.const 0", "(memory 17)")), "guest"), limits=Limits(2**20))


def test_a_guest_that_computes_is_stopped_from_another_thread(engine: Engine, assemble: Assemble) -> None:
    component = engine.compile(assemble(exporting("(loop $l (br $l)) i32.const 0")), "guest")
    with Hosted(engine, component) as hosted:
        timer = threading.Timer(0.05, hosted.interrupt.set)
        timer.start()
        with pytest.raises(abi.GuestTrap) as caught:
            go(hosted)
        timer.join()
    assert caught.value.kind is abi.TrapKind.INTERRUPTED


def test_a_guest_is_not_closed_while_it_runs(engine: Engine, assemble: Assemble) -> None:
    inside, leave, refused = threading.Event(), threading.Event(), []

    def call() -> int:
        with pytest.raises(abi.GuestBusyError, match="cannot be closed by a host function that it called") as caught:
            hosted.close()
        refused.append(caught.value)
        inside.set()
        assert leave.wait(600)
        return 7

    def link_closing(linker: abi.Linker) -> None:
        with linker.instance(INTERFACE) as instance:
            instance.function("call", call, (), abi.u32)

    component = engine.compile(assemble(exporting("(call $call)", **CALLING)), "guest")
    with Hosted(engine, component, link_closing) as hosted:
        results: list[int] = []
        thread = threading.Thread(target=lambda: results.append(go(hosted)))
        thread.start()
        assert inside.wait(600)
        with pytest.raises(abi.GuestBusyError, match="cannot be closed while it is running on another thread"):
            hosted.close()
        leave.set()
        thread.join()
        assert (results, len(refused)) == ([7], 1)


def test_a_start_that_traps_leaves_nothing_open(engine: Engine, assemble: Assemble) -> None:
    component = engine.compile(
        assemble("(component (core module $m (func $s unreachable) (start $s)) (core instance (instantiate $m)))"),
        "guest",
    )
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(abi.GuestTrap, match="its start trapped"):
            Hosted(engine, component)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
