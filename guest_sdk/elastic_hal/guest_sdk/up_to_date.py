"""Says whether a component is what a build would make again, so that building twice costs nothing.

Beside the component lies a small file with two digests: of everything that went into the build, and of the component.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

_TOOL = "componentize-py"


def fingerprint(folders: Iterable[Path], settings: Sequence[str]) -> str:
    """The digest of all files in the folders, of the settings and of the build tool's version."""
    digest = hashlib.sha256()
    for part in (_TOOL.encode(), metadata.version(_TOOL).encode(), *(text.encode() for text in settings)):
        digest.update(_framed(part))
    for folder in folders:
        digest.update(_framed(b"folder"))
        for part in _contents(folder):
            digest.update(_framed(part))
    return digest.hexdigest()


def is_current(component: Path, inputs: str) -> bool:
    """Whether the component was built from these inputs and is still as it was built."""
    try:
        return _stamp(component).read_text("ascii") == _stamp_text(component, inputs)
    except (OSError, UnicodeDecodeError):
        return False


def record(component: Path, inputs: str) -> None:
    """Notes what the component was built from. Where that cannot be written, the next build builds again."""
    with contextlib.suppress(OSError):
        _stamp(component).write_text(_stamp_text(component, inputs), "ascii")


def _contents(path: Path) -> Iterator[bytes]:
    files = [path] if path.is_file() else sorted(entry for entry in path.rglob("*") if entry.is_file())
    for file in files:
        yield file.relative_to(path).as_posix().encode(errors="surrogateescape")
        yield file.read_bytes()


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


def _stamp(component: Path) -> Path:
    return component.with_name(f"{component.name}.built-from")


def _stamp_text(component: Path, inputs: str) -> str:
    with component.open("rb") as stream:
        return f"{inputs}\n{hashlib.file_digest(stream, 'sha256').hexdigest()}\n"
