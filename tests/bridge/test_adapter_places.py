"""Where functions with bytes may stand: in inline interfaces, in a world, in two versions of a package, beside the
resources of another interface.
"""

from collections.abc import Callable
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.bridge.compose import bridged
from elastic_hal.runtime.engine import Engine

BYTES = abi.bytes_
GUEST = """(component
    (import "test:keys/store@1.0.0" (instance $store
        (export "key" (type $key (sub resource)))
        (export "open" (func (param "secret" (list u8)) (result (own $key))))
        (export "[method]key.sign" (func (param "self" (borrow $key)) (param "data" (list u8)) (result (list u8))))))
    (alias export $store "key" (type $key))
    (import "test:keys/use@1.0.0" (instance $use
        (alias outer 1 $key (type $outer))
        (export "key" (type $key (eq $outer)))
        (export "join" (func (param "keys" (list (borrow $key))) (param "data" (list u8)) (result (list u8))))))
    (import "test:old/hash@1.2.0" (instance $old (export "hash" (func (param "data" (list u8)) (result (list u8))))))
    (import "test:old/hash@2.0.0" (instance $new (export "hash" (func (param "data" (list u8)) (result (list u8))))))
    (import "inline" (instance $inline (export "hash" (func (param "data" (list u8)) (result (list u8))))))
    (import "handle" (type $handle (sub resource)))
    (import "[constructor]handle" (func $make (param "data" (list u8)) (result (own $handle))))
    (import "[method]handle.read" (func $read (param "self" (borrow $handle)) (result (list u8))))
    (import "hash" (func $hash (param "data" (list u8)) (result (list u8))))
    (export "store" (instance $store))
    (export "use" (instance $use))
    (export "old" (instance $old))
    (export "new" (instance $new))
    (export "private" (instance $inline))
    (export "digest" (func $hash))
    (export "make" (func $make))
    (export "read" (func $read)))"""


class Key(abi.Resource):
    def __init__(self, secret: bytes) -> None:
        self.secret = secret

    def sign(self, data: bytes) -> bytes:
        return self.secret + data


class Handle(abi.Resource):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> bytes:
        return self.data[::-1]


def tagged(tag: bytes) -> Callable[[bytes], bytes]:
    return lambda data: tag + data


@pytest.fixture
def call(engine: Engine) -> Callable[..., Any]:
    composed = bridged(bytes(wasmtime.wat2wasm(GUEST)), engine.wasm, lambda _: False)
    assert composed is not None
    linker = abi.Linker(engine.wasm)
    with linker.instance("test:keys/store@1.0.0") as instance:
        instance.resource("key", Key)
        instance.function("open", Key, (BYTES,), abi.own(Key))
        instance.method("[method]key.sign", "sign", (abi.borrow(Key), BYTES), BYTES)
    with linker.instance("test:keys/use@1.0.0") as instance:
        instance.resource("key", Key)
        join = lambda keys, data: data.join(key.secret for key in keys)  # noqa: E731
        instance.function("join", join, (abi.list_(abi.borrow(Key)), BYTES), BYTES)
    # The host is a little newer than the guest, as it may be.
    for name, tag in (("test:old/hash@1.2.5", b"1"), ("test:old/hash@2.0.0", b"2"), ("inline", b"i")):
        with linker.instance(name) as instance:
            instance.function("hash", tagged(tag), (BYTES,), BYTES)
    with linker.root() as root:
        root.resource("handle", Handle)
        root.static("[constructor]handle", Handle, (BYTES,), abi.own(Handle))
        root.method("[method]handle.read", "read", (abi.borrow(Handle),), BYTES)
        root.function("hash", tagged(b"w"), (BYTES,), BYTES)
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(10**6)
    made = linker.instantiate(store, wasm_component.Component(engine.wasm, composed))

    def call_export(name: tuple[str | None, str], parameters: tuple[Any, ...], result: Any, *arguments: Any) -> Any:
        return GuestFunction(linker, store, made, name, parameters=parameters, result=result)(*arguments)

    return call_export


@pytest.mark.parametrize(
    ("name", "tag"),
    [(("old", "hash"), b"1"), (("new", "hash"), b"2"), (("private", "hash"), b"i"), ((None, "digest"), b"w")],
)
def test_every_place_has_its_own_function(call: Callable[..., Any], name: tuple[str | None, str], tag: bytes) -> None:
    assert call(name, (BYTES,), BYTES, b"data" * 20_000) == tag + b"data" * 20_000


def test_resources_of_another_interface(call: Callable[..., Any]) -> None:
    first = call(("store", "open"), (BYTES,), abi.own(Key), b"first")
    second = call(("store", "open"), (BYTES,), abi.own(Key), b"second")
    assert call(("store", "[method]key.sign"), (abi.borrow(Key), BYTES), BYTES, first, b"!") == b"first!"
    join = (abi.list_(abi.borrow(Key)), BYTES)
    assert call(("use", "join"), join, BYTES, [first, second, first], b"+") == b"first+second+first"


def test_resources_of_a_world(call: Callable[..., Any]) -> None:
    handle = call((None, "make"), (BYTES,), abi.own(Handle), b"abc")
    assert call((None, "read"), (abi.borrow(Handle),), BYTES, handle) == b"cba"
