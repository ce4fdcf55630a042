"""Core WebAssembly instructions as bytes, and core modules made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from elastic_hal.runtime.bridge.encoding import MODULE_HEADER, name, section, signed, sized, unsigned, vector

VALUE_TYPES = {"i32": b"\x7f", "i64": b"\x7e", "f32": b"\x7d", "f64": b"\x7c"}
PAGE_SIZE = 65_536

UNREACHABLE = b"\x00"
END = b"\x0b"
RETURN = b"\x0f"
ADD, SUBTRACT, AND, SHIFT_LEFT, SHIFT_RIGHT = b"\x6a", b"\x6b", b"\x71", b"\x74", b"\x76"
EQUAL, LESS, GREATER, NOT_GREATER = b"\x46", b"\x49", b"\x4b", b"\x4d"
WRAP = b"\xa7"
GROW_MEMORY = b"\x40\x00"
COPY_MEMORY = b"\xfc\x0a\x00\x00"
_NO_VALUE = b"\x40"
_LOADS = {1: b"\x2d\x00", 2: b"\x2f\x01", 4: b"\x28\x02"}


def constant(number: int) -> bytes:
    """An i32 constant."""
    return b"\x41" + signed(number if number < 1 << 31 else number - (1 << 32))


def get(local: int) -> bytes:
    """The value of a local."""
    return b"\x20" + unsigned(local)


def put(local: int) -> bytes:
    """Sets a local."""
    return b"\x21" + unsigned(local)


def call(function: int) -> bytes:
    """Calls a function."""
    return b"\x10" + unsigned(function)


def load(offset: int, size: int = 4) -> bytes:
    """Loads an unsigned number from the address on the stack."""
    return _LOADS[size] + unsigned(offset)


def store(offset: int) -> bytes:
    """Stores an i32 at the address on the stack."""
    return b"\x36\x02" + unsigned(offset)


def read(address: int) -> bytes:
    """The i32 at a fixed address."""
    return constant(0) + load(address)


def write(address: int, value: bytes) -> bytes:
    """Stores a value at a fixed address."""
    return constant(0) + value + store(address)


def when(condition: bytes, body: bytes) -> bytes:
    """Runs a body if the condition holds."""
    return condition + b"\x04" + _NO_VALUE + body + END


def while_true(condition: bytes, body: bytes) -> bytes:
    """Runs a body as long as the condition holds."""
    return b"\x03" + _NO_VALUE + when(condition, body + b"\x0c\x01") + END


@dataclass(frozen=True, slots=True)
class Code:
    """A function: its parameters, its results, the number of further i32 locals, and its body."""

    parameters: tuple[str, ...]
    results: tuple[str, ...]
    locals: tuple[str, ...]
    body: bytes


@dataclass(slots=True)
class CoreModule:
    """A core module that is being written. Imports come first, because functions are numbered after them.

    Its name and the labels of its functions are what backtraces show.
    """

    name: str
    _types: dict[bytes, int] = field(default_factory=dict)
    _imports: list[bytes] = field(default_factory=list)
    _imported_functions: int = 0
    _functions: list[Code] = field(default_factory=list)
    _exports: list[bytes] = field(default_factory=list)
    _memory: bytes = b""
    _start: int | None = None
    _data: bytes = b""
    _function_names: dict[int, str] = field(default_factory=dict)

    def import_function(self, module: str, label: str, parameters: Iterable[str], results: Iterable[str] = ()) -> int:
        """Imports a function."""
        type_ = self._type(parameters, results)
        self._imports.append(name(module) + name(label) + b"\x00" + unsigned(type_))
        self._imported_functions += 1
        return self._imported_functions - 1

    def import_memory(self, module: str, label: str) -> None:
        """Imports the memory."""
        self._imports.append(name(module) + name(label) + b"\x02\x00\x00")

    def define_memory(self, pages: int, label: str, content: bytes) -> None:
        """Defines the memory, with content at its beginning, and exports it."""
        self._memory = vector([b"\x00" + unsigned(pages)])
        self._exports.append(name(label) + b"\x02\x00")
        self._data = vector([b"\x00" + constant(0) + END + sized(content)])

    def function(self, code: Code, label: str, *, export: bool = True) -> int:
        """Adds a function."""
        self._functions.append(code)
        index = self._imported_functions + len(self._functions) - 1
        self._function_names[index] = label
        if export:
            self._exports.append(name(label) + b"\x00" + unsigned(index))
        return index

    def start(self, function: int) -> None:
        """Names the function that runs when the module is instantiated."""
        self._start = function

    def finish(self) -> bytes:
        """The module's bytes."""
        signatures = [unsigned(self._type(code.parameters, code.results)) for code in self._functions]
        sections: Sequence[tuple[int, bytes]] = (
            (1, vector(self._types)),
            (2, vector(self._imports)),
            (3, vector(signatures)),
            (5, self._memory),
            (7, vector(self._exports)),
            (8, b"" if self._start is None else unsigned(self._start)),
            (10, vector(_body(code) for code in self._functions)),
            (11, self._data),
        )
        content = b"".join(section(number, content) for number, content in sections if content)
        return MODULE_HEADER + content + section(0, name("name") + self._names())

    def _names(self) -> bytes:
        functions = vector(unsigned(index) + name(label) for index, label in self._function_names.items())
        return section(0, name(self.name)) + section(1, functions)

    def _type(self, parameters: Iterable[str], results: Iterable[str]) -> int:
        given, returned = (vector(VALUE_TYPES[kind] for kind in kinds) for kinds in (parameters, results))
        return self._types.setdefault(b"\x60" + given + returned, len(self._types))


def _body(code: Code) -> bytes:
    declared = vector(b"\x01" + VALUE_TYPES[kind] for kind in code.locals)
    return sized(declared + code.body + END)
