"""Values from guests that break the rules: each ends in a trap of that guest, before the provider sees anything, and
the host goes on as if nothing had been.
"""

import resource
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hosted_guests.measuring import resident_bytes

from elastic_hal.runtime import abi
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome

INTERFACE = "test:host/api@0.1.0"
Run = Callable[..., Outcome]
Linking = Callable[..., Any]
PLAIN_REALLOC = "(i32.const 4096)"
PAGES = 2
END = PAGES * 65536


@pytest.fixture
def guest(command: Callable[..., bytes]) -> Callable[..., bytes]:
    """A guest whose body may call $f; `signature` and `flat` are its types, `realloc` the body of its allocator."""

    def make(
        body: str,
        signature: str,
        flat: str,
        *,
        realloc: str = PLAIN_REALLOC,
        encoding: str = "utf8",
        data: str = "",
        more: str = "",
    ) -> bytes:
        imports = f"""(import "{INTERFACE}" (instance $api (export "f" (func {signature}))
                (export "touch" (func))))
            (core func $touch (canon lower (func $api "touch")))
            (core module $memory (import "h" "touch" (func $touch)) (memory (export "m") {PAGES}) {data}
                (func $self (export "r") (param i32 i32 i32 i32) (result i32) {realloc}))
            (core instance $memory (instantiate $memory (with "h" (instance (export "touch" (func $touch))))))
            (alias core export $memory "m" (core memory $m)) (alias core export $memory "r" (core func $r))
            (core func $f (canon lower (func $api "f") (memory $m) (realloc $r) string-encoding={encoding}))"""
        core = f'(import "memory" "m" (memory {PAGES})) (import "h" "f" (func $f {flat})) {more}'
        given = '(with "memory" (instance $memory)) (with "h" (instance (export "f" (func $f))))'
        return command(f"{body} i32.const 0", imports, core, given)

    return make


class Provider:
    """Counts what reaches it."""

    def __init__(self, answer: Any = None) -> None:
        self.seen: list[Any] = []
        self.touched = 0
        self.answer = answer

    def f(self, *values: Any) -> Any:
        self.seen.append(values)
        return self.answer

    def touch(self) -> None:
        self.touched += 1


@pytest.fixture
def attempt(run: Run, guest: Callable[..., bytes], linking: Linking) -> Callable[..., tuple[Outcome, Provider]]:
    """Runs a body whose $f takes values of some codecs, and gives the outcome and what the provider saw."""

    def start(
        body: str,
        signature: str,
        flat: str,
        codecs: tuple[abi.Codec[Any], ...],
        result: Any = None,
        answer: Any = None,
        limits: Limits | None = None,
        **options: str,
    ) -> tuple[Outcome, Provider]:
        provider = Provider(answer)
        link = linking({"f": (provider.f, codecs, result), "touch": (provider.touch, (), None)})
        more = {"limits": limits} if limits is not None else {}
        return run(guest(body, signature, flat, **options), link=link, **more), provider

    return start


STRING = ('(param "s" string)', "(param i32 i32)", (abi.string,))
BYTES = ('(param "b" (list u8))', "(param i32 i32)", (abi.bytes_,))
WORDS = ('(param "w" (list u32))', "(param i32 i32)", (abi.list_(abi.u32),))
STRINGS = ('(param "s" (list string))', "(param i32 i32)", (abi.list_(abi.string),))
CHAR = ('(param "c" char)', "(param i32)", (abi.char,))
NUMBER_OR_NONE = ('(param "o" (option u32))', "(param i32 i32)", (abi.option(abi.u32),))


def sending(address: int, length: int) -> str:
    return f"(call $f (i32.const {address}) (i32.const {length}))"


@pytest.mark.parametrize(
    "text",
    [r"\ff\ff", r"\c0\80", r"\ed\a0\80", r"\f4\90\80\80", r"ok\e2\82"],
    ids=["never-valid", "overlong", "surrogate", "beyond-unicode", "cut-off"],
)
def test_strings_that_are_not_utf8(attempt: Callable[..., Any], text: str) -> None:
    length = len(text.replace("\\", "")) - text.count("\\")
    outcome, provider = attempt(sending(64, length), *STRING, data=f'(data (i32.const 64) "{text}")')
    assert (outcome.reason, provider.seen) == ("trapped", [])


@pytest.mark.parametrize(
    ("encoding", "address", "length"),
    [
        ("utf16", 64, 1),
        ("utf16", 65, 1),
        ("utf16", END - 2, 2),
        ("latin1+utf16", 64, 0x80000001),
        ("latin1+utf16", 64, 0xFFFFFFFF),
    ],
    ids=["lone-surrogate", "unaligned", "beyond-memory", "tagged-lone-surrogate", "tagged-huge"],
)
def test_strings_in_other_encodings(attempt: Callable[..., Any], encoding: str, address: int, length: int) -> None:
    data = r'(data (i32.const 64) "\00\d8\00\d8")'
    outcome, provider = attempt(sending(address, length), *STRING, encoding=encoding, data=data)
    assert (outcome.reason, provider.seen) == ("trapped", [])


