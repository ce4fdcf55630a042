"""Traps in words: what stopped a guest, where it was, and what it said last.

wasmtime reports a trap as text: a backtrace and a chain of causes. This module takes it apart, so that a host gets the
kind of a trap as a value, and people get a few lines that they can act on. A guest in Python is told by its own
exception: the traceback that it left on standard error.
"""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from elastic_hal.runtime.abi.trap_words import comes_from_fused_code, in_common_words
from elastic_hal.runtime.bridge.names import NAMESPACE

_FRAME = re.compile(r"\s*+\d+:\s++(?:0x[0-9a-f]+ - )?(?P<module>[^!\n]*)!(?P<function>[^\n]*)")
_LOCATION = re.compile(r"\s+at (?P<location>\S[^\n]*)")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_EXCEPTION = re.compile(r"[^\W\d][\w.]*+(?:<locals>[\w.]*+)*+(: .*)?")
_PLACE = re.compile(r'\s*+File "(?P<file>[^"]*)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_GROUP = "  + Exception Group Traceback (most recent call last):"
_TRACEBACK = "Traceback (most recent call last):\n"
_CHAINED = (
    "During handling of the above exception, another exception occurred:\n\n",
    "The above exception was the direct cause of the following exception:\n\n",
)
_OUT_OF_MEMORY = re.compile(
    r"MemoryError|memory allocation of \d+ bytes failed|out of memory|exceeds? memory limits?|cannot allocate memory",
    re.IGNORECASE,
)
_ABORTING = re.compile(
    r"_?_?abort|panic\b|(std|core)::.*\b(panic|abort|process|backtrace).*|__rustc::.*|rust_(panic|begin_unwind).*"
)
_TOOL_MODULES = ("wit-component:", NAMESPACE)
_UNKNOWN = "<unknown>"
_ALLOCATORS = ("cabi_realloc", "realloc")
_NAMELESS = re.compile(r"<wasm function \d+>")
_WITHOUT_COPY = "wit_dylib_pop_iter_next"
"""Where a guest of componentize-py ends when it gets no memory for the copy of a byte string that it passes: without
the copy it takes the bytes for a list that is to be passed value by value.
"""
_REFUSED_ROOM = "the bytes of a call do not fit into the memory that is allowed"
_LONGEST_NAME = 100
_FRAMES_SHOWN = 5
_LAST_LINES = 20
_LONGEST_PARSED = 256 * 1024
_MOST_FRAMES = 100
"""wasmtime tells of twenty; the names of a guest's functions may look like many more."""


class TrapKind(enum.Enum):
    """What stopped a guest; the value is how messages say it."""

    UNREACHABLE = "the guest aborted"
    MEMORY_OUT_OF_BOUNDS = "memory access out of bounds"
    TABLE_OUT_OF_BOUNDS = "table access out of bounds"
    BAD_INDIRECT_CALL = "indirect call of no function, or of one with another signature"
    STACK_OVERFLOW = "stack overflow"
    DIVISION_BY_ZERO = "integer division by zero"
    INTEGER_OVERFLOW = "integer overflow"
    BAD_CONVERSION = "conversion of a float that is no integer"
    INTERRUPTED = "interrupted by the host"
    OUT_OF_MEMORY = "out of memory"
    BAD_HANDLE = "misuse of a handle"
    BAD_VALUE = "a value that its type does not have"
    HOST = "stopped by a function of the host"
    OTHER = "another cause"


_KINDS: tuple[tuple[str, TrapKind], ...] = (
    ("call stack exhausted", TrapKind.STACK_OVERFLOW),
    ("out of bounds memory access", TrapKind.MEMORY_OUT_OF_BOUNDS),
    ("misaligned memory access", TrapKind.MEMORY_OUT_OF_BOUNDS),
    ("out of bounds table access", TrapKind.TABLE_OUT_OF_BOUNDS),
    ("uninitialized element", TrapKind.BAD_INDIRECT_CALL),
    ("indirect call type mismatch", TrapKind.BAD_INDIRECT_CALL),
    ("integer divide by zero", TrapKind.DIVISION_BY_ZERO),
    ("integer overflow", TrapKind.INTEGER_OVERFLOW),
    ("invalid conversion to integer", TrapKind.BAD_CONVERSION),
    ("wasm `unreachable` instruction", TrapKind.UNREACHABLE),
    ("wasm trap: interrupt", TrapKind.INTERRUPTED),
    ("the workload was stopped", TrapKind.INTERRUPTED),
    ("allocation size too large", TrapKind.OUT_OF_MEMORY),
    ("unknown handle", TrapKind.BAD_HANDLE),
    ("handle index", TrapKind.BAD_HANDLE),
    ("borrow handles still remain", TrapKind.BAD_HANDLE),
    ("mismatched resource types", TrapKind.BAD_HANDLE),
    ("`borrow` resource into an `own`", TrapKind.BAD_HANDLE),
    ("owned resource while borrowed", TrapKind.BAD_HANDLE),
    ("the guest used a handle", TrapKind.BAD_HANDLE),
    ("the guest passed a handle", TrapKind.BAD_HANDLE),
    ("the guest passed ", TrapKind.BAD_VALUE),
    ("invalid utf-8", TrapKind.BAD_VALUE),
    ("invalid utf-16", TrapKind.BAD_VALUE),
    ("out of bounds of memory", TrapKind.BAD_VALUE),
    ("not aligned", TrapKind.BAD_VALUE),
    ("discriminant", TrapKind.BAD_VALUE),
    ("out of range for `char`", TrapKind.BAD_VALUE),
    ("the host failed in ", TrapKind.HOST),
    ("the host is stopping", TrapKind.HOST),
    ("the workload has ended", TrapKind.HOST),
)
"""Words of a cause, and the kind that they stand for; the first that fits counts."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A function of a guest that was running: its core module (empty where that has no name), its name, and its place
    in the source where the guest has debug information.
    """

    module: str
    function: str
    location: str = ""

    @property
    def is_adapter(self) -> bool:
        """Whether it belongs to a module that tools put beside the guest's own code."""
        return self.module.startswith(_TOOL_MODULES)

    def __str__(self) -> str:
        where = f" ({self.location})" if self.location else ""
        return f"{self.module}!{self.function}{where}" if self.module else f"{self.function}{where}"


@dataclass(frozen=True, slots=True)
class TrapReport:
    """wasmtime's report of a trap, taken apart. `cause` is its root cause, `frames` start with the innermost."""

    kind: TrapKind
    cause: str
    frames: tuple[Frame, ...]


def read_report(text: str) -> TrapReport:
    """Takes apart what wasmtime says about a call that did not come back."""
    # The last such line is wasmtime's: before it there are names of the guest's functions, which may hold anything.
    trace, separator, causes = text.rpartition("\nCaused by:")
    trace = (trace if separator else text)[:_LONGEST_PARSED]
    lines = [line.strip() for line in causes[-_LONGEST_PARSED:].splitlines() if line.strip()]
    found = re.sub(r"^\d+: ", "", lines[-1]) if lines else "unknown cause"
    cause = in_common_words(found)
    whole = "\n".join([*lines[:-1], cause])
    kind = next((kind for words, kind in _KINDS if words in whole), TrapKind.OTHER)
    frames = tuple(itertools.islice(_frames(trace), _MOST_FRAMES)) if "backtrace" in trace else ()
    if kind is TrapKind.UNREACHABLE and frames and frames[0].module.startswith(NAMESPACE):
        # An adapter gives up in one case only: it gets no memory for what it is to pass on.
        kind, cause = TrapKind.OUT_OF_MEMORY, _REFUSED_ROOM
    elif any(frame.function == _WITHOUT_COPY for frame in frames):
        kind, cause = TrapKind.OUT_OF_MEMORY, _REFUSED_ROOM
    frames = tuple(_with_fused_code(frames, within=comes_from_fused_code(found)))
    return TrapReport(kind, cause, frames)


def _frames(trace: str) -> Iterator[Frame]:
    found: Frame | None = None
    for line in map(_printable, trace.splitlines()):
        frame = _FRAME.fullmatch(line)
        location = _LOCATION.fullmatch(line) if frame is None else None
        if frame is not None:
            if found is not None:
                yield found
            module = frame["module"].strip()
            found = Frame("" if module == _UNKNOWN else module, short_name(frame["function"]))
        elif location is not None and found is not None and not found.location:
            found = Frame(found.module, found.function, location["location"])
    if found is not None:
        yield found


def _printable(line: str) -> str:
    """A line without what could steer a terminal: guests choose names, and what their exceptions say."""
    return line if line.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in line)


