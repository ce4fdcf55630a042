"""The guests in Python that are measured: their projects are kept under `build/bench`, so that each is built once."""

from __future__ import annotations

from pathlib import Path

from elastic_hal.guest_sdk.build import build

FOLDER = Path("build/bench")
_PROJECT = """[project]
name = "bench-{name}"
version = "0.1.0"
[tool.elastic-hal]
app = "app"
source = ["src"]
"""


def built(name: str, app: str) -> Path:
    """The component of the program `app`; it is built again only where the program or the SDK has changed."""
    project = FOLDER / name
    (project / "src").mkdir(parents=True, exist_ok=True)
    (project / "pyproject.toml").write_text(_PROJECT.format(name=name), encoding="utf-8")
    (project / "src" / "app.py").write_text(app, encoding="utf-8")
    return build(project)
