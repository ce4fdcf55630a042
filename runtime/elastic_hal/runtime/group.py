"""Workloads that run at the same time in one host: started together, watched, and stopped together.

One that is still to be loaded is started when it is, while the others run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elastic_hal.runtime.errors import ComponentError
from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.waking import LOOK_SECONDS, Bell
from elastic_hal.runtime.workload import Run, Workload


@dataclass(frozen=True, slots=True)
class Ended:
    """How one workload of a group ended."""

    name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ToLoad:
    """A workload whose component is still to be loaded. `load` is called on a thread of its own."""

    name: str
    load: Callable[[], Workload]


class Group:
    """Runs workloads, each on its own thread. `on_end` hears of each end, in the order in which they end."""

    def __init__(
        self, workloads: Sequence[Workload | ToLoad], on_end: Callable[[Ended], None] = lambda _ended: None
    ) -> None:
        self._workloads = tuple(workloads)
        self._on_end = on_end
        self._lock = threading.Lock()
        self._bell = Bell()
        self._ended: list[Ended] = []
        self._raised: list[BaseException] = []
        self._runs: list[Run] = []
        self._watchers: list[threading.Thread] = []
        self._closing = False

    def run(self, *, stop_on_failure: bool = False) -> list[Ended]:
        """Runs all to their ends, and gives these in order. With `stop_on_failure`, the first failure stops the others.

        The component of a workload that is still to be loaded may turn out to be none that can run: that is the end
        of this workload.

        Raises:
            RuntimeFailure, LinkError: one cannot be started; those that were started before are stopped.
            BaseException: KeyboardInterrupt and the like, after all were stopped.
        """
        try:
            for workload in self._workloads:
                if isinstance(workload, ToLoad):
                    threading.Thread(
                        target=self._load, args=(workload,), name=f"load of {workload.name}", daemon=True
                    ).start()
                else:
                    self._start(workload)
            self._wait(stop_on_failure)
        finally:
            with self._lock:
                self._closing = True  # what is loaded from now on is not started
            _stop_all(self._runs)
            for watcher in self._watchers:
                watcher.join()
        if self._raised:
            raise self._raised[0]
        return list(self._ended)

    def _load(self, waiting: ToLoad) -> None:
        try:
            workload = waiting.load()
            with self._lock:
                if not self._closing:
                    self._start(workload)
        except ComponentError as error:
            text = f"{error.message} ({error.hint})" if error.hint else error.message
            self._note(Ended(waiting.name, Outcome("unloadable", 1, text, 0.0)))
        except BaseException as error:  # raised again by the thread that runs the group
            self._note(error)

    def _start(self, workload: Workload) -> None:
        run = workload.start()
        self._runs.append(run)
        self._watchers.append(self._watch(workload, run))

    def _wait(self, stop_on_failure: bool) -> None:
        while True:
            with self._lock:
                failed = any(not ended.outcome.succeeded for ended in self._ended)
                over = len(self._ended) + len(self._raised) == len(self._workloads)
                if over or self._raised or (failed and stop_on_failure):
                    return
            self._bell.wait(LOOK_SECONDS)

    def _watch(self, workload: Workload, run: Run) -> threading.Thread:
        def watch() -> None:
            try:
                self._note(Ended(workload.identity.name, run.wait()))
            except BaseException as error:  # raised again by the thread that runs the group
                self._note(error)

        thread = threading.Thread(target=watch, name=f"watcher of {workload.identity.name}", daemon=True)
        thread.start()
        return thread

    def _note(self, what: Ended | BaseException) -> None:
        with self._lock:
            if isinstance(what, BaseException):
                self._raised.append(what)
            else:
                self._ended.append(what)
                self._on_end(what)
        self._bell.ring()


def _stop_all(runs: Sequence[Run]) -> None:
    """Stops all at once: one that does not react must not keep the others alive."""
    stoppers = [threading.Thread(target=run.stop, daemon=True) for run in runs if not run.is_over]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
