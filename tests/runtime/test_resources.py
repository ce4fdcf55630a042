"""The life of a handle, through guests that use it well and badly."""

from collections.abc import Callable

import pytest

from elastic_hal.runtime import abi
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.workload import Workload

INTERFACE = "test:host/things@0.1.0"
Run = Callable[..., Outcome]


class Thing(abi.Resource):
    def __init__(self, host: "Host") -> None:
        self.host = host
        self.number = len(host.made)
        host.made.append(self)

    def touch(self) -> int:
        self.host.touched.append(self.number)
        return self.number

    def drop(self) -> None:
        self.host.dropped.append(self.number)


class Other(abi.Resource):
    pass


class Host:
    """Provides things, and keeps account of them."""

    def __init__(self) -> None:
        self.made: list[Thing] = []
        self.touched: list[int] = []
        self.dropped: list[int] = []
        self.eaten: list[int] = []

    def eat(self, thing: Thing, number: int) -> None:
        self.eaten.append(thing.number)

    def link(self, linker: abi.Linker, workload: Workload) -> None:
        with linker.instance(INTERFACE) as instance:
            instance.resource("thing", Thing)
            instance.static("[static]thing.make", lambda: Thing(self), (), abi.own(Thing))
            instance.static("[static]thing.same", lambda thing: thing, (abi.borrow(Thing),), abi.own(Thing))
            instance.method("[method]thing.touch", "touch", (abi.borrow(Thing),), abi.u32)
            instance.function("eat", self.eat, (abi.own(Thing), abi.u8))


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def guest(command: Callable[..., bytes]) -> Callable[..., bytes]:
    """A guest whose body may use $make, $same, $touch, $eat and $drop."""

    def make(body: str, eat_second: str = "u8") -> bytes:
        imports = f"""(import "{INTERFACE}" (instance $things
            (export "thing" (type $thing (sub resource)))
            (export "[static]thing.make" (func (result (own $thing))))
            (export "[static]thing.same" (func (param "thing" (borrow $thing)) (result (own $thing))))
            (export "[method]thing.touch" (func (param "self" (borrow $thing)) (result u32)))
            (export "eat" (func (param "thing" (own $thing)) (param "number" {eat_second})))))
            (alias export $things "thing" (type $thing))
            (core func $make (canon lower (func $things "[static]thing.make")))
            (core func $same (canon lower (func $things "[static]thing.same")))
            (core func $touch (canon lower (func $things "[method]thing.touch")))
            (core func $eat (canon lower (func $things "eat")))
            (core func $drop (canon resource.drop $thing))"""
        core = """(import "h" "make" (func $make (result i32)))
            (import "h" "same" (func $same (param i32) (result i32)))
            (import "h" "touch" (func $touch (param i32) (result i32))) (import "h" "eat" (func $eat (param i32 i32)))
            (import "h" "drop" (func $drop (param i32))) (memory 1)"""
        given = " ".join(f'(export "{name}" (func ${name}))' for name in ("make", "same", "touch", "eat", "drop"))
        return command(
            f"(local $a i32) (local $b i32) {body} i32.const 0", imports, core, f'(with "h" (instance {given}))'
        )

    return make


MAKE = "(local.set $a (call $make))"
TOUCH = "(drop (call $touch (local.get $a)))"
DROP = "(call $drop (local.get $a))"
EAT = "(call $eat (local.get $a) (i32.const 1))"


def test_a_dropped_handle_drops_its_object_once(run: Run, host: Host, guest: Callable[..., bytes]) -> None:
    assert run(guest(MAKE + TOUCH + DROP), link=host.link).succeeded
    assert (host.touched, host.dropped) == ([0], [0])


def test_the_end_drops_what_is_alive_last_made_first(run: Run, host: Host, guest: Callable[..., bytes]) -> None:
    assert run(guest(MAKE * 4 + DROP), link=host.link).succeeded
    assert host.dropped == [3, 2, 1, 0]


def test_a_trap_drops_what_is_alive(run: Run, host: Host, guest: Callable[..., bytes]) -> None:
    assert run(guest(MAKE + "unreachable"), link=host.link).reason == "trapped"
    assert host.dropped == [0]


def test_an_own_parameter_is_the_providers(run: Run, host: Host, guest: Callable[..., bytes]) -> None:
    assert run(guest(MAKE + EAT), link=host.link).succeeded
    assert (host.eaten, host.dropped) == ([0], [])


@pytest.mark.parametrize("misuse", [DROP + TOUCH, DROP + DROP, EAT + TOUCH, EAT + EAT, DROP + EAT, EAT + DROP])
def test_a_handle_is_not_used_after_it_is_gone(run: Run, host: Host, guest: Callable[..., bytes], misuse: str) -> None:
    outcome = run(guest(MAKE + misuse), link=host.link)
    assert outcome.reason == "trapped"
    assert "handle" in outcome.message
    assert len(host.eaten) + len(host.dropped) == 1


