"""Tiny runtimes that speak the suite's protocol, each with a fault of its own. Adapters of the tests start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SLEEP = [sys.executable, "-c", "import time; time.sleep(3600)"]


def say(**event: object) -> None:
    """Prints one line of the protocol."""
    print(json.dumps(event), flush=True)


def run_guest(arguments: list[str], fault: str) -> int:
    """Plays the guest; the case's id says what happens in it."""
    if arguments[0] == "--list":
        say(event="summary", count=0, passed=0)
        return 0
    if arguments[0] == "--call" and fault == "says-nothing":
        return 1
    if arguments[0] == "--call":
        capability = {"id": "CRY-6", "supported": fault != "denies", "algorithms": ["sha-256"], "limits": []}
        say(event="value", outcome={"ok": [capability]})
        return 0
    case = arguments[1]
    say(event="begin", case=case)
    if case == "faulty":
        misbehave(fault)
        if fault == "differs":
            say(event="end", case=case, step=1, call="x#hash", verdict="fail", reason="differs")
            say(event="summary", count=1, passed=0)
            return 1
    if "traps" in case:
        if case == "traps-later":
            say(event="step", case=case, step=1, call="a#prepare", outcome={"ok": None})
            say(event="step", case=case, step=2, call="a#b", expect="trap")
            return 134
        say(event="step", case=case, step=1, call="a#b", expect="trap" if case == "traps-as-expected" else None)
        return 134
    if case == "says-unsupported":
        say(event="end", case=case, step=1, verdict="unsupported", expected="ok", observed={"err": {"unsupported": ""}})
    elif case == "fails":
        say(event="end", case=case, step=2, call="x#hash", verdict="fail", reason="differs", expected="1", observed="2")
    else:
        say(event="end", case=case, verdict="pass")
    if case != "no-summary":
        say(event="summary", count=1, passed=1)
    return 1 if case in {"fails", "says-unsupported", "wrong-exit"} else 0


def misbehave(fault: str) -> None:
    """Does what the fault says, in the middle of a case."""
    if fault == "hangs":
        leave_pid(os.getpid())
        time.sleep(600)
    if fault == "leaves-a-session":
        leave_pid(subprocess.Popen(SLEEP, start_new_session=True).pid)
    if fault == "leaves-a-grandchild":
        code = f"import subprocess; print(subprocess.Popen({SLEEP!r}, start_new_session=True).pid)"
        made = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
        assert made.stdout is not None
        leave_pid(int(made.stdout.readline()))
        made.wait()
    if fault == "crashes":
        os.abort()
    if fault == "garbage":
        sys.stdout.buffer.write(b"\xff\xfe not json\n")
        sys.stdout.buffer.flush()
    if fault == "floods":
        while True:
            print('{"event":"step"}' * 100)
    if fault == "long-line":
        sys.stdout.write("x" * (3 * 1024 * 1024) + "\n")
        sys.stdout.flush()
    if fault == "exits":
        sys.exit(3)


def leave_pid(pid: int) -> None:
    """Tells the test which process it is to look for."""
    if "LEFT_PIDS" in os.environ:
        with Path(os.environ["LEFT_PIDS"]).open("a") as file:
            file.write(f"{pid}\n")


def main() -> int:
    """`batch FAULT` or `once FAULT -- ARGUMENTS`."""
    mode, fault = sys.argv[1:3]
    print("a word on stderr", file=sys.stderr, flush=True)
    if fault == "refuses-to-start":
        return 2
    if fault == "hangs-at-once":
        time.sleep(600)
    if fault == "loads-slowly":
        time.sleep(0.6)
    if mode == "once":
        return run_guest(sys.argv[4:], fault)
    for line in sys.stdin:
        code = run_guest(json.loads(line), fault)
        print(json.dumps({"batch-exit": code}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
