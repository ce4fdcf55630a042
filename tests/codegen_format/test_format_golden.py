"""Texts before and after formatting, kept as files: `NAME.before.wit` and `NAME.after.wit`."""

from pathlib import Path

import pytest

from elastic_hal.codegen.formatting.formatter import format_text
from elastic_hal.codegen.resources import contract_dir

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("before", sorted(GOLDEN.glob("*.before.wit")), ids=lambda path: path.name.split(".")[0])
def test_golden(before: Path) -> None:
    after = before.with_name(before.name.replace(".before.", ".after.")).read_text("utf-8")
    assert format_text(before.read_text("utf-8")) == after
    assert format_text(after) == after


@pytest.mark.parametrize(
    "path", sorted(contract_dir().rglob("*.wit")), ids=lambda path: str(path.relative_to(contract_dir()))
)
def test_the_contract_is_formatted(path: Path) -> None:
    assert format_text(path.read_bytes().decode()).encode() == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n\n \t\n", ""),
        ("// alone", "// alone\n"),
        ("\ufeffpackage a:b;\r\n\r\n\r\n// x\r\n", "package a:b;\n\n// x\n"),
        ("/* a\r\n  b */\r\npackage a:b;", "/* a\n  b */\npackage a:b;\n"),
        ("// trailing space  \t\npackage a:b;", "// trailing space\npackage a:b;\n"),
        ("/* kept  \n */ package a:b;", "/* kept  \n */\npackage a:b;\n"),
        ("package a:b; // end", "package a:b; // end\n"),
        ("package a : /* within */ b;", "package a: /* within */ b;\n"),
        ("use a:b/ /* within */ c;", "use a:b/ /* within */ c;\n"),
        ("interface i{type t=tuple< // x\n u8>;}", "interface i {\n  type t = tuple< // x\n    u8,\n  >;\n}\n"),
        ("interface i{f:func(//x\n);}", "interface i {\n  f: func( //x\n  );\n}\n"),
        ("world w{include a with{/*x*/b as c}}", "world w {\n  include a with {/*x*/ b as c }\n}\n"),
    ],
)
def test_small_texts(text: str, expected: str) -> None:
    assert format_text(text) == expected
    assert format_text(expected) == expected