@pytest.mark.parametrize("handle", ["0", "2", "77", "-1"])
def test_invented_handles_trap(run: Run, host: Host, guest: Callable[..., bytes], handle: str) -> None:
    body = f"(local.set $a (i32.const {handle}))"
    for use in (TOUCH, DROP, EAT):
        assert run(guest(body + use), link=host.link).reason == "trapped"
    assert not host.touched + host.dropped + host.eaten


def test_an_object_behind_two_handles_is_dropped_with_the_last(
    run: Run, host: Host, guest: Callable[..., bytes]
) -> None:
    body = MAKE + "(local.set $b (call $same (local.get $a)))" + DROP
    assert run(guest(body + "(drop (call $touch (local.get $b)))"), link=host.link).succeeded
    assert (host.touched, host.dropped) == ([0], [0])


def test_an_own_parameter_is_dropped_when_another_parameter_is_wrong(
    run: Run, host: Host, guest: Callable[..., bytes]
) -> None:
    assert run(guest(MAKE + EAT, eat_second="u16"), link=host.link).reason == "trapped"
    assert (host.eaten, host.dropped) == ([], [0])


def test_the_limit_of_handles_traps_where_there_is_no_error_case(
    run: Run, host: Host, guest: Callable[..., bytes]
) -> None:
    outcome = run(guest(MAKE * 4), link=host.link, limits=Limits(handles=3))
    assert outcome.reason == "trapped"
    assert "3 handles" in outcome.message
    assert sorted(host.dropped) == [0, 1, 2, 3]


def test_dropping_makes_room_for_more(run: Run, host: Host, guest: Callable[..., bytes]) -> None:
    assert run(guest((MAKE + DROP) * 5), link=host.link, limits=Limits(handles=1)).succeeded


def test_a_drop_that_fails_does_not_stop_the_guest(
    run: Run, host: Host, guest: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(thing: Thing) -> None:
        raise OSError("disk on fire")

    monkeypatch.setattr(Thing, "drop", fail)
    assert run(guest(MAKE + DROP + MAKE), link=host.link).succeeded
    assert caplog.text.count("drop of Thing failed") == 2


def test_the_table_checks_class_and_life() -> None:
    table = abi.ResourceTable(2)
    rep = table.insert(Other())
    with pytest.raises(abi.HandleError, match="Thing"):
        table.get(rep, Thing)
    table.drop(rep)
    table.drop(rep)
    with pytest.raises(abi.HandleError):
        table.take(rep, Other)
    assert len(table) == 0


def test_representations_wrap_around_without_meeting_live_ones() -> None:
    table = abi.ResourceTable(10)
    first = table.insert(Other())
    table._next_rep = 2**32 - 1
    assert table.insert(Other()) == 2**32 - 1
    second = table.insert(Other())
    assert second not in (0, first)


def test_a_resource_that_no_interface_defines_cannot_be_returned() -> None:
    context = abi.Context(abi.ResourceTable(1))
    with pytest.raises(abi.LinkError, match="Other"):
        abi.own(Other).lower(Other(), 0, context)
    with pytest.raises(abi.LoweringError, match="own<Other>"):
        abi.own(Other).lower("text", 0, context)  # type: ignore[arg-type]
    with pytest.raises(abi.LoweringError, match="cannot be returned"):
        abi.borrow(Other).lower(Other(), 0, context)


def test_limit_exceeded_is_returned_where_the_error_type_has_it(run: Run, command: Callable[..., bytes]) -> None:
    class LimitExceeded(Exception):
        def __init__(self, value: str) -> None:
            super().__init__(value)
            self.value = value

    error = abi.variant((("limit-exceeded", LimitExceeded, abi.string),))
    dropped: list[int] = []

    class Counted(abi.Resource):
        def drop(self) -> None:
            dropped.append(1)

    def link(linker: abi.Linker, workload: Workload) -> None:
        with linker.instance(INTERFACE) as instance:
            instance.resource("counted", Counted)
            instance.function("make", Counted, (), abi.fallible(abi.own(Counted), error, (LimitExceeded,)))

    imports = f"""(import "{INTERFACE}" (instance $api (export "counted" (type $c (sub resource)))
        (type $d (variant (case "limit-exceeded" string))) (export "error" (type $e (eq $d)))
        (export "make" (func (result (result (own $c) (error $e)))))))
        (core module $memory (memory (export "m") 1)
            (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
        (core instance $memory (instantiate $memory))
        (core func $make (canon lower (func $api "make") (memory (core memory $memory "m"))
            (realloc (core func $memory "r"))))"""
    body = "(call $make (i32.const 0)) (call $make (i32.const 16)) (i32.ne (i32.load8_u (i32.const 16)) (i32.const 1))"
    core = '(import "h" "make" (func $make (param i32))) (import "memory" "m" (memory 1))'
    given = '(with "memory" (instance $memory)) (with "h" (instance (export "make" (func $make))))'
    content = command(body, imports, core, given)
    assert run(content, link=link, limits=Limits(handles=1)).exit_code == 0
    assert len(dropped) == 2
