"""The program in docs/host-guide.md, as it stands there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "host-guide.md"
_BLOCK = re.compile(r"^```(?P<head>[^\n]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_program_of_the_guide_does_what_the_guide_says(tmp_path: Path) -> None:
    blocks = [(match["head"], match["text"]) for match in _BLOCK.finditer(GUIDE.read_text())]
    files = {head.partition("title=")[2]: text for head, text in blocks if "title=" in head}
    files["wit/words.wit"] = next(text for head, text in blocks if head == "wit")
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    programs = Path(sys.executable).parent
    commands = [line.removeprefix("$ ") for head, text in blocks if head == "console" for line in text.splitlines()]
    outputs = []
    for command in [*map(shlex.split, commands), ["python", "host.py"]]:
        program = [sys.executable] if command[0] == "python" else [str(programs / command[0])]
        done = subprocess.run(
            [*program, *command[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout)
    assert outputs[-1] == next(text for head, text in blocks if head == "text")
