"""Says on standard error what went wrong in a guest: the exception, its message, each place with its line of source.

Nothing of it grows without bound: the host keeps the last 8 KiB of what a guest wrote, and a report has to fit in.
"""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any

_MAX_MESSAGE_CHARACTERS = 1000
_MAX_REPORT_BYTES = 6000
_MAX_FRAMES = 12
_MAX_CHAIN = 20
_HEAD = "Traceback (most recent call last):\n"

_NO_MODULE = {
    "_ctypes": "a guest loads no libraries",
    "_posixshmem": "a guest is one process",
    "_posixsubprocess": "a guest starts no processes",
    "_socket": "connections are those of elastic_hal.guest_sdk.tls",
    "_sqlite3": "objects are stored with elastic_hal.guest_sdk.storage",
    "_ssl": "connections are those of elastic_hal.guest_sdk.tls",
    "_multiprocessing": "a guest is one process",
}

module_hint: Callable[[str], str] = lambda name: ""  # noqa: E731
"""What is known of a module that is missing; `carrying` knows more than this module does."""


def report(error: BaseException, heading: str = "", *, skipped: int = 0) -> None:
    """Write the report to standard error, without the outermost `skipped` places. It never raises: there is nobody
    left who could hear of that.
    """
    for _ in range(skipped):
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            error.__traceback__ = error.__traceback__.tb_next
    with contextlib.suppress(Exception):
        stream = sys.stderr
        try:
            text = described(error)
        except Exception:
            text = f"{_HEAD}{type(error).__name__} (its report failed)\n"
        stream.write(f"{heading}\n{text}" if heading else text)
        stream.flush()


def described(error: BaseException) -> str:
    """Return the traceback of an exception and of those that led to it, cut where it is long."""
    told = traceback.TracebackException(type(error), error, error.__traceback__, limit=-_MAX_FRAMES, compact=True)
    for exception, part in zip(_family(error), _family(told), strict=False):
        _cut(part)
        hint = _hint(exception)
        if hint:
            part.__notes__ = [*(part.__notes__ or ()), f"  hint: {hint}"]
    return _within("".join(told.format()), _MAX_REPORT_BYTES)


def install() -> None:
    """Report with this module what nothing catches: in exports, in `__del__`, and in callbacks."""
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable


def _uncaught(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    report(error)


def _unraisable(unraisable: Any) -> None:
    error = unraisable.exc_value or unraisable.exc_type()
    with contextlib.suppress(Exception):
        what = "" if unraisable.object is None else f" {getattr(unraisable.object, '__qualname__', '?')}"
        report(error, f"{unraisable.err_msg or 'Exception ignored in'}{what}:")


def _family(error: Any) -> Iterator[Any]:
    """Yield an exception, or what stands for one, with those that led to it and those that are in its group. The order
    is the same for both.
    """
    waiting, count = [error], 0
    while waiting and count < _MAX_CHAIN:
        found = waiting.pop(0)
        count += 1
        yield found
        shown = found.__cause__ is None and not found.__suppress_context__
        led = found.__cause__ if found.__cause__ is not None else found.__context__ if shown else None
        waiting += [*([led] if led is not None else []), *(getattr(found, "exceptions", None) or ())]


def _cut(part: Any) -> None:
    """Cut the message, as it is going to be printed."""
    text = getattr(part, "_str", None)
    if isinstance(text, str):
        part._str = _shortened(text)
    notes = part.__notes__ if isinstance(part.__notes__, list) else []
    part.__notes__ = [_shortened(str(note)) for note in notes[:5]] or None


def _shortened(text: str) -> str:
    left_out = len(text) - _MAX_MESSAGE_CHARACTERS
    return text if left_out <= 0 else f"{text[:_MAX_MESSAGE_CHARACTERS]}… ({left_out} more characters)"


def _within(text: str, most_bytes: int) -> str:
    """Return the end of a long report, below a head of its own."""
    encoded = text.encode(errors="backslashreplace")
    if len(encoded) <= most_bytes:
        return text
    _, _, rest = encoded[-most_bytes:].decode(errors="ignore").partition("\n")
    return f"{_HEAD}  … ({len(encoded) - most_bytes} more bytes before)\n{rest}"


def _hint(error: BaseException) -> str:
    if isinstance(error, ImportError) and error.name:
        wanted = getattr(error, "name_from", None)
        names = [error.name, *([f"{error.name}.{wanted}"] if wanted else [])]
        return next((hint for name in names if (hint := _NO_MODULE.get(name, "") or module_hint(name))), "")
    if isinstance(error, OSError):
        if error.filename is not None:
            return "a guest sees the folders that its policy grants (`directories`), and the files of its own packages"
        frames = traceback.extract_tb(error.__traceback__, limit=-1)
        if frames and os.path.basename(frames[-1].filename) in ("socket.py", "selector_events.py", "selectors.py"):
            return "a guest has no sockets: connections are those of elastic_hal.guest_sdk.tls"
    if isinstance(error, RuntimeError) and "start new thread" in str(error):
        return "a guest has one thread: use asyncio, or call the function itself"
    return ""


def keep_lines(name: str, text: Callable[[], str]) -> None:
    """Let tracebacks show the lines of a file that is not there when the guest runs."""
    linecache.cache[name] = (text,)  # the form of a file that is read when it is wanted
