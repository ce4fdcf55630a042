"""Long calls of native code, made so that whoever waits for them can be interrupted.

Python runs signal handlers between two of its own instructions, on the main thread. While that thread is inside a
library that compiles for seconds, Ctrl-C and SIGTERM would wait too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from elastic_hal.runtime.waking import wait_for

_T = TypeVar("_T")


def apart(call: Callable[[], _T], name: str, cancel: Callable[[], None] | None = None) -> _T:
    """Makes a call on a thread of that name, and gives or raises what it does. Where the wait for it is interrupted,
    `cancel` makes it end, and it is waited for; without, it goes on and what comes of it is dropped.
    """
    results: list[_T] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as failure:  # raised again by the thread that waits
            failures.append(failure)
        finally:
            done.set()

    thread = threading.Thread(target=run, name=name, daemon=True)
    try:
        thread.start()
        wait_for(done)
    except BaseException:
        if cancel is not None:
            cancel()
            if thread.ident is not None:
                wait_for(done)
        raise
    if failures:
        raise failures.pop()
    return results.pop()
