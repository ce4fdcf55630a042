"""Memory and CPU time on request: what the policy grants, what the budget has, and that it takes effect."""

import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import resource_allocation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.resources import Budget, ResourceAllocationProvider
from elastic_hal.reference_impl.resources.budget import Amounts
from elastic_hal.runtime import abi, cpu_share
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.cpu_share import CpuShare, Ticker
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.policy import Grant, ResourceGrant
from elastic_hal.runtime.workload import Workload

MIB = 1024**2
PAGE = 65536


@pytest.fixture
def budget() -> Budget:
    return Budget(Amounts(100 * MIB, 2000))


def open_account(budget: Budget, memory: int = 10 * MIB, cpu: int = 250) -> tuple[ResourceAllocationProvider, Control]:
    control = Control(memory, cpu)
    return ResourceAllocationProvider(budget, Grant(resources=ResourceGrant(80 * MIB, 1000)), control), control


def test_what_there_is_can_be_listed(budget: Budget) -> None:
    provider, _control = open_account(budget)
    assert provider.get_allocation() == wit.Allocation(10 * MIB, 80 * MIB, 250, 1000)


def test_more_is_granted_in_whole_pages(budget: Budget) -> None:
    provider, control = open_account(budget)
    assert provider.request_memory(10 * MIB + 1) == 10 * MIB + PAGE
    assert control.memory_bytes == 10 * MIB + PAGE
    assert provider.request_cpu(500) == 500
    assert provider.get_allocation() == wit.Allocation(10 * MIB + PAGE, 80 * MIB, 500, 1000)
    assert budget.given == Amounts(10 * MIB + PAGE, 500)


def test_the_policy_and_the_budget_refuse_and_nothing_changes(budget: Budget) -> None:
    provider, _control = open_account(budget)
    other, _other_control = open_account(budget)
    with pytest.raises(types.Error_LimitExceeded, match="policy"):
        provider.request_memory(80 * MIB + 1)
    assert provider.request_memory(80 * MIB) == 80 * MIB
    with pytest.raises(types.Error_LimitExceeded, match="host"):
        other.request_memory(20 * MIB + 1)
    assert other.request_memory(20 * MIB) == 20 * MIB
    third, _third_control = open_account(budget, cpu=1000)
    with pytest.raises(types.Error_LimitExceeded, match="host"):
        other.request_cpu(751)
    assert other.get_allocation().cpu_thousandths == 250
    assert third.get_allocation().cpu_thousandths == 1000


@pytest.mark.parametrize(("call", "amount"), [("request_memory", 0), ("request_cpu", 0), ("request_cpu", 1001)])
def test_what_makes_no_sense_is_refused(budget: Budget, call: str, amount: int) -> None:
    provider, _control = open_account(budget)
    with pytest.raises(types.Error_InvalidArgument):
        getattr(provider, call)(amount)


def test_a_policy_without_resources_grants_what_the_limits_are(budget: Budget) -> None:
    provider = ResourceAllocationProvider(budget, Grant(), Control(10 * MIB, 250))
    assert provider.request_memory(10 * MIB) == 10 * MIB
    with pytest.raises(types.Error_LimitExceeded):
        provider.request_memory(10 * MIB + 1)
    with pytest.raises(types.Error_LimitExceeded):
        provider.request_cpu(251)


def test_what_is_given_back_is_there_for_others(budget: Budget) -> None:
    provider, control = open_account(budget, cpu=1000)
    other, other_control = open_account(budget, cpu=1000)
    third, _third = open_account(budget)
    with pytest.raises(types.Error_LimitExceeded):
        third.request_cpu(500)
    other.request_cpu(100)
    assert third.request_cpu(900) == 900
    provider.request_memory(80 * MIB)
    provider.request_memory(10 * MIB)
    assert control.memory_bytes == 10 * MIB
    with pytest.raises(types.Error_LimitExceeded):
        third.request_memory(20 * MIB)  # linear memories do not shrink: it is still the first one's
    control.end()
    other_control.end()
    assert third.request_memory(80 * MIB) == 80 * MIB
    assert budget.given == Amounts(80 * MIB, 900)


def test_an_overcommitted_budget_still_starts_workloads() -> None:
    budget = Budget(Amounts(MIB, 100))
    provider, control = open_account(budget)
    assert provider.request_memory(10 * MIB) == 10 * MIB
    control.end()
    assert budget.given == Amounts(0, 0)


