"""`elastic-hal run --mutant` for the interfaces of WASI: what a mutant does not break of them stays right."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.wasi_stand_ins import Random, WallClock

Run = Callable[..., Any]

BEGINNING_OF_2024 = 1_704_067_200
CLOCK = """
(import "wasi:clocks/wall-clock@0.2.9" (instance $clock
  (type $record (record (field "seconds" u64) (field "nanoseconds" u32)))
  (export "datetime" (type $datetime (eq $record)))
  (export "now" (func (result $datetime)))
  (export "resolution" (func (result $datetime)))))
(core module $memory (memory (export "memory") 1))
(core instance $memory (instantiate $memory))
(core func $now (canon lower (func $clock "now") (memory (core memory $memory "memory"))))
(core func $step (canon lower (func $clock "resolution") (memory (core memory $memory "memory"))))
"""
CORE = """
(import "clock" "now" (func $now (param i32)))
(import "clock" "step" (func $step (param i32)))
(import "memory" "memory" (memory 1))
"""
GIVEN = """
(with "clock" (instance (export "now" (func $now)) (export "step" (func $step))))
(with "memory" (instance $memory))
"""
IS_BEFORE_2024 = f"(call $now (i32.const 8)) (i64.lt_u (i64.load (i32.const 8)) (i64.const {BEGINNING_OF_2024}))"
HAS_NO_STEP = "(call $step (i32.const 8)) (i64.eqz (i64.or (i64.load (i32.const 8)) (i64.load32_u (i32.const 16))))"
IS_FOUR = "(i64.eq (call $get-random-u64) (i64.const 4))"


@pytest.mark.parametrize(
    ("is_wrong", "mutant", "code"),
    [
        (IS_BEFORE_2024, None, 0),
        (IS_BEFORE_2024, "clk-1-claims-no-step", 0),
        (IS_BEFORE_2024, "clk-1-stands-at-the-epoch", 1),
        (HAS_NO_STEP, None, 0),
        (HAS_NO_STEP, "clk-1-stands-at-the-epoch", 0),
        (HAS_NO_STEP, "clk-1-claims-no-step", 1),
    ],
)
def test_a_clock(cli: Run, guest: Callable[..., Path], is_wrong: str, mutant: str | None, code: int) -> None:
    component = guest(is_wrong, imports=CLOCK, core=CORE, instantiate=GIVEN)
    result = cli("run", component, *(["--mutant", mutant] if mutant else []))
    assert (result.code, result.err) == (code, "")


@pytest.mark.parametrize(
    ("mutant", "code"),
    [(None, 0), ("rnd-1-gives-zeros", 0), ("cap-1-claims-everything", 0), ("rnd-1-repeats-a-number", 1)],
)
def test_random_numbers(cli: Run, place: Path, guests: Any, mutant: str | None, code: int) -> None:
    functions = {"get-random-u64": ("(result u64)", "(result i64)")}
    component = place / "guest.wasm"
    component.write_bytes(guests.calling(IS_FOUR, functions, "wasi:random/random@0.2.9"))
    result = cli("run", component, *(["--mutant", mutant] if mutant else []))
    assert (result.code, result.err) == (code, "")


def test_what_stands_in_is_right_itself() -> None:
    clock = WallClock()
    earlier, later = clock.now(), clock.now()
    assert BEGINNING_OF_2024 < earlier.seconds <= later.seconds
    assert 0 <= later.nanoseconds < 10**9
    assert clock.resolution() != type(later)(0, 0)
    assert len(Random().get_random_bytes(33)) == 33
    assert len({Random().get_random_bytes(16) for _ in range(50)}) == 50
    assert len({Random().get_random_u64() for _ in range(50)}) == 50