@pytest.mark.parametrize(
    ("encoding", "text", "length"), [("utf16", r"\ac\20\3d\d8\00\de", 3), ("latin1+utf16", r"\e9a", 2)]
)
def test_other_encodings_that_are_right_arrive(
    attempt: Callable[..., Any], encoding: str, text: str, length: int
) -> None:
    data = f'(data (i32.const 64) "{text}")'
    outcome, provider = attempt(sending(64, length), *STRING, encoding=encoding, data=data)
    assert outcome.succeeded, outcome
    assert provider.seen == [("€😀",)] if encoding == "utf16" else [("éa",)]


@pytest.mark.parametrize("kind", [STRING, BYTES, WORDS, STRINGS], ids=["string", "bytes", "words", "strings"])
@pytest.mark.parametrize(
    ("address", "length"),
    [(END, 1), (END - 1, 2), (-1, 1), (0, -1), (64, 0x7FFFFFFF), (-8, 16), (0x40000000, 0x40000000)],
)
def test_what_lies_beyond_memory(attempt: Callable[..., Any], kind: Any, address: int, length: int) -> None:
    outcome, provider = attempt(sending(address, length), *kind)
    assert (outcome.reason, provider.seen) == ("trapped", [])


@pytest.mark.parametrize("kind", [STRING, BYTES, WORDS], ids=["string", "bytes", "words"])
def test_nothing_at_the_very_end_of_memory_is_nothing(attempt: Callable[..., Any], kind: Any) -> None:
    outcome, provider = attempt(sending(END, 0), *kind)
    assert outcome.succeeded
    assert not provider.seen[0][0]


def test_numbers_must_be_aligned_and_inner_strings_in_memory(attempt: Callable[..., Any]) -> None:
    assert attempt(sending(66, 1), *WORDS)[0].reason == "trapped"
    inner = r'(data (i32.const 64) "\00\01\00\00\04\00\00\00\00\00\02\00\01\00\00\00")'
    outcome, provider = attempt(sending(64, 2), *STRINGS, data=inner)
    assert (outcome.reason, provider.seen) == ("trapped", [])


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF])
def test_chars_that_are_none(attempt: Callable[..., Any], code: int) -> None:
    outcome, provider = attempt(f"(call $f (i32.const {code}))", *CHAR)
    assert (outcome.reason, provider.seen) == ("trapped", [])


def test_cases_that_there_are_not(attempt: Callable[..., Any]) -> None:
    outcome, provider = attempt("(call $f (i32.const 2) (i32.const 5))", *NUMBER_OR_NONE)
    assert (outcome.reason, provider.seen) == ("trapped", [])


@pytest.mark.parametrize(
    ("wit", "codec", "passed", "seen"),
    [
        ("u8", abi.u8, 0x1FF, 0xFF),
        ("s8", abi.s8, 0x1FF, -1),
        ("u16", abi.u16, -1, 0xFFFF),
        ("s16", abi.s16, 0x18000, -0x8000),
        ("bool", abi.bool_, 0x100, True),
    ],
)
def test_bits_above_a_type_are_ignored(
    attempt: Callable[..., Any], wit: str, codec: abi.Codec[Any], passed: int, seen: object
) -> None:
    """As the canonical ABI has it."""
    _, provider = attempt(f"(call $f (i32.const {passed}))", f'(param "x" {wit})', "(param i32)", (codec,))
    assert provider.seen == [(seen,)]


TEXT_RESULT = ("(result string)", "(param i32)", ())


@pytest.mark.parametrize(
    "realloc",
    [
        f"(i32.const {END})",
        f"(i32.const {END - 4})",
        "(i32.const -1)",
        "(i32.const -64)",
        "(unreachable)",
        "(i32.div_u (i32.const 1) (i32.const 0))",
        "(call $self (local.get 0) (local.get 1) (local.get 2) (local.get 3))",
        "(call $touch) (i32.const 4096)",
        "(drop (i32.load (i32.const -4))) (i32.const 4096)",
    ],
    ids=[
        "end",
        "too-little-room",
        "last-byte",
        "wraps",
        "traps",
        "divides-by-zero",
        "recurses",
        "calls-out",
        "reads-out",
    ],
)
def test_an_allocator_that_cannot_be_trusted(attempt: Callable[..., Any], realloc: str) -> None:
    outcome, provider = attempt(
        "(call $f (i32.const 64))", *TEXT_RESULT, result=abi.string, answer="an answer of some length", realloc=realloc
    )
    assert outcome.reason == "trapped"
    assert len(provider.seen) == 1
    assert provider.touched == 0, "an allocator may not call out"


