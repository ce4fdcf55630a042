"""What providers return and raise, and what guests pass that they should not."""

import enum
import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import wasmtime
from wasmtime import component as wasm_component

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.guests import GuestFunction
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.outcome import Outcome

INTERFACE = "test:host/api@0.1.0"
Run = Callable[..., Outcome]


class Bits(enum.Flag):
    A = 1


class Error(Exception):
    pass


@dataclass(frozen=True)
class Error_Internal(Error):
    value: str


@dataclass(frozen=True)
class Error_LimitExceeded(Error):
    value: str


class Error_Busy(Error):
    pass


class Code(enum.Enum):
    SMALL = "small"
    LARGE = "large"


class CodeError(Exception):
    code = Code.LARGE


ERROR = abi.variant(
    (
        ("busy", Error_Busy, None),
        ("limit-exceeded", Error_LimitExceeded, abi.string),
        ("internal", Error_Internal, abi.string),
    )
)
ERROR_TEXT = '(variant (case "busy") (case "limit-exceeded" string) (case "internal" string))'


@pytest.fixture
def ask(engine: Engine) -> Callable[..., Any]:
    """Calls a provider through a guest that hands on its result; gives what the guest got."""

    def call(implementation: Callable[[], Any], result: Any, text: str, codec: abi.Codec[Any], named: str = "") -> Any:
        name = "named" if named else ""
        kind = f'(type $definition {named}) (export "{name}" (type ${name} (eq $definition)))' if named else ""
        alias = f'(alias export $api "{name}" (type ${name}))' if named else ""
        component = wasm_component.Component(
            engine.wasm,
            f"""(component (import "{INTERFACE}" (instance $api {kind} (export "get" (func (result {text}))))) {alias}
            (core module $memory (memory (export "m") 1)
                (func (export "r") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
            (core instance $memory (instantiate $memory))
            (alias core export $memory "m" (core memory $m))
            (alias core export $memory "r" (core func $r))
            (core func $get (canon lower (func $api "get") (memory $m) (realloc $r)))
            (core module $main (import "h" "get" (func $get (param i32)))
                (func (export "get") (result i32) (call $get (i32.const 16)) (i32.const 16)))
            (core instance $main (instantiate $main (with "h" (instance (export "get" (func $get))))))
            (func $lifted (result {text}) (canon lift (core func $main "get") (memory $m)))
            (export "get" (func $lifted)))""",
        )
        linker = abi.Linker(engine.wasm)
        with linker.instance(INTERFACE) as instance:
            instance.function("get", implementation, (), result)
        store = wasmtime.Store(engine.wasm)
        store.set_epoch_deadline(10**6)
        return GuestFunction(linker, store, linker.wasm.instantiate(store, component), (None, "get"), result=codec)()

    return call


def raising(error: BaseException) -> Callable[[], Any]:
    def provider() -> Any:
        raise error

    return provider


def test_a_returned_value_is_ok_and_a_raised_case_is_err(ask: Callable[..., Any]) -> None:
    result = abi.fallible(abi.u64, ERROR, (Error,), Error_Internal)
    plain = abi.result(abi.u64, ERROR)
    arguments = (result, "(result u64 (error $named))", plain, ERROR_TEXT)
    assert ask(lambda: 2**40, *arguments) == abi.Ok(2**40)
    assert ask(raising(Error_Internal("text")), *arguments) == abi.Err(Error_Internal("text"))
    assert isinstance(ask(raising(Error_Busy()), *arguments).value, Error_Busy)


def test_an_enum_is_raised_by_its_code(ask: Callable[..., Any]) -> None:
    result = abi.fallible(abi.u64, abi.enum_(Code), (CodeError,))
    plain = abi.result(abi.u64, abi.enum_(Code))
    arguments = (result, "(result u64 (error $named))", plain, '(enum "small" "large")')
    assert ask(raising(CodeError()), *arguments) == abi.Err(Code.LARGE)


def test_any_other_err_is_raised_as_result_error(ask: Callable[..., Any]) -> None:
    result = abi.fallible(abi.u64, abi.string, (abi.ResultError,))
    plain = abi.result(abi.u64, abi.string)
    arguments = (result, "(result u64 (error string))", plain)
    assert ask(raising(abi.ResultError("why")), *arguments) == abi.Err("why")


def test_an_unexpected_exception_is_logged_and_becomes_internal(
    ask: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    result = abi.fallible(abi.u64, ERROR, (Error,), Error_Internal)
    arguments = (result, "(result u64 (error $named))", abi.result(abi.u64, ERROR), ERROR_TEXT)
    with caplog.at_level(logging.ERROR):
        answer = ask(raising(ValueError("the key is hunter2")), *arguments)
    incident = answer.value.value.rpartition(" ")[2]
    assert "hunter2" not in answer.value.value
    assert incident in caplog.text
    assert "Traceback" in caplog.text


def test_a_value_that_does_not_fit_becomes_internal(ask: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    result = abi.fallible(abi.tuple_(abi.string, abi.u8), ERROR, (Error,), Error_Internal)
    plain = abi.result(abi.tuple_(abi.string, abi.u8), ERROR)
    arguments = (result, "(result (tuple string u8) (error $named))", plain, ERROR_TEXT)
    for value in (("text", 256), ("\ud800", 1), None, ("text",)):
        assert isinstance(ask(lambda value=value: value, *arguments).value, Error_Internal)
    assert isinstance(ask(raising(Error_LimitExceeded("\ud800")), *arguments).value, Error_Internal)


def test_an_unexpected_exception_traps_where_there_is_no_internal(
    run: Run, calling: Callable[..., bytes], linking: Callable[..., Any]
) -> None:
    guest = calling("(call $fail) i32.const 0", {"fail": ("", "")})
    outcome = run(guest, link=linking({"fail": (raising(KeyError("secret")), (), None)}))
    assert outcome.reason == "host-error"
    assert outcome.exit_code == 1
    assert "incident" in outcome.message
    assert "secret" not in outcome.message


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_what_is_no_exception_reaches_whoever_runs_the_workload(
    run: Run, calling: Callable[..., bytes], linking: Callable[..., Any], error: BaseException
) -> None:
    guest = calling("(call $fail) i32.const 0", {"fail": ("", "")})
    with pytest.raises(type(error)) as caught:
        run(guest, link=linking({"fail": (raising(error), (), None)}))
    assert caught.value is error


def test_exceptions_stay_in_their_own_workload(
    run: Run, calling: Callable[..., bytes], linking: Callable[..., Any]
) -> None:
    class First(BaseException):
        pass

    class Second(BaseException):
        pass

    guest = calling("(call $fail) i32.const 0", {"fail": ("", "")})
    wrong: list[BaseException] = []

    def repeat(kind: type[BaseException]) -> None:
        for _ in range(200):
            try:
                run(guest, link=linking({"fail": (raising(kind()), (), None)}))
                wrong.append(AssertionError("nothing was raised"))
            except BaseException as error:
                if type(error) is not kind:
                    wrong.append(error)

    threads = [threading.Thread(target=repeat, args=(kind,)) for kind in (First, Second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "shape",
    [
        ('(param "a" u64) (result u32)', "(param i64) (result i32)", "(drop (call $f (i64.const 1)))"),
        ("(result u32)", "(result i32)", "(drop (call $f))"),
        (
            '(param "a" u32) (param "b" u32) (result u32)',
            "(param i32 i32) (result i32)",
            "(drop (call $f (i32.const 1) (i32.const 1)))",
        ),
        ('(param "a" u32)', "(param i32)", "(call $f (i32.const 1))"),
        ('(param "a" u32) (result u64)', "(param i32) (result i64)", "(drop (call $f (i32.const 1)))"),
        ('(param "a" f32) (result u32)', "(param f32) (result i32)", "(drop (call $f (f32.const 1)))"),
        (
            '(param "a" (option u32)) (result u32)',
            "(param i32 i32) (result i32)",
            "(drop (call $f (i32.const 1) (i32.const 1)))",
        ),
    ],
)
def test_a_guest_with_another_idea_of_a_function_traps(
    run: Run, calling: Callable[..., bytes], linking: Callable[..., Any], shape: tuple[str, str, str]
) -> None:
    signature, core, body = shape
    guest = calling(f"{body} i32.const 0", {"f": (signature, core)})
    outcome = run(guest, link=linking({"f": (lambda a: a, (abi.u32,), abi.u32)}))
    assert outcome.reason == "trapped"
    assert outcome.message


@pytest.mark.parametrize(
    "codec",
    [
        *(
            abi.bool_,
            abi.u8,
            abi.s64,
            abi.f64,
            abi.char,
            abi.string,
            abi.bytes_,
            abi.list_(abi.u8),
            abi.list_(abi.string),
        ),
        *(abi.tuple_(abi.u32), abi.option(abi.u32), abi.option_some(abi.u32), abi.result(None, None), abi.enum_(Code)),
        *(abi.flags(Bits, ("a",)), abi.record(dict, ()), abi.map_(abi.u8, abi.u8), ERROR),
        *(abi.own(abi.Resource), abi.borrow(abi.Resource)),
    ],
    ids=lambda codec: codec.wit,
)
def test_no_codec_reads_a_cell_of_another_kind(codec: abi.Codec[Any]) -> None:
    cell = abi.cells.new_boxed()
    context = abi.Context(abi.ResourceTable(1))
    abi.u32.lower(7, cell, context)
    with pytest.raises(abi.LiftingError, match="u32"):
        codec.lift(cell, context)
    abi.cells.reset(cell)


def test_a_provider_that_lacks_a_function_is_refused_when_linked(engine: Engine) -> None:
    class Provider:
        present = 5

    provider: Any = Provider()
    linker = abi.Linker(engine.wasm)
    with (
        pytest.raises(abi.LinkError, match="Provider, does not implement absent"),
        linker.instance(INTERFACE) as instance,
    ):
        instance.function("absent", provider.absent)
    with pytest.raises(abi.LinkError, match="does not implement present"), linker.instance(INTERFACE) as instance:
        instance.function("present", provider.present)


def link_twice(instance: abi.InstanceLinker) -> None:
    for _ in range(2):
        instance.function("get", lambda: None)


def test_linking_twice_is_refused(engine: Engine) -> None:
    linker = abi.Linker(engine.wasm)
    with pytest.raises(abi.LinkError, match="get cannot be linked"), linker.instance(INTERFACE) as instance:
        link_twice(instance)


ADAPTER_FUNCTIONS = 3


def test_what_a_linker_registers_goes_with_it(engine: Engine) -> None:
    from elastic_hal.runtime.abi import callbacks as module

    gc.collect()
    before = len(module._bound), len(module._states)
    linker = abi.Linker(engine.wasm)
    with linker.instance(INTERFACE) as instance:
        instance.function("get", lambda: None)
        instance.resource("thing", abi.Resource)
    assert (len(module._bound), len(module._states)) == (before[0] + 1 + ADAPTER_FUNCTIONS, before[1] + 1)
    del linker, instance
    assert (len(module._bound), len(module._states)) == before
