"""Objects of a guest in the hands of the host, and objects of the host that it lends to a guest."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from hosted_guests.measuring import resident_bytes
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi import TrapKind
from elastic_hal.runtime.engine import Engine

THINGS = "test:host/things@0.1.0"
COUNTERS = "test:guest/counters@0.1.0"

# Counters are numbers. Dropping 13 traps; dropping 7 calls the host.
GUEST = f"""(component
    (import "{THINGS}" (instance $things
        (export "thing" (type $thing (sub resource)))
        (export "touch" (func (param "thing" (borrow $thing)) (result u32)))
        (export "notify" (func))))
    (alias export $things "thing" (type $thing))
    (core func $touch (canon lower (func $things "touch")))
    (core func $notify (canon lower (func $things "notify")))
    (core func $drop-thing (canon resource.drop $thing))
    (core module $d (import "h" "notify" (func $notify)) (global $drops (mut i32) (i32.const 0))
        (func (export "drop") (param i32)
            (global.set $drops (i32.add (global.get $drops) (i32.const 1)))
            (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
            (if (i32.eq (local.get 0) (i32.const 7)) (then (call $notify))))
        (func (export "drops") (result i32) (global.get $drops)))
    (core instance $d (instantiate $d (with "h" (instance (export "notify" (func $notify))))))
    (type $own-counter (resource (rep i32) (dtor (core func $d "drop"))))
    (core func $new (canon resource.new $own-counter))
    (core func $rep (canon resource.rep $own-counter))
    (core func $drop (canon resource.drop $own-counter))
    (core module $m
        (import "h" "new" (func $new (param i32) (result i32))) (import "h" "rep" (func $rep (param i32) (result i32)))
        (import "h" "drop" (func $drop (param i32))) (import "h" "touch" (func $touch (param i32) (result i32)))
        (import "h" "drop-thing" (func $drop-thing (param i32)))
        (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
        (func (export "value") (param i32) (result i32) (local.get 0))
        (func (export "take") (param i32 i32) (result i32) (local i32)
            (local.set 2 (i32.add (local.get 1) (call $rep (local.get 0)))) (call $drop (local.get 0)) (local.get 2))
        (func (export "touch") (param i32) (result i32)
            (call $touch (local.get 0)) (call $drop-thing (local.get 0)))
        (func (export "keep") (param i32) (result i32) (call $touch (local.get 0)))
        (func (export "same") (param i32) (result i32) (local.get 0)))
    (core instance $i (instantiate $m (with "h" (instance
        (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))
        (export "touch" (func $touch)) (export "drop-thing" (func $drop-thing))))))
    (func $make (param "v" u32) (result (own $own-counter)) (canon lift (core func $i "make")))
    (func $value (param "self" (borrow $own-counter)) (result u32) (canon lift (core func $i "value")))
    (func $take (param "c" (own $own-counter)) (param "and" (borrow $own-counter)) (result u32)
        (canon lift (core func $i "take")))
    (component $exports
        (import "counter" (type $counter (sub resource)))
        (import "make" (func $make (param "v" u32) (result (own $counter))))
        (import "value" (func $value (param "self" (borrow $counter)) (result u32)))
        (import "take" (func $take (param "c" (own $counter)) (param "and" (borrow $counter)) (result u32)))
        (export $exported "counter" (type $counter))
        (export "[constructor]counter" (func $make) (func (param "v" u32) (result (own $exported))))
        (export "[method]counter.value" (func $value) (func (param "self" (borrow $exported)) (result u32)))
        (export "take" (func $take)
            (func (param "c" (own $exported)) (param "and" (borrow $exported)) (result u32))))
    (instance $exports (instantiate $exports (with "counter" (type $own-counter)) (with "make" (func $make))
        (with "value" (func $value)) (with "take" (func $take))))
    (export "{COUNTERS}" (instance $exports))
    (func $touch-it (param "t" (borrow $thing)) (result u32) (canon lift (core func $i "touch")))
    (func $keep (param "t" (borrow $thing)) (result u32) (canon lift (core func $i "keep")))
    (func $eat (param "t" (own $thing)) (result u32) (canon lift (core func $i "touch")))
    (func $same (param "t" (own $thing)) (result (own $thing)) (canon lift (core func $i "same")))
    (func $drops (result u32) (canon lift (core func $d "drops")))
    (export "touch" (func $touch-it)) (export "keep" (func $keep)) (export "eat" (func $eat))
    (export "same" (func $same)) (export "drops" (func $drops)))"""


class Counter(abi.GuestResource):
    def value(self) -> int:
        return self._guest.call(VALUE, self)


class Thing(abi.Resource):
    dropped = 0

    def drop(self) -> None:
        self.dropped += 1


class NeverLinked(abi.Resource):
    pass


MAKE: abi.Export[Counter] = abi.Export(COUNTERS, "[constructor]counter", (abi.u32,), abi.guest_own(Counter))
VALUE: abi.Export[int] = abi.Export(COUNTERS, "[method]counter.value", (abi.guest_borrow(Counter),), abi.u32)
TAKE: abi.Export[int] = abi.Export(COUNTERS, "take", (abi.guest_own(Counter), abi.guest_borrow(Counter)), abi.u32)
TOUCH: abi.Export[int] = abi.Export(None, "touch", (abi.borrow(Thing),), abi.u32)
KEEP: abi.Export[int] = abi.Export(None, "keep", (abi.borrow(Thing),), abi.u32)
EAT: abi.Export[int] = abi.Export(None, "eat", (abi.own(Thing),), abi.u32)
SAME: abi.Export[Thing] = abi.Export(None, "same", (abi.own(Thing),), abi.own(Thing))
DROPS: abi.Export[int] = abi.Export(None, "drops", (), abi.u32)


class Started:
    """A guest, with the host that it calls."""

    def __init__(self, engine: Engine, component: wasm_component.Component, handles: int = 100) -> None:
        self.touched: list[Any] = []
        self.notified: Callable[[], None] = lambda: None
        self.linker = abi.Linker(engine.wasm, handles=handles)
        with self.linker.instance(THINGS) as instance:
            instance.resource("thing", Thing)
            instance.function("touch", self.touch, (abi.borrow(Thing),), abi.u32)
            instance.function("notify", self.notify)
        self.store = wasmtime.Store(engine.wasm)
        self.store.set_epoch_deadline(10**9)
        self.instance = self.linker.instantiate(self.store, component)
        self.guest = abi.guest_instance(self.store, self.instance)

    def touch(self, thing: Thing) -> int:
        self.touched.append(thing)
        return len(self.touched)

    def notify(self) -> None:
        self.notified()


@pytest.fixture(scope="module")
def component(engine: Engine) -> wasm_component.Component:
    return wasm_component.Component(engine.wasm, wasmtime.wat2wasm(GUEST))


@pytest.fixture
def start(engine: Engine, component: wasm_component.Component) -> Callable[..., Started]:
    return lambda **options: Started(engine, component, **options)


def test_close_runs_the_destructor_once(start: Callable[..., Started]) -> None:
    guest = start().guest
    with guest.call(MAKE, 5) as counter:
        assert counter.value() == 5
        assert guest.call(DROPS) == 0
    assert guest.call(DROPS) == 1
    counter.close()
    with pytest.raises(abi.GuestResourceError, match="this Counter is closed"):
        counter.value()
    assert guest.call(DROPS) == 1


def test_an_object_that_nobody_closes_is_dropped_before_a_later_call(start: Callable[..., Started]) -> None:
    guest = start().guest
    guest.call(MAKE, 5)
    gc.collect()
    assert guest.call(DROPS) == 1


def test_what_is_given_away_is_the_guests(start: Callable[..., Started]) -> None:
    guest = start().guest
    given, lent = guest.call(MAKE, 5), guest.call(MAKE, 6)
    assert guest.call(TAKE, given, lent) == 11
    assert guest.call(DROPS) == 1
    with pytest.raises(abi.GuestResourceError, match="given away"):
        guest.call(TAKE, given, lent)
    given.close()
    assert lent.value() == 6
    lent.close()
    assert guest.call(DROPS) == 2


def test_given_away_and_lent_in_one_call(start: Callable[..., Started]) -> None:
    guest = start().guest
    counter = guest.call(MAKE, 5)
    with pytest.raises(abi.GuestResourceError, match="given away"):
        guest.call(TAKE, counter, counter)
    reversed_take: abi.Export[int] = abi.Export(
        COUNTERS, "take", (abi.guest_borrow(Counter), abi.guest_own(Counter)), abi.u32
    )
    with pytest.raises(abi.GuestResourceError, match="is lent"):
        guest.call(reversed_take, counter, counter)
    assert counter.value() == 5, "neither call took place"
    counter.close()


def test_a_handle_of_another_guest(start: Callable[..., Started]) -> None:
    one, other = start(), start()
    counter = one.guest.call(MAKE, 5)
    with pytest.raises(abi.GuestResourceError, match="belongs to another guest"):
        other.guest.call(VALUE, counter)
    sibling = abi.guest_instance(one.store, one.linker.instantiate(one.store, component_of(one)))
    with pytest.raises(abi.GuestResourceError, match="belongs to another guest"):
        sibling.call(VALUE, counter)
    assert abi.guest_instance(one.store, one.instance).call(VALUE, counter) == 5
    assert other.guest.call(DROPS) == sibling.call(DROPS) == 0


def component_of(started: Started) -> wasm_component.Component:
    return wasm_component.Component(started.store.engine, wasmtime.wat2wasm(GUEST))


def test_a_guests_object_is_no_host_object(start: Callable[..., Started]) -> None:
    guest = start().guest
    with guest.call(MAKE, 5) as counter:
        with pytest.raises(abi.LoweringError, match="borrow<Thing>"):
            guest.call(TOUCH, counter)
        with pytest.raises(abi.LoweringError, match="borrow<Counter>"):
            guest.call(VALUE, Thing())


def test_a_destructor_that_traps(start: Callable[..., Started]) -> None:
    guest = start().guest
    bad, other = guest.call(MAKE, 13), guest.call(MAKE, 1)
    with pytest.raises(abi.GuestTrap, match="drop of a Counter trapped") as caught:
        bad.close()
    assert caught.value.kind is TrapKind.UNREACHABLE
    bad.close()
    other.close()
    with pytest.raises(abi.GuestEndedError, match="drop of a Counter trapped"):
        guest.call(DROPS)


def test_a_destructor_that_traps_for_an_object_that_nobody_closed(start: Callable[..., Started]) -> None:
    guest = start().guest
    guest.call(MAKE, 13)
    gc.collect()
    with pytest.raises(abi.GuestTrap, match="an object that nobody closed trapped"):
        guest.call(DROPS)
    with pytest.raises(abi.GuestEndedError):
        guest.call(DROPS)


def test_closing_while_the_guest_runs_waits_for_the_next_call(start: Callable[..., Started]) -> None:
    started = start()
    first, second = started.guest.call(MAKE, 7), started.guest.call(MAKE, 1)
    started.notified = second.close
    first.close()
    assert started.guest.call(DROPS) == 2
    with pytest.raises(abi.GuestResourceError, match="closed"):
        second.value()


def test_a_keyboard_interrupt_in_a_destructor(start: Callable[..., Started]) -> None:
    started = start()
    counter = started.guest.call(MAKE, 7)

    def stop() -> None:
        raise KeyboardInterrupt

    started.notified = stop
    with pytest.raises(KeyboardInterrupt):
        counter.close()


def test_objects_outlive_their_store(start: Callable[..., Started]) -> None:
    started = start()
    closed, forgotten = started.guest.call(MAKE, 5), started.guest.call(MAKE, 6)
    started.store.close()
    with pytest.raises(abi.GuestEndedError, match="its store is closed"):
        closed.value()
    closed.close()
    del forgotten
    gc.collect()


def test_what_the_host_lends_is_back_after_the_call(start: Callable[..., Started]) -> None:
    started, thing = start(), Thing()
    for number in range(1, 4):
        assert started.guest.call(TOUCH, thing) == number
        assert len(started.linker.table) == 0
    assert started.touched == [thing] * 3
    assert thing.dropped == 0


def test_a_guest_that_keeps_what_it_was_lent(start: Callable[..., Started]) -> None:
    started, thing = start(), Thing()
    with pytest.raises(abi.GuestTrap, match="borrow handles still remain") as caught:
        started.guest.call(KEEP, thing)
    assert caught.value.kind is TrapKind.BAD_HANDLE
    assert len(started.linker.table) == 0
    assert thing.dropped == 0


def test_what_the_host_gives_away(start: Callable[..., Started]) -> None:
    started, thing = start(), Thing()
    assert started.guest.call(SAME, thing) is thing
    assert (len(started.linker.table), thing.dropped) == (0, 0)
    assert started.guest.call(EAT, thing) == 1
    assert (len(started.linker.table), thing.dropped) == (0, 1)


def test_what_cannot_be_lent_or_given(start: Callable[..., Started]) -> None:
    started, thing = start(handles=1), Thing()
    for export in (TOUCH, EAT):
        with pytest.raises(abi.LoweringError, match="<Thing>"):
            started.guest.call(export, "no thing")
    for codec in (abi.borrow(NeverLinked), abi.own(NeverLinked)):
        with pytest.raises(abi.LinkError, match="NeverLinked"):
            started.guest.call(abi.Export(None, "touch", (codec,), abi.u32), NeverLinked())
    started.linker.table.insert(Thing())
    for export in (TOUCH, EAT):
        with pytest.raises(abi.HandleLimitError):
            started.guest.call(export, thing)
    assert thing.dropped == 0, "it is still the host's"


def test_nothing_is_held_after_many_calls(start: Callable[..., Started]) -> None:
    """Handles are taken back on every path, so that wasmtime's table of the host's handles does not grow."""
    started, thing = start(handles=2), Thing()
    two: abi.Export[int] = abi.Export(None, "touch", (abi.list_(abi.borrow(Thing)),), abi.u32)
    for _ in range(500):
        started.guest.call(TOUCH, thing)
        started.guest.call(SAME, thing)
        with pytest.raises(abi.LoweringError):
            started.guest.call(two, [thing, None])
        with pytest.raises(abi.HandleLimitError):
            started.guest.call(two, [thing] * 3)
        with started.guest.call(MAKE, 1) as counter:
            counter.value()
    assert len(started.linker.table) == 0
    assert started.guest.call(DROPS) == 500
    assert thing.dropped == 0


def test_wasmtime_holds_nothing_of_calls_that_did_not_take_place(start: Callable[..., Started]) -> None:
    started, things = start(handles=1000), [Thing() for _ in range(1000)]
    many: tuple[abi.Export[int], ...] = (
        abi.Export(None, "touch", (abi.list_(abi.borrow(Thing)),), abi.u32),
        abi.Export(None, "eat", (abi.list_(abi.own(Thing)),), abi.u32),
    )

    def work(rounds: int) -> None:
        for export in many * rounds:
            with pytest.raises(abi.HandleLimitError):
                started.guest.call(export, [*things, things[0]])

    work(10)
    gc.collect()
    before = resident_bytes()
    work(100)
    assert resident_bytes() - before < 1024**2
    assert len(started.linker.table) == 0
    assert not any(thing.dropped for thing in things)
