"""What a call from a guest into the host costs: this package's bindings beside wasmtime-py's own conversion and beside
jco on Node, for the same guests in one run.

`host_call.KEY_s` is the time of one call through the bindings here, for the guest in WebAssembly text;
`host_call.python_guest.KEY_s` the same for the guest in Python, whose own work is then part of it.
"""

from __future__ import annotations

import enum
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wasmtime
from wasmtime import component

from benchmarks import guests, jco
from benchmarks.measure import readable, side_by_side
from elastic_hal.runtime import abi
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine

INTERFACE = "bench:calls/host"
_MIB = 1 << 20
_EPOCHS = 10**9


class Kind(enum.Enum):
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    active: bool
    name: str
    ratio: float
    kind: Kind
    limit: int | None


ENTRY = abi.record(
    Entry,
    (
        ("id", "id", abi.u64),
        ("active", "active", abi.bool_),
        ("name", "name", abi.string),
        ("ratio", "ratio", abi.f64),
        ("kind", "kind", abi.enum_(Kind)),
        ("limit", "limit", abi.option(abi.u32)),
    ),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement: which export of the guest to call with which arguments before the number of calls. `stock` is
    the number for the stock conversion, 0 where it refuses the call.
    """

    key: str
    export: str
    arguments: tuple[int, ...]
    calls: int
    stock: int
    repeats: int = 9


CASES = (
    Case("scalar", "run-scalar", (), 5000, 2000),
    Case("record", "run-record", (), 2000, 400),
    Case("bytes_64b", "run-bytes", (64,), 2000, 200),
    Case("bytes_64kib", "run-bytes", (65536,), 200, 2),
    Case("bytes_1mib", "run-bytes", (_MIB,), 20, 1, repeats=5),
    Case("bytes_16mib", "run-bytes", (16 * _MIB,), 2, 0),
    Case("bytes_1mib_echo", "run-echo", (_MIB,), 10, 1, repeats=5),
)
Caller = Callable[[str, tuple[int, ...]], object]


def run() -> dict[str, float]:
    """All cases for both guests."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = folder / "text-guest.wasm"
        text.write_bytes(guests.text_guest())
        python = guests.python_guest(folder)
        others = jco.measure({path.stem: path for path in (text, python)}, CASES)
        for path, prefix in ((text, "host_call"), (python, "host_call.python_guest")):
            _compare(path, prefix, others.get(path.stem, {}), figures)
    return figures


def python_echo_seconds(size: int, calls: int) -> float:
    """What one call takes that moves `size` bytes from a guest in Python to the host and back, and no more."""
    with tempfile.TemporaryDirectory() as name:
        engine = Engine()
        host = _ours(engine, engine.load(guests.python_guest(Path(name))))
        (seconds,) = side_by_side((lambda: host.call("run-echo", (size, calls)), calls))
        return seconds


def _compare(path: Path, prefix: str, others: dict[str, float], figures: dict[str, float]) -> None:
    engine = Engine()
    bridged, plain = engine.load(path), engine.load(path, bytes_bridge=False)
    figures[f"{prefix}.bridged"] = float(bridged.bridged)
    ours, stock = _ours(engine, bridged), _stock(engine, plain)
    print(f"  {prefix + ', one call':<36} {'ours':>10} {'stock':>10} {'times':>7} {'jco':>10} {'times':>7}")
    for case in CASES:
        _check_answers(case, ours, stock if case.stock else ours)
        ways = [_way(ours.call, case, case.calls), *([_way(stock.call, case, case.stock)] if case.stock else [])]
        fast, *rest = side_by_side(*ways, repeats=case.repeats)
        slow = rest[0] if rest else None
        figures[f"{prefix}.{case.key}_s"] = fast
        columns = [readable(fast)]
        other = others.get(case.key)
        for seconds, name in ((slow, "stock"), (other, "jco")):
            if seconds is None:
                columns += ["-", ""]
                continue
            figures[f"{prefix}.{case.key}.{name}_s"] = seconds
            figures[f"{prefix}.{case.key}.speedup_vs_{name}"] = seconds / fast
            columns += [readable(seconds), f"{seconds / fast:.1f}"]
        print("    {:<34} {:>10} {:>10} {:>7} {:>10} {:>7}".format(case.key, *columns))


def _way(call: Caller, case: Case, calls: int) -> tuple[Callable[[], object], int]:
    return lambda: call(case.export, (*case.arguments, calls)), calls


class _Host:
    """What the guests call; it remembers what came last, so that both ways can be compared."""

    def __init__(self) -> None:
        self.last: Any = None
        self.call: Caller = lambda _export, _arguments: None

    def scalar(self, x: int) -> int:
        return x

    def pass_(self, entry: Any) -> Any:
        self.last = entry
        return entry

    def take(self, data: bytes) -> int:
        self.last = data
        return len(data)

    def echo(self, data: bytes) -> bytes:
        self.last = data
        return data


def _check_answers(case: Case, ours: _Host, stock: _Host) -> None:
    for host in (ours, stock):
        host.call(case.export, (*case.arguments, 1))
    if case.export != "run-record" and ours.last != stock.last:
        raise RuntimeError(f"{case.key}: the two ways got different values")
    if case.arguments and len(ours.last) != case.arguments[0]:
        raise RuntimeError(f"{case.key}: {len(ours.last)} bytes arrived")
    ours.last = stock.last = None


def _ours(engine: Engine, loaded: LoadedComponent) -> _Host:
    host = _Host()
    linker = abi.Linker(engine.wasm, bytes_bridge=loaded.bridged)
    linker.wasm.add_wasip2()
    with linker.instance(INTERFACE) as instance:
        instance.function("scalar", host.scalar, (abi.u32,), abi.u32)
        instance.function("pass", host.pass_, (ENTRY,), ENTRY)
        instance.function("bytes", host.take, (abi.bytes_,), abi.u32)
        instance.function("echo", host.echo, (abi.bytes_,), abi.bytes_)
    host.call = _caller(engine, linker.wasm, loaded)
    return host


def _stock(engine: Engine, loaded: LoadedComponent) -> _Host:
    host = _Host()
    linker = component.Linker(engine.wasm)
    linker.add_wasip2()
    with linker.root() as root, root.add_instance(INTERFACE) as instance:
        instance.add_func("scalar", lambda _store, x: host.scalar(x))
        instance.add_func("pass", lambda _store, entry: host.pass_(entry))
        instance.add_func("bytes", lambda _store, data: host.take(data))
        instance.add_func("echo", lambda _store, data: host.echo(data))
    host.call = _caller(engine, linker, loaded)
    return host


def _caller(engine: Engine, linker: component.Linker, loaded: LoadedComponent) -> Caller:
    store = wasmtime.Store(engine.wasm)
    store.set_epoch_deadline(_EPOCHS)
    store.set_wasi(wasmtime.WasiConfig())
    instance = linker.instantiate(store, loaded.compiled)

    def call(export: str, arguments: tuple[int, ...]) -> None:
        function: Any = instance.get_func(store, export)
        function(store, *arguments)
        function.post_return(store)

    return call
