"""Makes the checked-in generated code and pages anew: `make generate`. The tests compare with the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import elastic_hal.guest_sdk
import elastic_hal.reference_impl
from elastic_hal.cli.files import write_whole
from elastic_hal.codegen.frontend import load_or_raise, select_world
from elastic_hal.codegen.model import Resolve, World
from elastic_hal.codegen.reference.page import page
from elastic_hal.codegen.resources import contract_dir
from elastic_hal.codegen.targets import generate_guest, generate_host, write_tree
from elastic_hal.common.text import counted

WORLD = "imports"
FEATURES = frozenset({"post-quantum"})
"""What is not settled in the contract and served all the same: a guest that asks for the feature finds it."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of generated code and what makes it."""

    folder: Path
    make: Callable[[Resolve, World], dict[str, str]]


TREES = (
    Tree(
        Path(next(iter(elastic_hal.reference_impl.__path__))) / "bindings",
        lambda resolve, world: generate_host(resolve, world, external=("wasi:*",)),
    ),
    Tree(Path(next(iter(elastic_hal.guest_sdk.__path__))) / "bindings", generate_guest),
)


def generated() -> Iterator[tuple[Path, dict[str, str]]]:
    """Each folder with the files that belong in it."""
    resolve = load_or_raise([contract_dir()], FEATURES)
    world = select_world(resolve, WORLD)
    for tree in TREES:
        yield tree.folder, tree.make(resolve, world)


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated page of the documentation with its text."""
    yield contract_dir().parent / "docs" / "diagnostics.md", page()


def main() -> None:
    """Writes every tree and every page."""
    for folder, files in generated():
        changed = write_tree(files, folder)
        print(f"{folder}: {counted(len(files), 'file')}, {len(changed)} changed")
    for path, text in pages():
        write_whole(path, text.encode())
        print(path)


if __name__ == "__main__":
    main()
