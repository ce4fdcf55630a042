"""What `elastic-hal wit print` gives: canonical layout, and every name where it was."""

import subprocess
import sys
from pathlib import Path

from elastic_hal.codegen.formatting.formatter import format_text
from elastic_hal.codegen.frontend import load_or_raise
from elastic_hal.codegen.json_document import to_document
from elastic_hal.codegen.printer import print_resolve
from elastic_hal.codegen.resources import contract_dir

TEXT = """package a:b;

interface one {
  f: func();
  resource r {
    m: func();
  }
  g: func();
  resource s;
}

interface two {
  use one.{r};
  type t = r;
}

interface three {
  use two.{t};
  f: func() -> t;
}

world w {
  use one.{r};
  use two.{t};
  import f: func();
  export three;
}
"""


def test_every_order_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.wit"
    path.write_text(TEXT, "utf-8")
    resolve = load_or_raise([path])
    world = resolve.main.worlds["w"]
    assert list(world.imports) == ["a:b/one", "a:b/two", "r", "t", "f"]
    assert list(resolve.main.interfaces["one"].functions) == ["f", "[method]r.m", "g"]
    path.write_text(print_resolve(resolve), "utf-8")
    assert to_document(load_or_raise([path])) == to_document(resolve)


def test_the_command_prints_the_canonical_layout() -> None:
    command = [sys.executable, "-m", "elastic_hal.cli", "wit", "print", str(contract_dir())]
    printed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    assert format_text(printed) == printed
