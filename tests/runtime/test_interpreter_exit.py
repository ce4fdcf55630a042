"""What a program leaves open when it ends must not bring the interpreter down.

The interpreter clears modules one after the other; a linker may go when the module with its callbacks is empty.
"""

import subprocess
import sys

import pytest

PROGRAM = """
import builtins, sys, types
import wasmtime

holder = sys.modules["holder"] = types.ModuleType("holder")  # cleared before wasmtime, after what is imported next
from elastic_hal.runtime import abi, interrupt
from elastic_hal.runtime.abi import callbacks
from elastic_hal.runtime.engine import Engine

engine = Engine()
linker = abi.Linker(engine.wasm)
with linker.instance("test:host/api@0.1.0") as instance:
    instance.resource("thing", abi.Resource)
    instance.function("take", lambda data, held=linker: len(data), (abi.bytes_,), abi.u32)
store = wasmtime.Store(engine.wasm)
interrupt.Interrupt(engine).attach(store)
{keep}
print("done")
"""


@pytest.mark.parametrize(
    "keep",
    [
        "",
        "builtins.kept = linker",
        "builtins.kept = (store, linker)",
        "holder.kept = linker; del linker, instance",
        "holder.kept = (store, linker, instance); del linker, store, instance",
        "vars(callbacks).clear(); del linker, instance",
        "vars(callbacks).clear(); vars(interrupt).clear(); store.close()",
        "kept = [linker, store]; kept.append(kept)",
        "linker.itself = linker; del linker",
    ],
)
def test_the_interpreter_ends_whatever_is_left_open(keep: str) -> None:
    program = [sys.executable, "-c", PROGRAM.format(keep=keep)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=600, check=False)
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr
