"""docs/wit-diff.md lists every rule with what it means, as the code has it."""

from pathlib import Path

from elastic_hal.codegen.diffing.rules import Role, Rule, broken_sides, needed_bump

PAGE = Path(__file__).parents[2] / "docs" / "wit-diff.md"


def row(rule: Rule) -> str:
    cells = []
    for role in Role:
        if rule.code.partition("-")[0] in {other.value for other in Role if other is not role}:
            cells.append("–")
            continue
        breaks = broken_sides(rule, {role})
        who = " and ".join(sorted(side.value for side in breaks)) or "nobody"
        cells.append(f"{who}, {needed_bump(rule, breaks).name.lower()}")
    return f"| `{rule.code}` | {rule.summary} | {' | '.join(cells)} |"


def test_the_table_of_rules() -> None:
    section = PAGE.read_text("utf-8").partition("\n## Rules\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [row(rule) for rule in Rule]
