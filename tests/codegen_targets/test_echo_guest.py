"""Both sides of generated bindings: a guest of componentize-py sends values of every type to providers in Python."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets import write_tree
from elastic_hal.common.guest_tool import tool_environment
from elastic_hal.runtime import abi
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.workload import Workload

HERE = Path(__file__).parent
GUEST_WORLD = """
package test:values@1.0.0;
world guest {
  include values;
  include wasi:cli/imports@0.2.9;
  export wasi:cli/run@0.2.9;
}
"""


@pytest.fixture
def host(
    tmp_path: Path, generate: Callable[[str, str], dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The generated host bindings, imported from a temporary folder."""
    write_tree(generate("host", "values"), tmp_path / "host" / "echo_host_bindings")
    monkeypatch.syspath_prepend(tmp_path / "host")
    yield importlib.import_module("echo_host_bindings")
    for name in [name for name in sys.modules if name.split(".")[0] == "echo_host_bindings"]:
        del sys.modules[name]


def build_guest(tmp_path: Path, files: dict[str, str]) -> Path:
    wit = tmp_path / "wit"
    shutil.copytree(contract_dir() / "deps", wit / "deps")
    shutil.copy(HERE / "fixtures" / "values" / "values.wit", wit)
    (wit / "guest.wit").write_text(GUEST_WORLD)
    write_tree(files, tmp_path / "guest" / "bindings")
    component = tmp_path / "app.wasm"
    programs = ["-p", str(HERE / "guest_app"), "-p", str(tmp_path / "guest")]
    program = str(Path(sys.executable).with_name("componentize-py"))
    command = [program, "-d", str(wit), "-w", "test:values/guest@1.0.0", "componentize"]
    done = subprocess.run(
        [*command, "app", *programs, "-o", str(component)],
        env=tool_environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return component


def providers(host: Any) -> Any:
    echo: Any = importlib.import_module("echo_host_bindings.test_values.echo")
    shapes: Any = importlib.import_module("echo_host_bindings.test_values.shapes")

    class Counter(echo.Counter):  # type: ignore[misc]
        def __init__(self, start: int) -> None:
            self.count = start

        def add(self, amount: int) -> int:
            if amount == 0:
                raise shapes.Failure_Refused
            self.count += amount
            return self.count

        def value(self) -> int:
            return self.count

    class Echo:
        def Counter_constructor(self, start: int) -> Counter:
            return Counter(start)

        def Counter_sum(self, first: Counter, second: Counter | None) -> Counter:
            return Counter(first.count + (second.count if second else 0))

        def Counter_take(self, counter: Counter) -> int:
            return counter.count

        def Counter_range(self, first: int, last: int) -> list[Counter] | None:
            return [Counter(count) for count in range(first, last)] or None

        def echo_everything(self, value: Any) -> Any:
            return value

        echo_shape = echo_nested = echo_blob = echo_found = echo_results = echo_everything

        def echo_tuples(self, value: Any, other: Any) -> Any:
            return value, other

        def wide(self, *values: Any) -> int:
            assert values[9:13] == (0.25, "c", True, "m")
            return int(sum(values[0:8]) + sum(values[13:17])) + len(values[17]) * 4

        def fail(self, why: Exception) -> None:
            raise why

        def fail_code(self, why: Any) -> int:
            if why is not None:
                raise shapes.CodeException.of(why)
            return 1

        def fail_text(self, why: str | None) -> str:
            if why is not None:
                raise abi.ResultError(why)
            return "fine"

        def fail_silently(self, fail: bool) -> None:
            if fail:
                raise abi.ResultError

        def nothing(self) -> None:
            pass

    class Values:
        def whisper(self, text: str) -> str:
            return text.lower()

    return host.Providers(test_values_echo=Echo(), test_values_values=Values())


@pytest.mark.filterwarnings("default::ResourceWarning")
def test_every_value_comes_back(
    tmp_path: Path, host: Any, generate: Callable[[str, str], dict[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    engine = Engine(tmp_path / "cache")
    component = engine.load(build_guest(tmp_path, generate("guest", "values")))
    output = bytearray()
    linked = providers(host)
    outcome = Workload(
        engine,
        component,
        Identity("echo", component.digest),
        link=lambda linker, workload: host.add_to_linker(linker, linked),
        output=output.extend,
    ).run()
    assert outcome.exit_code == 0, outcome
    assert output == b"all came back\n"
    assert [record.levelname for record in caplog.records] == ["ERROR"], "one provider failed on purpose"
