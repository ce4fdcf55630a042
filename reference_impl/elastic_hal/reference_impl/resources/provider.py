"""The `resource-allocation` interface for one run of a workload: grants are checked here, the budget keeps count, and
the run's control makes it so.
"""

from typing import Final

from elastic_hal.runtime.control import WHOLE_CORE, Control
from elastic_hal.runtime.policy import Grant

from ..bindings.elastic_hal import resource_allocation as wit
from ..bindings.elastic_hal import types
from .budget import Amounts, Budget, Refused

PAGE_BYTES: Final = 65536


class ResourceAllocationProvider:
    """What the workload has to start with are its limits; the most that it can have is in its grant."""

    def __init__(self, budget: Budget, grant: Grant, control: Control) -> None:
        self._control = control
        self._most = Amounts(
            _whole_pages(max(grant.resources.memory_bytes, control.memory_bytes)),
            max(grant.resources.cpu_thousandths, control.cpu_thousandths),
        )
        self._account = budget.open(Amounts(control.memory_bytes, control.cpu_thousandths))
        control.at_end(self._account.close)

    def get_allocation(self) -> wit.Allocation:
        """Tell what the workload has and may ask for."""
        return wit.Allocation(
            memory_bytes=self._control.memory_bytes,
            most_memory_bytes=self._most.memory_bytes,
            cpu_thousandths=self._control.cpu_thousandths,
            most_cpu_thousandths=self._most.cpu_thousandths,
        )

    def request_memory(self, bytes: int) -> int:
        """Change the bound of each linear memory."""
        if not bytes:
            raise types.Error_InvalidArgument("bytes: is 0; a workload cannot be without memory")
        size = _whole_pages(bytes)
        if size > self._most.memory_bytes:
            raise types.Error_LimitExceeded(f"bytes: the policy grants at most {self._most.memory_bytes}")
        try:
            self._account.want_memory(size)
        except Refused:
            raise types.Error_LimitExceeded("bytes: more than the host has left for all workloads") from None
        self._control.set_memory(size)
        return size

    def request_cpu(self, thousandths: int) -> int:
        """Change the share of a CPU core."""
        if not 1 <= thousandths <= WHOLE_CORE:
            raise types.Error_InvalidArgument(f"thousandths: is {thousandths}, not 1 to {WHOLE_CORE}")
        if thousandths > self._most.cpu_thousandths:
            raise types.Error_LimitExceeded(f"thousandths: the policy grants at most {self._most.cpu_thousandths}")
        try:
            self._account.want_cpu(thousandths)
        except Refused:
            raise types.Error_LimitExceeded("thousandths: more than the host has left for all workloads") from None
        self._control.set_cpu(thousandths)
        return thousandths


def _whole_pages(size: int) -> int:
    return -(-size // PAGE_BYTES) * PAGE_BYTES
