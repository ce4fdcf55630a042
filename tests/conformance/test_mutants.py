from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from elastic_hal.codegen import model
from elastic_hal.conformance import (
    Adapter,
    BuiltSuite,
    UnhealthyBaselineError,
    list_cases,
    load_guests,
    mutants_selection,
    run_mutants,
    select_guests,
)
from elastic_hal.conformance.catalogue_mutants import TARGETS, Target
from elastic_hal.conformance.catalogue_mutants.changes import first_answer_again, with_answer, with_argument, without
from elastic_hal.conformance.matrix import catalogue_texts
from elastic_hal.conformance.mutants import MutantFailure, mutant_cases, mutant_names, mutant_provider, wrap


@dataclass(frozen=True)
class Sealed:
    nonce: bytes
    parts: list[bytes]
    count: int


class Key:
    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        self._material = material

    def export(self) -> bytes:
        return self._material

    def drop(self) -> None:
        """What every resource has."""


class Provider:
    interface = "a"

    def digest(self, data: bytes) -> bytes:
        return data

    def seal(self) -> Sealed:
        return Sealed(b"\x00\x01", [b"", b"\x02"], 3)

    def Key_make(self) -> Key:
        return Key(b"\x10")


def test_wrong_bytes_changes_bytes_and_nothing_else() -> None:
    broken = wrap(Provider(), "wrong-bytes")
    assert broken.digest(b"\x00a") == b"\x01a"
    assert broken.seal() == Sealed(b"\x01\x01", [b"\x00", b"\x03"], 3)
    assert broken.interface == "a"


def test_resources_are_broken_and_stay_what_they_are() -> None:
    key = wrap(Provider(), "wrong-bytes").Key_make()
    assert isinstance(key, Key)
    assert key.export() == b"\x11"
    key.drop()
    assert Provider().Key_make().export() == b"\x10"


def test_always_error_raises_whatever_is_called() -> None:
    broken = wrap(Provider(), "always-error")
    with pytest.raises(MutantFailure):
        broken.digest(b"")
    with pytest.raises(MutantFailure):
        broken.Key_make()


