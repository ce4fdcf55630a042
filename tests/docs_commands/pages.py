"""Finds the command lines that a page of Markdown prints, in fenced blocks, and what the page says about them.

In a block of `sh` or `bash` every line is a command; in one of `console` those that begin with `$ `, and the rest is
what they print. A command goes on where its line ends in a backslash, and up to the end of a here-document.

Comments of Markdown, which a reader does not see, stand by themselves on lines before a block:

- `<!-- not run: REASON -->` leaves the next block's commands out;
- `<!-- file: PATH -->` writes the next block to that file, so that commands after it find what the page shows;
- `<!-- prepare: COMMANDS -->`, in one line or several, is run in this place: what a reader has already;
- `<!-- in: FOLDER -->` makes a folder, in which the commands and files of this page go on.

A block whose language is followed by `title=PATH` is a file too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SHELL_LANGUAGES = frozenset({"sh", "bash", "shell"})
CONSOLE_LANGUAGES = frozenset({"console"})
_OPENING = re.compile(r"^( {0,3})(`{3,}|~{3,})\s*([^`\s]*)([^`]*)$")
_COMMENT = re.compile(r"^\s*<!--\s*(not run|file|prepare|in):(.*)", re.DOTALL)
_HERE_DOCUMENT = re.compile(r"<<-?\s*['\"]?([A-Za-z_]+)")
_LOOKS_LIKE_A_COMMAND = re.compile(r"^\s*(\$ |(elastic-hal|make|pip|python3?|pytest|cargo|npm|git) [^ ]*)")
_UNFENCED_COMMAND = re.compile(r"^\s*(\$ |elastic-hal [a-z])")


class PageError(Exception):
    """A page says something about its commands that cannot be meant, or prints one that nothing knows of."""


@dataclass(frozen=True)
class Prepare:
    """Commands that the page does not show."""

    line: int
    text: str


@dataclass(frozen=True)
class Enter:
    """The page goes on in another folder."""

    line: int
    folder: str


@dataclass(frozen=True)
class Write:
    """A block that is a file."""

    line: int
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command that the page prints. `begins_block` says that it is the first one of its block."""

    line: int
    text: str
    begins_block: bool


@dataclass(frozen=True)
class NotRun:
    """A command that the page prints and that cannot be run here, with the reason."""

    line: int
    text: str
    reason: str


Step = Prepare | Enter | Write | Command | NotRun


@dataclass(frozen=True)
class _Block:
    line: int
    language: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Comment:
    line: int
    kind: str
    text: str


def steps(text: str) -> list[Step]:
    """What is to be done with a page, from top to bottom. Raises PageError, with the number of the line."""
    found: list[Step] = []
    said: _Comment | None = None
    for item in _items(text):
        if isinstance(item, _Block):
            found += _of_block(item, said)
            said = None
            continue
        if item.kind == "prepare":
            found.append(Prepare(item.line, item.text))
            continue
        if not item.text:
            raise PageError(f"line {item.line}: `{item.kind}` says nothing")
        if item.kind == "in":
            found.append(Enter(item.line, item.text))
            continue
        if said is not None:
            raise PageError(f"line {said.line}: `{said.kind}` is not followed by a block")
        said = item
    if said is not None:
        raise PageError(f"line {said.line}: `{said.kind}` is not followed by a block")
    return found


def _of_block(block: _Block, said: _Comment | None) -> list[Step]:
    commands = list(_commands(block))
    if said is not None and said.kind == "file":
        return [Write(block.line, said.text, "".join(f"{line}\n" for line in block.lines))]
    if block.title:
        return [Write(block.line, block.title, "".join(f"{line}\n" for line in block.lines))]
    if said is not None:
        if not commands:
            raise PageError(f"line {said.line}: the block after `not run` has no commands")
        return [NotRun(line, text, said.text) for line, text in commands]
    return [Command(line, text, number == 0) for number, (line, text) in enumerate(commands)]


def _commands(block: _Block) -> Iterator[tuple[int, str]]:
    """The commands of a block with the lines that they begin in."""
    if block.language not in SHELL_LANGUAGES | CONSOLE_LANGUAGES:
        if block.language in {"", "text"}:
            for number, line in enumerate(block.lines, block.line + 1):
                if _LOOKS_LIKE_A_COMMAND.match(line):
                    raise PageError(f"line {number}: a command in a block that is neither `sh` nor `console`: {line}")
        return
    lines = iter(enumerate(block.lines, block.line + 1))
    for number, line in lines:
        if block.language in CONSOLE_LANGUAGES:
            if not line.startswith("$ "):
                continue
            whole = line.removeprefix("$ ")
        else:
            whole = line
        if not whole.strip() or whole.lstrip().startswith("#"):
            continue
        while whole.endswith("\\"):
            whole += "\n" + next(lines, (0, ""))[1]
        if (ends := _HERE_DOCUMENT.search(whole)) is not None:
            for _, more in lines:
                whole += "\n" + more
                if more.strip() == ends[1]:
                    break
        yield number, whole


def _items(text: str) -> Iterator[_Block | _Comment]:
    """Blocks and comments in their order."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if (opening := _OPENING.match(line)) is not None:
            title = opening[4].partition("title=")[2].strip()
            yield _Block(number, opening[3], title, tuple(_until_closed(lines, number, *opening.group(1, 2))))
        elif (comment := _COMMENT.match(line)) is not None:
            whole = comment[2]
            while "-->" not in whole:
                after = next(lines, None)
                if after is None:
                    raise PageError(f"line {number}: the comment has no end")
                whole += "\n" + after[1]
            yield _Comment(number, comment[1], whole.partition("-->")[0].strip())
        elif _UNFENCED_COMMAND.match(line):
            raise PageError(f"line {number}: a command outside of a fenced block: {line}")


def _until_closed(lines: Iterator[tuple[int, str]], opened: int, indent: str, fence: str) -> Iterator[str]:
    for _, line in lines:
        if re.fullmatch(rf"\s{{0,3}}{re.escape(fence[0])}{{{len(fence)},}}\s*", line):
            return
        yield line.removeprefix(indent)
    raise PageError(f"line {opened}: the block has no end")
