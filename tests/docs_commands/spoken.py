"""Looks at commands that are not run, in prose or in blocks that say why: they, and their options, exist at least."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

_SPAN = re.compile(r"(?<!`)`(elastic-hal [^`]+)`(?!`)")
_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,}).*?^\1\2`*\s*$", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"[a-z][a-z-]*")
_ENDS = frozenset({"|", ">", "<", "&&", "||", "&", ";", ">&-", "--"})


def in_prose(text: str) -> Iterator[str]:
    """The commands in spans of code, outside of blocks."""
    for found in _SPAN.finditer(_FENCE.sub("", text)):
        words = found[1].split()
        if (
            not words[-1].replace(".", "").isdecimal()
        ):  # what is hashed or signed begins with labels such as `elastic-hal report data 1`
            yield " ".join(words)


def what_is_wrong(command: str, program: click.Group) -> str | None:
    """Why this is no command line of the program; None where it is, or names nothing but a group of commands."""
    words = _words(command)
    at: click.Command = program
    rest = iter(words[1:])
    for word in rest:
        if word.startswith("-") and word != "-":
            if (problem := _option(word, at, rest)) is not None:
                return f"{command}: {problem}"
        elif isinstance(at, click.Group):
            if "|" in word or not _WORD.fullmatch(word):
                return None  # it speaks of several commands, or of any
            found = at.get_command(click.Context(at), word)
            if found is None:
                return f"{command}: there is no command {word!r}"
            at = found
    return None


def _words(command: str) -> list[str]:
    words = shlex.split(command, comments=True)
    ends = [number for number, word in enumerate(words) if word in _ENDS]
    return words[: ends[0]] if ends else words


def _option(word: str, command: click.Command, rest: Iterator[str]) -> str | None:
    name, given, _ = word.strip("[]").partition("=")
    for parameter in command.get_params(click.Context(command)):
        if isinstance(parameter, click.Option) and name in (*parameter.opts, *parameter.secondary_opts):
            if not given and not parameter.is_flag and not parameter.count:
                next(rest, None)
            return None
    return f"there is no option {name!r}"