# A guest that grows by one page, is refused, asks for more through the host, and grows again.
GROWING = """(component
  (import "elastic:hal/resource-allocation@0.2.0" (instance $api
    (type $error (variant (case "unsupported" string) (case "access-denied" string) (case "not-found" string)
      (case "already-exists" string) (case "invalid-argument" string) (case "invalid-state" string) (case "would-block")
      (case "timed-out") (case "limit-exceeded" string) (case "verification-failed") (case "connection-closed")
      (case "peer" string) (case "internal" string)))
    (export "error" (type $e (eq $error)))
    (export "request-memory" (func (param "bytes" u64) (result (result u64 (error $e)))))
    (export "request-cpu" (func (param "thousandths" u32) (result (result u32 (error $e)))))))
  (core module $libc (memory (export "m") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $libc (instantiate $libc))
  (core func $memory (canon lower (func $api "request-memory") (memory (core memory $libc "m"))
    (realloc (core func $libc "realloc"))))
  (core func $cpu (canon lower (func $api "request-cpu") (memory (core memory $libc "m"))
    (realloc (core func $libc "realloc"))))
  (core module $m
    (import "h" "memory" (func $memory (param i64 i32))) (import "h" "cpu" (func $cpu (param i32 i32)))
    (import "libc" "m" (memory 1))
    (func (export "run") (result i32) {body}))
  (core instance $i (instantiate $m (with "h" (instance (export "memory" (func $memory)) (export "cpu" (func $cpu))))
    (with "libc" (instance $libc))))
  (func $run (result (result)) (canon lift (core func $i "run")))
  (instance $instance (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $instance)))"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine()


@pytest.fixture
def start(engine: Engine, budget: Budget) -> Callable[..., Outcome]:
    def run(body: str, limits: Limits, resources: ResourceGrant) -> Outcome:
        import wasmtime

        component = engine.compile(bytes(wasmtime.wat2wasm(GROWING.replace("{body}", body))), "guest")

        def link(linker: abi.Linker, workload: Workload) -> None:
            wit.add_to_linker(linker, ResourceAllocationProvider(budget, workload.grant, workload.control))

        grant = Grant(limits=limits, resources=resources)
        return Workload(engine, component, Identity("guest", component.digest), grant, link=link).run()

    return run


def test_memory_is_there_within_the_call(start: Callable[..., Outcome], budget: Budget) -> None:
    body = """
        (if (i32.ne (memory.grow (i32.const 10)) (i32.const -1)) (then (return (i32.const 1))))
        (call $memory (i64.const 2097152) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (i32.const 1))))
        (if (i32.eq (memory.grow (i32.const 10)) (i32.const -1)) (then (return (i32.const 1))))
        (i32.ne (memory.grow (i32.const 100)) (i32.const -1))"""
    outcome = start(body, Limits(memory_bytes=2 * PAGE), ResourceGrant(memory_bytes=4 * MIB))
    assert outcome.succeeded, outcome
    assert budget.given == Amounts(0, 0), "the end of the workload gives back"


def test_a_refused_guest_goes_on_with_what_it_has(start: Callable[..., Outcome]) -> None:
    body = """
        (call $memory (i64.const 2097152) (i32.const 16))
        (if (i32.ne (i32.load8_u (i32.const 16)) (i32.const 1)) (then (return (i32.const 1))))
        (i32.eq (memory.grow (i32.const 1)) (i32.const -1))"""
    assert start(body, Limits(memory_bytes=2 * PAGE), ResourceGrant()).succeeded


def test_a_guest_that_asks_for_less_than_it_has_keeps_that_and_no_more(start: Callable[..., Outcome]) -> None:
    body = """
        (if (i32.eq (memory.grow (i32.const 20)) (i32.const -1)) (then (return (i32.const 1))))
        (call $memory (i64.const 65536) (i32.const 16))
        (if (i32.load8_u (i32.const 16)) (then (return (i32.const 1))))
        (i32.store (i32.const 1300000) (i32.const 1))
        (i32.ne (memory.grow (i32.const 1)) (i32.const -1))"""
    assert start(body, Limits(memory_bytes=32 * PAGE), ResourceGrant()).succeeded


COUNT = """(local $n i32) {ask}
    (loop $again (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const {rounds}))))
    i32.const 0"""


def test_a_share_of_the_cpu_holds_a_guest_back(start: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    pause = Control.pause

    def counted(control: Control, seconds: float) -> None:
        waited.append(seconds)
        pause(control, seconds)

    monkeypatch.setattr(Control, "pause", counted)
    limits, resources = Limits(cpu_thousandths=200), ResourceGrant(cpu_thousandths=1000)
    assert start(COUNT.format(ask="", rounds=400_000_000), limits, resources).succeeded
    assert sum(waited) > 0
    waited.clear()
    ask = "(call $cpu (i32.const 1000) (i32.const 16))"
    assert start(COUNT.format(ask=ask, rounds=400_000_000), limits, resources).succeeded
    assert waited == [], "with a whole core there is nothing to wait for"
    for thread in threading.enumerate():
        if thread.name == "epoch ticker":
            thread.join()  # it goes on for as long as somebody is held back


def test_how_long_a_guest_has_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of a core: for each second of CPU time five seconds pass, and what was not used is not saved up."""
    now = SimpleNamespace(wall=100.0, cpu=7.0)

    def pause(seconds: float) -> None:
        waited.append(round(seconds, 6))
        now.wall += seconds

    monkeypatch.setattr(cpu_share.time, "monotonic", lambda: now.wall)
    monkeypatch.setattr(cpu_share.time, "thread_time", lambda: now.cpu)
    waited: list[float] = []
    share = CpuShare(Ticker(lambda: None), pause)
    share.set(200)
    for wall, cpu in ((1.0, 1.0), (0.5, 0.1), (0.1, 0.1), (60.0, 0.0), (0.01, 0.01)):
        now.wall, now.cpu = now.wall + wall, now.cpu + cpu
        share.tick()
    assert waited == [4.0, 0.4, 0.04]
    share.charge(2.0)
    share.tick()
    assert waited[3:] == [10.0]
    share.set(1000)


def test_a_guest_that_is_held_back_is_stopped_at_its_deadline(start: Callable[..., Outcome]) -> None:
    outcome = start("(loop $l (br $l)) i32.const 0", Limits(cpu_thousandths=1, deadline_seconds=0.3), ResourceGrant())
    assert outcome.reason == "deadline"