def test_an_allocator_that_never_returns_meets_the_deadline(attempt: Callable[..., Any]) -> None:
    outcome, _ = attempt(
        "(call $f (i32.const 64))",
        *TEXT_RESULT,
        result=abi.string,
        answer="text",
        realloc="(loop $l (br $l)) (unreachable)",
        limits=Limits(deadline_seconds=0.3),
    )
    assert outcome.reason == "deadline"


@pytest.mark.parametrize("address", [END - 4, END, -4, 65], ids=["too-little-room", "end", "wraps", "unaligned"])
def test_a_place_for_the_result_that_is_none(attempt: Callable[..., Any], address: int) -> None:
    outcome, _ = attempt(f"(call $f (i32.const {address}))", *TEXT_RESULT, result=abi.string, answer="text")
    assert outcome.reason == "trapped"


def test_an_allocator_that_overlaps_everything_harms_only_its_guest(attempt: Callable[..., Any]) -> None:
    """Every string of the answer lands on the same bytes: the guest's own loss."""
    outcome, _ = attempt(
        "(call $f (i32.const 64))",
        "(result (list string))",
        "(param i32)",
        (),
        result=abi.list_(abi.string),
        answer=["first", "second", "third"],
        realloc="(i32.const 64)",
    )
    assert outcome.succeeded


def resident_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize(
    ("signature", "codec", "count"),
    [
        ('(param "x" (list u64))', abi.list_(abi.u64), 15_000_000),
        ('(param "x" (list string))', abi.list_(abi.string), 15_000_000),
        ('(param "x" (list (list u8)))', abi.list_(abi.bytes_), 15_000_000),
        ('(param "x" (list (option (option u8))))', abi.list_(abi.option_some(abi.option(abi.u8))), 40_000_000),
    ],
    ids=["words", "strings", "lists", "options"],
)
def test_huge_lists_are_refused_before_they_cost_memory(
    attempt: Callable[..., Any], signature: str, codec: abi.Codec[Any], count: int
) -> None:
    """A guest of 128 MiB cannot make the host spend gigabytes: wasmtime bounds what one call may convert."""
    before = resident_peak_mib()
    body = f"(drop (memory.grow (i32.const 1900))) {sending(0, count)}"
    outcome, provider = attempt(body, signature, "(param i32 i32)", (codec,), limits=Limits(memory_bytes=1 << 28))
    assert (outcome.reason, provider.seen) == ("trapped", [])
    assert "too much data" in outcome.message
    assert resident_peak_mib() - before < 600


def test_bytes_that_fill_a_guest_arrive_whole_or_not_at_all(attempt: Callable[..., Any]) -> None:
    before = resident_peak_mib()
    body = f"(drop (memory.grow (i32.const 1000))) {sending(0, 64_000_000)}"
    outcome, provider = attempt(body, *BYTES, limits=Limits(memory_bytes=1 << 28))
    assert outcome.reason == ("exited" if provider.seen else "trapped"), outcome
    assert [len(data) for (data,) in provider.seen] in ([], [64_000_000])
    assert resident_peak_mib() - before < 600


def test_recursion_without_end_overflows_only_the_guests_stack(attempt: Callable[..., Any]) -> None:
    more = "(func $deeper (param i32) (result i32) (i32.add (call $deeper (local.get 0)) (i32.const 1)))"
    outcome, provider = attempt("(drop (call $deeper (i32.const 1)))", *STRING, more=more)
    assert (outcome.reason, provider.seen) == ("trapped", [])
    assert "stack" in outcome.message


def test_a_provider_that_recurses_without_end_is_a_failure_of_the_host(
    run: Run, guest: Callable[..., bytes], linking: Linking
) -> None:
    def deeper(*_values: object) -> None:
        deeper()

    link = linking({"f": (deeper, (abi.string,), None), "touch": (lambda: None, (), None)})
    outcome = run(guest(sending(64, 2), *STRING[:2]), link=link)
    assert outcome.reason == "host-error"
    assert sys.getrecursionlimit() > 100


def test_many_guests_that_misbehave_leave_no_memory_behind(attempt: Callable[..., Any]) -> None:
    def misbehave(times: int) -> None:
        for _ in range(times):
            outcome, _ = attempt(sending(64, 3), *STRING, data=r'(data (i32.const 64) "ab\ff")')
            assert outcome.reason == "trapped"

    misbehave(30)
    before = resident_bytes()
    misbehave(60)
    assert resident_bytes() - before < 8 * 1024**2
