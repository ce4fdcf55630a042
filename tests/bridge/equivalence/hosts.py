"""The host of a random guest: provides its functions, keeps account of all that it sees, and tells it afterwards."""

import contextlib
import copy
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import wasmtime
from equivalence.guests import CONSTRUCTOR, HARNESS, TYPES, USER, WORLD, Function
from equivalence.host_types import Case, Colour, ColourError, Internal, Other, Thing
from equivalence.kinds import ERRORS
from hypothesis import strategies as st

from elastic_hal.runtime import abi
from elastic_hal.runtime.abi.leftovers import resources_in
from elastic_hal.runtime.engine import Engine

_INCIDENT = re.compile(r"incident [0-9a-f]{8}")


@dataclass(frozen=True)
class Call:
    """One call of a function: with what, and how its provider behaves."""

    function: Function
    arguments: tuple[Any, ...]
    behaviour: str
    value: Any


@st.composite
def calls(draw: st.DrawFn, functions: Sequence[Function]) -> list[Call]:
    drawn = []
    for function in draw(st.lists(st.sampled_from(list(functions)), min_size=1, max_size=6)):
        arguments = draw(function.fed.values)
        kinds = ["returns"] * 6 + ["crashes", "spoils", "stops"] + (["raises"] * 3 if function.error else [])
        behaviour = draw(st.sampled_from(kinds))
        if behaviour == "raises":
            assert function.error is not None
            value: Any = draw(function.error.values)
        else:
            kind = function.ok if function.error else function.result
            value = None if kind is None else draw(kind.values)
        if behaviour == "spoils":
            value = spoiled(value, draw(st.sampled_from([None, object, "text", -1, b"x", [1], Thing])))
        drawn.append(Call(function, arguments, behaviour, value))
    return drawn


def spoiled(value: Any, wrong: Any) -> Any:
    """The value with its last part replaced by what does not fit there, most likely."""
    if isinstance(value, list | tuple) and value:
        return type(value)([*value[:-1], spoiled(value[-1], wrong)])
    if isinstance(value, dict) and value:
        return {**value, [*value][-1]: spoiled([*value.values()][-1], wrong)}
    if isinstance(value, abi.Ok | abi.Err | abi.Some | Case) and value.value is not None:
        return type(value)(spoiled(value.value, wrong))
    return wrong


class Host:
    """A guest that runs with or without a bridge, and its host."""

    def __init__(
        self, engine: Engine, content: bytes, functions: Sequence[Function], *, bridge: bool, handles: int
    ) -> None:
        self.seen: list[str] = []
        self._things: list[Thing] = []
        self._call: Call
        self.component = engine.compile(content, "guest", bytes_bridge=bridge)
        self.linker = abi.Linker(engine.wasm, handles=handles)
        for place in (TYPES, USER, HARNESS):
            self._link(place, functions)
        with self.linker.root() as root:
            for function in functions:
                if function.place == WORLD:
                    self._link_function(root, function)
        self._store = wasmtime.Store(engine.wasm)
        self._store.set_epoch_deadline(10**6)
        self._instance = self.linker.instantiate(self._store, self.component.compiled)

    def run(self, wanted: Sequence[Call]) -> list[str]:
        """Makes the calls until one traps, and tells all that can be seen of them."""
        with _records() as records:
            for call in wanted:
                arguments, value = copy.deepcopy((call.arguments, call.value))
                self._call = replace(call, arguments=arguments, value=value)
                self._things += resources_in([arguments, value])
                if not self._run(call.function):
                    break
                self.seen.append(f"{len(self.linker.table)} handles")
            self._note(
                "log", [(record.getMessage(), repr(record.exc_info and record.exc_info[1])) for record in records]
            )
        self._note("failure", self.linker.failure and self.linker.failure.function)
        self._note("dropped", [thing.dropped for thing in self._things])
        self.linker.close()
        self._note("dropped in the end", [thing.dropped for thing in self._things])
        return self.seen

    def _run(self, function: Function) -> bool:
        run = abi.GuestFunction(self.linker, self._store, self._instance, (None, f"run{function.number}"))
        try:
            run()
        except abi.GuestTrap as trap:
            self._note("trap", (trap.kind, str(trap), trap.backtrace(), trap.guest_message, bool(trap.incident)))
        except BaseException as error:  # whatever comes out is compared
            self._note("raised", error)
        else:
            return True
        return False

    def _note(self, what: str, value: Any) -> None:
        self.seen.append(_INCIDENT.sub("incident …", f"{what}: {value!r}"))

    def _link(self, place: str, functions: Sequence[Function]) -> None:
        with self.linker.instance(place) as instance:
            prefix = "my-" if place == USER else ""
            instance.resource(f"{prefix}thing", Thing)
            instance.resource(f"{prefix}other", Other)
            for function in functions:
                if place == HARNESS:
                    self._link_harness(instance, function)
                elif function.place == place:
                    self._link_function(instance, function)

    def _link_harness(self, instance: abi.InstanceLinker, function: Function) -> None:
        fed = function.fed.codec("own")
        instance.function(f"feed{function.number}", lambda: self._call.arguments, (), fed)
        instance.function(f"back{function.number}", lambda value: self._note("back", value), (fed,))
        if function.result is not None:
            result = function.result.codec("own")
            instance.function(f"sink{function.number}", lambda value: self._note("sink", value), (result,))

    def _link_function(self, instance: abi.InstanceLinker, function: Function) -> None:
        def provider(*values: Any) -> Any:
            self._note(function.name, values)
            return self._behave()

        parameters = [kind.codec(way) for kind, way in function.parameters]
        result: Any = None if function.result is None else function.result.codec("own")
        if function.error is not None:
            internal = Internal if function.error is ERRORS[0] else None
            error = function.error.codec("own")
            raised = (Case, ColourError, abi.ResultError)
            result = abi.fallible(function.ok and function.ok.codec("own"), error, raised, internal)
        if function.form == CONSTRUCTOR:
            instance.static(function.name, provider, parameters, result)
        else:
            instance.function(function.name, provider, parameters, result)

    def _behave(self) -> Any:
        call = self._call
        if call.behaviour == "crashes":
            raise RuntimeError("the provider fails")
        if call.behaviour == "stops":
            raise KeyboardInterrupt
        if call.behaviour == "raises":
            if isinstance(call.value, Case):
                raise call.value
            raise ColourError if isinstance(call.value, Colour) else abi.ResultError(call.value)
        return call.value


@contextlib.contextmanager
def _records() -> Iterator[list[logging.LogRecord]]:
    """What the runtime logs."""
    found: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record)

    logger, handler = logging.getLogger("elastic_hal.runtime"), Keep()
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield found
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate
