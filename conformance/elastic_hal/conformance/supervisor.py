"""Starts a runtime and stays its ancestor, so that nothing that it leaves behind outlives it.

A program of its own: `supervisor.py CONTROL -- COMMAND…`. A process that a runtime starts may take a session of its own
and lose its parent; the kernel then gives it to the nearest ancestor that asked for orphans (PR_SET_CHILD_SUBREAPER),
which is this one. When the runtime ends, or the descriptor CONTROL says that its reader at the other end has gone (the
runner let go of it, or died), all that descends from here is killed. It ends as the runtime did.

It imports little and only from the standard library, because every start of a runtime pays for it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
NOT_FOUND = 127
MAX_KILLING_SECONDS = 5.0
PAUSE_SECONDS = 0.01


def main(arguments: list[str]) -> int:
    """Run the command to its end and return its status as `waitpid` gave it."""
    control, command = int(arguments[0]), arguments[2:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Who may end this process is its parent, by CONTROL: a signal must not leave the runtime without ancestor.
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    child = os.fork()
    if child == 0:
        _become(command, control)
    _let_go_of_pipes()
    watched = select.poll()
    watched.register(control, select.POLLIN)
    ended = os.pidfd_open(child)
    watched.register(ended, select.POLLIN)
    watched.poll()
    return _kill_all(child)


def _become(command: list[str], control: int) -> None:
    """Turn into the runtime, in a session of its own and with the signals that it would have had."""
    os.close(control)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606  the adapter says what to run, and a shell has no part in it
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="replace"))
    os._exit(NOT_FOUND)


def _let_go_of_pipes() -> None:
    """Give the runtime's pipes up, so that their end is seen when the runtime and its children have gone."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)


def _kill_all(child: int) -> int:
    """Kill whatever descends from here until nothing is left, and return the status of the runtime.

    What is killed first is the runtime; where it has ended by itself, its status is that of its own end.
    """
    status = signal.SIGKILL.value
    deadline = time.monotonic() + MAX_KILLING_SECONDS
    while True:
        try:
            while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                status = found[1] if found[0] == child else status
        except ChildProcessError:
            return status
        if time.monotonic() > deadline:
            return status
        for process in _descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(PAUSE_SECONDS)


def _descendants(ancestor: int) -> list[int]:
    """Return every living process below one, those above first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                children.setdefault(int(fields[1]), []).append(int(name))
    found = [ancestor]
    for process in found:
        found += children.get(process, ())
    return found[1:]


def _end_as(status: int) -> None:
    """End with the exit code, or by the signal, that a process ended with."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    _end_as(main(sys.argv[1:]))
