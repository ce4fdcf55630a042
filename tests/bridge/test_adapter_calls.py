"""What adapters do in a call: values pass untouched, lent handles go back, memory is used again."""

from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.bridge.compose import bridged
from elastic_hal.runtime.engine import Engine

NAME = "test:calls/api"
WIT = """package test:calls;
interface api {
  resource key {
    constructor(secret: list<u8>);
    sign: func(data: list<u8>) -> list<u8>;
    open: static func(data: list<u8>) -> key;
  }
  variant lent {
    nothing,
    wide(u64),
    one(borrow<key>),
    many(list<borrow<key>>),
    tagged(tuple<u8, borrow<key>, list<u8>>),
    floating(f32),
  }
  record blob { label: string, parts: list<list<u8>>, rest: option<list<u8>> }
  flat: func(value: lent, data: list<u8>) -> list<list<u8>>;
  deep: func(value: list<list<lent>>, data: list<u8>) -> list<u8>;
  chosen: func(value: result<borrow<key>, u64>, data: list<u8>) -> u32;
  spilled: func(value: lent, numbers: tuple<u64, u64, u64, u64, u64, u64, u64, u64, u64>,
    keys: list<tuple<u8, option<borrow<key>>>>, data: list<u8>, last: u8) -> tuple<u8, list<u8>>;
  echo: func(value: blob) -> blob;
  take: func(keys: list<own<key>>, data: list<u8>) -> list<own<key>>;
  size: func(data: list<u8>) -> u64;
  fill: func(data: list<u8>);
}
"""


class Key(abi.Resource):
    alive = 0

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        type(self).alive += 1

    def drop(self) -> None:
        type(self).alive -= 1

    def sign(self, data: bytes) -> bytes:
        return self.secret + data


class Case:
    def __init__(self, value: Any = None) -> None:
        self.value = value


class Nothing(Case): ...


class Wide(Case): ...


class One(Case): ...


class Many(Case): ...


class Tagged(Case): ...


class Floating(Case): ...


LENT_KEY, BYTES = abi.borrow(Key), abi.bytes_
LENT = abi.variant(
    (
        ("nothing", Nothing, None),
        ("wide", Wide, abi.u64),
        ("one", One, LENT_KEY),
        ("many", Many, abi.list_(LENT_KEY)),
        ("tagged", Tagged, abi.tuple_(abi.u8, LENT_KEY, BYTES)),
        ("floating", Floating, abi.f32),
    )
)


class Blob:
    def __init__(self, label: str, parts: list[bytes], rest: bytes | None) -> None:
        self.label, self.parts, self.rest = label, parts, rest


BLOB = abi.record(
    Blob,
    (
        ("label", "label", abi.string),
        ("parts", "parts", abi.list_(BYTES)),
        ("rest", "rest", abi.option(BYTES)),
    ),
)


def plain(value: Any) -> Any:
    """Arguments as they can be compared after the call, when what was lent is gone."""
    if isinstance(value, Key):
        return value.secret
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return (type(value).__name__, plain(value.value)) if isinstance(value, Case) else value


