"""Workloads that run at the same time in one host: started together, watched, and stopped together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elastic_hal.runtime.outcome import Outcome
from elastic_hal.runtime.waking import Bell
from elastic_hal.runtime.workload import Run, Workload


@dataclass(frozen=True, slots=True)
class Ended:
    """How one workload of a group ended."""

    name: str
    outcome: Outcome


class Group:
    """Runs workloads, each on its own thread. `on_end` hears of each end, in the order in which they end."""

    def __init__(self, workloads: Sequence[Workload], on_end: Callable[[Ended], None] = lambda _ended: None) -> None:
        self._workloads = tuple(workloads)
        self._on_end = on_end
        self._lock = threading.Lock()
        self._bell = Bell()
        self._ended: list[Ended] = []
        self._raised: list[BaseException] = []

    def run(self, *, stop_on_failure: bool = False) -> list[Ended]:
        """Runs all to their ends, and gives these in order. With `stop_on_failure`, the first failure stops the others.

        Raises:
            RuntimeFailure, LinkError: one cannot be started; those that were started before are stopped.
            BaseException: KeyboardInterrupt and the like, after all were stopped.
        """
        runs: list[Run] = []
        watchers: list[threading.Thread] = []
        try:
            for workload in self._workloads:
                runs.append(workload.start())
                watchers.append(self._watch(workload, runs[-1]))
            self._wait(stop_on_failure)
        finally:
            _stop_all(runs)
            for watcher in watchers:
                watcher.join()
        if self._raised:
            raise self._raised[0]
        return list(self._ended)

    def _wait(self, stop_on_failure: bool) -> None:
        while True:
            with self._lock:
                failed = any(not ended.outcome.succeeded for ended in self._ended)
                over = len(self._ended) + len(self._raised) == len(self._workloads)
                if over or self._raised or (failed and stop_on_failure):
                    return
            self._bell.wait()

    def _watch(self, workload: Workload, run: Run) -> threading.Thread:
        def watch() -> None:
            try:
                ended = Ended(workload.identity.name, run.wait())
            except BaseException as error:  # raised again by the thread that runs the group
                with self._lock:
                    self._raised.append(error)
            else:
                with self._lock:
                    self._ended.append(ended)
                    self._on_end(ended)
            self._bell.ring()

        thread = threading.Thread(target=watch, name=f"watcher of {workload.identity.name}", daemon=True)
        thread.start()
        return thread


def _stop_all(runs: Sequence[Run]) -> None:
    """Stops all at once: one that does not react must not keep the others alive."""
    stoppers = [threading.Thread(target=run.stop, daemon=True) for run in runs if not run.is_over]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