def told_frames(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """The frames that tell people something: without those of adapters, and without the functions at the inner end
    that only carry out an abort.
    """
    own = [frame for frame in frames if not frame.is_adapter]
    start = next((index for index, frame in enumerate(own) if not _ABORTING.fullmatch(frame.function)), 0)
    return tuple(own[start:])


def _with_fused_code(frames: tuple[Frame, ...], *, within: bool) -> Iterator[Frame]:
    """Counts to adapters, too, the nameless code of wasmtime that copies values between them and guests: it calls
    adapters and the guest's allocator. `within` tells that the trap came from there.
    """
    fused = 0
    for index, frame in enumerate(frames):
        inner = frames[index - 1] if index else None
        known = within if inner is None else inner.module.startswith(NAMESPACE) or inner.function in _ALLOCATORS
        fused = max(fused, _fused_frames(frames[index:], known=known))
        yield Frame(NAMESPACE, frame.function) if fused else frame
        fused = max(fused - 1, 0)


def _fused_frames(frames: Sequence[Frame], *, known: bool) -> int:
    """How many frames from the first on are fused code, which may have called functions of its own: all nameless ones
    if a module with a name has called them. Else the second may be the guest's; so may the first, unless it is known.
    """
    count = 0
    while count < len(frames) and not frames[count].module and _NAMELESS.fullmatch(frames[count].function):
        count += 1
    from_elsewhere = count < len(frames) and bool(frames[count].module)
    return count if from_elsewhere else min(count, int(known))


def short_name(name: str) -> str:
    """The name of a function as people know it: without the hash that Rust adds, and no longer than a line."""
    name = _RUST_HASH.sub("", name.strip())
    if len(name) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2 - 1
        name = f"{name[:half]}…{name[-half:]}"
    return name or "an unnamed function"


def describe_trap(report: TrapReport, standard_error: str = "") -> str:
    """Makes one or two lines of a trap.

    A guest in Python that raised is told by its exception, any other by the cause and its innermost functions.
    """
    raised = python_failure(standard_error)
    if raised:
        return _printable(raised)
    cause = report.cause
    if report.kind is TrapKind.UNREACHABLE and not standard_error:
        cause += " (many guests abort like this, also when they are refused more memory)"
    frames = [frame.function for frame in told_frames(report.frames)][:_FRAMES_SHOWN]
    return f"{cause}\n  in {' ← '.join(frames)}" if frames else cause


def backtrace(frames: tuple[Frame, ...], *, whole: bool = False, limit: int = 50) -> str:
    """The frames a line each, innermost first, runs of the same function as one: those that tell something, or the
    whole backtrace.
    """
    kept = frames if whole else told_frames(frames)
    lines: list[str] = []
    position = 0
    while position < len(kept) and len(lines) < limit:
        frame = kept[position]
        count = 1
        while position + count < len(kept) and kept[position + count] == frame:
            count += 1
        lines.append(f"  {frame}" if count == 1 else f"  {frame}  [{count} times]")
        position += count
    if position < len(kept):
        lines.append(f"  … and {len(kept) - position} more")
    return "\n".join(lines)


def python_traceback(standard_error: str) -> str:
    """The last traceback as the guest wrote it, after those of the exceptions that led to it; empty without one."""
    before, found, rest = standard_error.rpartition(_TRACEBACK)
    lines = rest.splitlines()
    end = next((index for index, line in enumerate(lines) if _EXCEPTION.fullmatch(line)), None)
    if not found or end is None:
        return ""
    while end + 1 < len(lines) and lines[end + 1].startswith("  "):
        end += 1
    text = found + "\n".join(lines[: end + 1])
    while before.endswith(_CHAINED):
        before, found, rest = before.rpartition(_TRACEBACK)
        text = found + rest + text
    return text


def python_exception(standard_error: str) -> str:
    """The line of the last traceback that names the exception; empty where there is no traceback."""
    return _last_raised(standard_error)[0]


def python_failure(standard_error: str) -> str:
    """As `python_exception`, with the place: the innermost one in a file of the program's own, as far as that shows."""
    raised, places = _last_raised(standard_error)
    if not raised or not places:
        return raised
    # Guests that `guest build` makes know their own files by relative paths, and all others by absolute ones.
    own = [place for place in places if not place["file"].startswith(("/", "<"))]
    place = (own or places)[-1]
    function = f", in {place['function']}" if place["function"] else ""
    return f"{raised} ({place['file']}:{place['line']}{function})"


def _last_raised(standard_error: str) -> tuple[str, list[re.Match[str]]]:
    """The line that names the exception in the last traceback, or in the last one of a group, and its places."""
    lines = standard_error[-_LONGEST_PARSED:].splitlines()
    heads = (_TRACEBACK.rstrip("\n"), _GROUP)
    start = max((index for index, line in enumerate(lines) if line in heads), default=None)
    if start is None:
        return "", []
    rest = lines[start + 1 :]
    if lines[start] == _GROUP:
        rest = [line[4:] for line in itertools.takewhile(lambda line: line.startswith("  | "), rest)]
    end = next((index for index, line in enumerate(rest) if _EXCEPTION.fullmatch(line)), None)
    if end is None:
        return "", []
    return rest[end], [place for place in map(_PLACE.match, rest[:end]) if place is not None]


def last_words(standard_error: str) -> str:
    """What a guest said at its end: the traceback of a guest in Python, the last lines of any other."""
    return python_traceback(standard_error) or "\n".join(standard_error.rstrip().splitlines()[-_LAST_LINES:])


def ran_out_of_memory(trap: str, standard_error: str) -> bool:
    """Whether a guest that failed says that it had too little memory.

    A guest learns that `memory.grow` is refused and decides itself what to do, mostly by aborting; what it says last
    is all that can be known.
    """
    said = "\n".join(standard_error.rstrip().splitlines()[-_LAST_LINES:])
    refused = read_report(trap).cause == _REFUSED_ROOM
    return refused or bool(_OUT_OF_MEMORY.search(trap) or _OUT_OF_MEMORY.search(said))