class Calls:
    """The adapter for the interface, called as a guest would, and the host behind it."""

    def __init__(self, engine: Engine, guest: bytes) -> None:
        composed = bridged(guest, engine.wasm, lambda _: False)
        assert composed is not None
        self.seen: Any = None
        self.linker = abi.Linker(engine.wasm)
        numbers = abi.tuple_(*[abi.u64] * 9)
        some = abi.list_(abi.tuple_(abi.u8, abi.option(LENT_KEY)))
        owned = abi.list_(abi.own(Key))
        signatures: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
            "flat": (lambda _, data: [data, b"x" * 70_000, b"", data * 2], (LENT, BYTES), abi.list_(BYTES)),
            "deep": (lambda _, data: data[::-1], (abi.list_(abi.list_(LENT)), BYTES), BYTES),
            "chosen": (lambda _, data: len(data), (abi.result(LENT_KEY, abi.u64), BYTES), abi.u32),
            "spilled": (
                lambda *values: (values[4], values[3] * 2),
                (LENT, numbers, some, BYTES, abi.u8),
                abi.tuple_(abi.u8, BYTES),
            ),
            "echo": (lambda value: value, (BLOB,), BLOB),
            "take": (lambda keys, data: [Key(key.secret + data) for key in keys], (owned, BYTES), owned),
            "size": (len, (BYTES,), abi.u64),
            "fill": (lambda _: None, (BYTES,), None),
        }
        with self.linker.instance(NAME) as instance:
            instance.resource("key", Key)
            instance.static("[constructor]key", Key, (BYTES,), abi.own(Key))
            instance.static("[static]key.open", Key, (BYTES,), abi.own(Key))
            instance.method("[method]key.sign", "sign", (LENT_KEY, BYTES), BYTES)
            for name, (provider, parameters, result) in signatures.items():
                instance.function(name, self._noting(provider), parameters, result)
        self.store = wasmtime.Store(engine.wasm)
        self.store.set_epoch_deadline(10**6)
        self.instance = self.linker.instantiate(self.store, wasm_component.Component(engine.wasm, composed))
        self._signatures = {name: parts[1:] for name, parts in signatures.items()}
        self._signatures |= {
            "[constructor]key": ((BYTES,), abi.own(Key)),
            "[static]key.open": ((BYTES,), abi.own(Key)),
            "[method]key.sign": ((LENT_KEY, BYTES), BYTES),
        }

    def __call__(self, name: str, *arguments: Any) -> Any:
        parameters, result = self._signatures[name]
        function = GuestFunction(
            self.linker, self.store, self.instance, ("api", name), parameters=parameters, result=result
        )
        return function(*arguments)

    def _noting(self, provider: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.seen = plain(arguments)
            return provider(*arguments)

        return call


@pytest.fixture
def calls(engine: Engine, guest_of: Callable[[str, str], bytes]) -> Calls:
    return Calls(engine, guest_of(WIT, "api"))


def lent_values(key: Key) -> list[Case]:
    return [Nothing(), Wide(2**63), One(key), Many([key] * 7), Many([]), Tagged((255, key, b"beside")), Floating(1.5)]


def test_lent_handles_in_core_values(calls: Calls) -> None:
    key = Key(b"k")
    for value in lent_values(key):
        assert calls("flat", value, b"data") == [b"data", b"x" * 70_000, b"", b"datadata"]
        assert calls.seen == plain([value, b"data"])
    assert calls("chosen", abi.Ok(key), b"four") == 4
    assert calls.seen[1] == b"four"


def test_lent_handles_in_lists_outlast_large_results(calls: Calls) -> None:
    key, other = Key(b"k"), Key(b"o")
    data = bytes(range(256)) * 300
    for value in lent_values(key):
        lists = [[value, One(other)], [], [value] * 20]
        assert calls("deep", lists, data) == data[::-1]
        assert calls.seen == plain([lists, data])


def test_more_parameters_than_core_values(calls: Calls) -> None:
    key = Key(b"k")
    for value in lent_values(key):
        given = (value, tuple(range(9)), [(1, None), (2, key), (3, key)], b"data" * 9_000, 77)
        assert calls("spilled", *given) == (77, b"data" * 18_000)
        assert calls.seen == plain(given)


def test_strings_and_bytes_side_by_side(calls: Calls) -> None:
    for size in (0, 1, 70_000, 150_000):
        sent = Blob("näme" * size, [b"a" * size, b"", b"b"], b"c" * size)
        back = calls("echo", sent)
        assert (back.label, back.parts, back.rest) == (sent.label, sent.parts, sent.rest)
    assert calls("echo", Blob("", [], None)).rest is None


def test_handles_that_are_given_away_and_come_back(calls: Calls) -> None:
    Key.alive = 0
    keys = calls("take", [Key(b"a"), Key(b"b")], b"!" * 70_000)
    assert [key.secret for key in keys] == [b"a" + b"!" * 70_000, b"b" + b"!" * 70_000]
    made = calls("[constructor]key", b"new")
    assert calls("[method]key.sign", made, b"data") == b"newdata"
    assert calls("[static]key.open", b"door").secret == b"door"


def test_no_call_needs_more_memory_than_it_passes(engine: Engine, guest_of: Callable[[str, str], bytes]) -> None:
    calls = Calls(engine, guest_of(WIT, "api"))
    calls.store.set_limits(memory_size=1024**2)
    data = b"x" * 300_000
    for _ in range(8):
        assert calls("size", data) == len(data)
        calls("fill", data)
        assert calls("deep", [[One(Key(b"k"))]], data) == data
    with pytest.raises(abi.GuestTrap):
        calls("size", b"x" * 1_200_000)
