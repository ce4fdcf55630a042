"""Turns what componentize-py prints into a reason, a place in the project and a hint."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from .tool_errors import BuildFailedError

_FRAME = re.compile(r'File "(?:/(\d+)/)?([^"]*)", line (\d+)')
_LONGEST_DETAILS = 30

_LOADED_WHILE_BUILT = "the app is imported while it is built"
_COMPILED = (".*so", ".*pyd", ".so", ".pyd", ".*dylib")
_ABSENT = {
    **dict.fromkeys(("_ssl", "_socket"), "a guest has no sockets: connections are those of elastic_hal.guest_sdk.tls"),
    "_sqlite3": "the guest's Python has no sqlite3: objects are stored with elastic_hal.guest_sdk.storage",
    "_ctypes": "a guest loads no libraries, so ctypes and what needs it does not work",
    "_multiprocessing": "a guest is one process with one thread",
    "_posixsubprocess": "a guest starts no processes",
}
"""Modules that the guest's Python does not have."""
_MISSING_MODULE = re.compile(
    r"ModuleNotFoundError: No module named '(?P<module>[\w.]+)'|"
    r"ImportError: cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<package>[\w.]+)'"
)
_HINTS = (
    (
        r"No module named 'wit_world|cannot import name .* from 'wit_world|^ImportError: the world of this guest",
        "the interface is not in the guest's world; see `world` and `wit` in pyproject.toml",
    ),
    (
        r"^ModuleNotFoundError",
        "a guest imports the standard library, the SDK, and what lies in the folders of `source` in pyproject.toml; "
        "packages with compiled parts do not work",
    ),
    (r"has no attribute 'Run'", "end the app with `Run = program.command(main)`"),
    (
        r"^AttributeError: module '[\w.]+' has no attribute '[A-Z]\w*'",
        "for each interface that the world exports, the app has a class of that name with the functions as methods; "
        "its resources are classes in the app too",
    ),
    (
        r"^ImportError: the exported interface",
        'docs/guest-guide.md shows an exported interface with a resource under "What a world exports"',
    ),
    (
        r"^(?:OSError|PermissionError|FileNotFoundError)",
        f"{_LOADED_WHILE_BUILT}, where no files are; read them in main",
    ),
)


def failure(output: str, searched: Sequence[Path], project: Path) -> BuildFailedError:
    """The error that stands for the output of a failed build; `searched` is the module path in order."""
    text = output.partition("\nStack backtrace:")[0]
    text = text.partition("AssertionError: ")[2] or text
    message, _, causes = text.partition("\n\nCaused by:")
    return (
        _unknown_world(message)
        or _ended_early(causes)
        or _raised(message.strip("\n"), searched, project)
        or BuildFailedError("componentize-py failed", "run it again with what it said below", text.strip())
    )


def _unknown_world(message: str) -> BuildFailedError | None:
    wanted = re.search(r"Unable to resolve `Some\(\"(.*)\"\)`", message)
    if wanted is None:
        return None
    known = re.findall(r'^ {4}"([a-z][^"]*/[^"]+)"', message, re.MULTILINE)
    package = re.split("[/@]", wanted[1])[0]
    likely = [world for world in known if world.startswith(f"{package}/")] or known
    return BuildFailedError(f"there is no world {wanted[1]!r}", f"there is {', '.join(likely)}" if likely else "")


def _ended_early(causes: str) -> BuildFailedError | None:
    """Calls of the host and exits end the build without a traceback."""
    called = re.search(r"called trapping stub: (\S+)", causes)
    if called is not None:
        function = called[1].replace("#", " ")
        return BuildFailedError(f"the app calls the host ({function}) while it is imported", "call it in main only")
    if "Exited with" in causes:
        return BuildFailedError("the app exits while it is imported", "call sys.exit in main only")
    return None


def _raised(message: str, searched: Sequence[Path], project: Path) -> BuildFailedError | None:
    """An exception that came out of the app's modules."""
    lines = [line for line in message.splitlines() if line.strip()]
    if not lines:
        return None
    reason = _reason(lines)
    hint = _compiled_part(reason, searched, project) or next(
        (hint for pattern, hint in _HINTS if re.search(pattern, reason)), _LOADED_WHILE_BUILT
    )
    details = _FRAME.sub(lambda match: _renamed(match, searched, project), message).splitlines()
    if len(lines) == 1:
        details = []
    elif len(details) > _LONGEST_DETAILS:
        details = [*details[:5], "  …", *details[5 - _LONGEST_DETAILS :]]
    return BuildFailedError(f"{_deepest_place(message, searched, project)}{reason}", hint, "\n".join(details))


def _reason(lines: Sequence[str]) -> str:
    """The last line of the message, without the hint that the guest's own report may end with."""
    told = [line for line in lines if not line.startswith("  hint: ")]
    return (told or lines)[-1].strip()


def _compiled_part(reason: str, searched: Sequence[Path], project: Path) -> str:
    """The hint for a package with a part that is compiled for some machine."""
    found = _MISSING_MODULE.match(reason)
    if found is None:
        return ""
    name = found["module"] or f"{found['package']}.{found['name']}"
    if name in _ABSENT:
        return _ABSENT[name]
    for folder in searched:
        place = folder.joinpath(*name.split("."))
        files = [file for pattern in _COMPILED for file in place.parent.glob(f"{place.name}{pattern}")]
        if files:
            return (
                f"{os.path.relpath(files[0], project)} is compiled for some machine; a guest runs pure Python only: "
                "use a package, or a release of it, without compiled parts"
            )
    if found["module"] and "." in name and name.rpartition(".")[2].startswith("_"):
        return (
            f"{name} is probably a compiled part of its package; a guest runs pure Python only: use a package or a "
            "release of it without compiled parts"
        )
    return ""


def _deepest_place(message: str, searched: Sequence[Path], project: Path) -> str:
    places = [_place(match, searched, project) for match in _FRAME.finditer(message)]
    inside = [place for place in places if place is not None]
    return f"{inside[-1]}: " if inside else ""


def _renamed(match: re.Match[str], searched: Sequence[Path], project: Path) -> str:
    place = _place(match, searched, project)
    return f'File "{match[2] if place is None else place.rpartition(":")[0]}", line {match[3]}'


def _place(match: re.Match[str], searched: Sequence[Path], project: Path) -> str | None:
    """File and line as the project's author knows them; None for what is not the project's. Modules of the project
    are loaded under these names already, all others under those that they have while the guest is built.
    """
    if match[1] is None:
        path = project / match[2]
        inside = any(path.is_relative_to(folder) for folder in searched)
    else:
        index = int(match[1])
        inside = index < len(searched) and searched[index].is_relative_to(project)
        path = searched[index] / match[2] if inside else project
    return f"{os.path.relpath(path, project)}:{match[3]}" if inside and not match[2].startswith("/") else None
