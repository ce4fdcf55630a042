"""Makes the loops that `asyncio` itself asks for, such as `asyncio.run` does, those of the SDK."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable


def adopt(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Let `asyncio.run`, `asyncio.Runner` and `asyncio.new_event_loop` use loops that `loop` makes."""
    with warnings.catch_warnings():
        # Policies go in Python 3.16; guests have 3.14.
        warnings.simplefilter("ignore", DeprecationWarning)

        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self) -> asyncio.AbstractEventLoop:
                return loop()

        asyncio.set_event_loop_policy(Policy())
    for name in ("EventLoop", "SelectorEventLoop"):
        if hasattr(asyncio, name):
            setattr(asyncio, name, loop)


def no_loop() -> asyncio.AbstractEventLoop:
    """Stand for the loop in a world where there is nothing to wait with."""
    raise RuntimeError("asyncio has no event loop in this guest: add `import elastic:hal/poll@0.2.0;` to its world")
