"""What a host has for all of its workloads together, and the accounts of those that run.

What a policy gives a workload to start with is the operator's word and always there, even where it is more than the
budget in all; what a workload asks for on top must be left.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.runtime.control import WHOLE_CORE

from .control_group import bounds

_DEFAULT_PART_OF_MEMORY = 0.75


class Refused(Exception):
    """The budget does not have what was asked for."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Bytes of memory, and thousandths of a CPU core."""

    memory_bytes: int
    cpu_thousandths: int


class Budget:
    """What there is, and what of it is given away. Accounts of all threads use it."""

    def __init__(self, whole: Amounts | None = None) -> None:
        self.whole = whole or of_this_machine()
        self._lock = threading.Lock()
        self._memory_bytes = 0
        self._cpu_thousandths = 0

    @property
    def given(self) -> Amounts:
        """What running workloads have."""
        with self._lock:
            return Amounts(self._memory_bytes, self._cpu_thousandths)

    def open(self, start: Amounts) -> Account:
        """Opens the account of a workload with what it starts with."""
        with self._lock:
            self._memory_bytes += start.memory_bytes
            self._cpu_thousandths += start.cpu_thousandths
        return Account(self, start)

    def change(self, memory_bytes: int = 0, cpu_thousandths: int = 0) -> None:
        """Gives more, or takes back.

        Raises:
            Refused: there is not as much left.
        """
        with self._lock:
            memory, cpu = self._memory_bytes + memory_bytes, self._cpu_thousandths + cpu_thousandths
            if memory_bytes > 0 and memory > self.whole.memory_bytes:
                raise Refused("memory")
            if cpu_thousandths > 0 and cpu > self.whole.cpu_thousandths:
                raise Refused("CPU time")
            self._memory_bytes, self._cpu_thousandths = memory, cpu


class Account:
    """What one workload has had at most of memory, because linear memories do not shrink, and has now of CPU time."""

    def __init__(self, budget: Budget, start: Amounts) -> None:
        self._budget = budget
        self._memory_bytes = start.memory_bytes
        self._cpu_thousandths = start.cpu_thousandths

    def want_memory(self, size: int) -> None:
        """Books memory of `size` bytes in all.

        Raises:
            Refused: the budget does not have it.
        """
        more = max(size - self._memory_bytes, 0)
        self._budget.change(memory_bytes=more)
        self._memory_bytes += more

    def want_cpu(self, thousandths: int) -> None:
        """Books a share of a CPU core of that size in all.

        Raises:
            Refused: the budget does not have it.
        """
        self._budget.change(cpu_thousandths=thousandths - self._cpu_thousandths)
        self._cpu_thousandths = thousandths

    def close(self) -> None:
        """Gives everything back."""
        self._budget.change(-self._memory_bytes, -self._cpu_thousandths)
        self._memory_bytes = self._cpu_thousandths = 0


def of_this_machine(process: Path = Path("/proc/self")) -> Amounts:
    """Three quarters of the memory, and the CPU cores that this process may run on; less where its control group is
    bound to less. `process` is its folder under `/proc`.
    """
    bound = bounds(process)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cpu = len(os.sched_getaffinity(0)) * WHOLE_CORE
    memory = memory if bound.memory_bytes is None else min(memory, bound.memory_bytes)
    cpu = cpu if bound.cpu_thousandths is None else min(cpu, bound.cpu_thousandths)
    return Amounts(int(memory * _DEFAULT_PART_OF_MEMORY), cpu)