def test_hangs_does_not_come_back() -> None:
    thread = threading.Thread(target=wrap(Provider(), "hangs").digest, args=(b"",), daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()


def test_names() -> None:
    assert mutant_names() == ("always-error", "wrong-bytes", "hangs", *TARGETS)
    with pytest.raises(ValueError, match="there is no mutant 'other'"):
        wrap(Provider(), "other")


def target(**changes: object) -> Target:
    return Target("abc-1-is-wrong", "field_a", changes, "some cases")  # type: ignore[arg-type]


@pytest.fixture
def one_target(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(**changes: object) -> None:
        monkeypatch.setattr("elastic_hal.conformance.mutants.TARGETS", {"abc-1-is-wrong": target(**changes)})

    return install


def test_a_target_breaks_its_function_and_nothing_else(one_target: Callable[..., None]) -> None:
    one_target(digest=with_argument(0, lambda data: data[:-1]))
    broken = wrap(Provider(), "abc-1-is-wrong", "field_a")
    assert broken.digest(b"abc") == b"ab"
    assert broken.seal() == Provider().seal()
    assert broken.Key_make().export() == b"\x10"
    provider = Provider()
    assert wrap(provider, "abc-1-is-wrong", "field_b") is provider
    assert mutant_cases("abc-1-is-wrong") == "some cases"
    assert mutant_cases("hangs") is None
    assert mutant_provider("abc-1-is-wrong") == "field_a"
    assert mutant_provider("hangs") is None


def test_a_target_breaks_a_method_of_a_resource(one_target: Callable[..., None]) -> None:
    one_target(**{"Key.export": with_answer(lambda material: material + b"!")})
    assert wrap(Provider(), "abc-1-is-wrong", "field_a").Key_make().export() == b"\x10!"


def test_changes() -> None:
    class Error_VerificationFailed(Exception):
        pass

    def refuses(kind: type[Exception]) -> None:
        raise kind

    accepting = without("Error_VerificationFailed", "fine")(refuses)
    assert accepting(Error_VerificationFailed) == "fine"
    with pytest.raises(KeyError):
        accepting(KeyError)
    numbers = iter(range(3))
    stuck = first_answer_again()(lambda: next(numbers))
    assert [stuck(), stuck()] == [0, 0]


def test_the_table_is_in_order(contract: model.Resolve) -> None:
    """Every mutant is of a function of the catalogue, and some case is to notice it."""
    known = set(catalogue_texts())
    guests = load_guests(contract)
    for name, found in TARGETS.items():
        assert name == found.name
        assert found.catalogue_id in known
        assert list_cases(guests, found.cases), name


def test_every_function_that_has_cases_has_a_mutant(contract: model.Resolve) -> None:
    tested = {identifier for _, case in list_cases(load_guests(contract)) for identifier in case.catalogue}
    assert tested == {found.catalogue_id for found in TARGETS.values()}


@pytest.fixture
def killed(
    fake_adapter: Callable[..., Adapter], fake_suite: Callable[..., BuiltSuite]
) -> Callable[..., dict[str, bool]]:
    """Runs mutants of a fake runtime, whose fault is chosen by mutant, and says which are noticed."""

    def run(*names: str, cases: tuple[str, ...] = ("good", "faulty"), **faults: str) -> dict[str, bool]:
        def adapter_for(name: str | None) -> Adapter:
            return fake_adapter(faults.get("healthy" if name is None else name.replace("-", "_"), "none"))

        suite = fake_suite(*cases)
        return {found.mutant: found.killed for found in run_mutants(suite, adapter_for, names=names, timeout=0.5)}

    return run


@pytest.mark.parametrize("name", ["wrong-bytes", "always-error", "hangs"])
@pytest.mark.parametrize("fault", ["differs", "crashes", "garbage", "refuses-to-start", "none"])
def test_a_mutant_is_noticed_by_a_failure_of_a_case_that_passed(
    killed: Callable[..., dict[str, bool]], name: str, fault: str
) -> None:
    breaks_down = name in {"always-error", "hangs"}
    expected = fault == "differs" or (breaks_down and fault != "none")
    assert killed(name, **{name.replace("-", "_"): fault}) == {name: expected}


def test_only_a_mutant_that_hangs_has_little_time(killed: Callable[..., dict[str, bool]]) -> None:
    assert killed("hangs", hangs="hangs") == {"hangs": True}


@pytest.mark.parametrize("fault", ["differs", "crashes", "refuses-to-start", "garbage"])
def test_nothing_is_said_of_mutants_where_the_runtime_is_not_healthy(
    killed: Callable[..., dict[str, bool]], fault: str
) -> None:
    with pytest.raises(UnhealthyBaselineError, match="without a mutant"):
        killed("wrong-bytes", "hangs", healthy=fault, wrong_bytes=fault, hangs=fault)


def test_a_runtime_that_does_nothing_kills_no_mutant(
    fake_suite: Callable[..., BuiltSuite], fake_adapter: Callable[..., Adapter]
) -> None:
    extra = "\ndef compute_argv(*_): return ['/bin/false']\n"
    adapter = fake_adapter(batch=False, extra=extra)
    with pytest.raises(UnhealthyBaselineError, match="2 cases do not pass"):
        run_mutants(fake_suite("good", "other"), lambda _name: adapter)
    listed_nowhere = fake_adapter(extra="\ndef get_hal_interfaces(): return []\n")
    with pytest.raises(UnhealthyBaselineError, match="no case passes"):
        run_mutants(fake_suite("good"), lambda _name: listed_nowhere, names=["wrong-bytes"])
    gone = fake_adapter(batch=False, extra="\ndef compute_argv(*_): return ['no-such-program-at-all']\n")
    with pytest.raises(UnhealthyBaselineError, match="is not there"):
        run_mutants(fake_suite("good"), lambda _name: gone, names=["wrong-bytes"])


def test_a_mutant_that_hangs_meets_a_few_cases_of_each_interface(
    fake_suite: Callable[..., BuiltSuite], fake_adapter: Callable[..., Adapter]
) -> None:
    suite = fake_suite("one", "two", "three", "four")
    (found,) = run_mutants(suite, lambda _name: fake_adapter(), names=["hangs"])
    assert [item.case.id for item in found.result.results] == ["one", "two"]


def test_only_what_the_chosen_mutants_need_is_built(contract: model.Resolve) -> None:
    guests = load_guests(contract)

    def built(*names: str, expression: str | None = None) -> set[str]:
        selected = select_guests(guests, mutants_selection(names, expression))
        return {guest.interface.name or "" for guest in selected} - {"capabilities"}

    everything = built(*mutant_names())
    assert mutants_selection(mutant_names()) is None
    assert len(everything) == len(guests) - 1
    assert built("clk-1-runs-backwards") == {"wall-clock"}
    assert built("rnd-1-gives-zeros", "cry-13-forgets-the-associated-data") == {"random", "sealing"}
    assert built("hangs", "rnd-1-gives-zeros") == everything
    assert built("hangs", expression="poll") == built(*mutant_names(), expression="poll") < everything
    assert mutants_selection([]) is None
