"""The exception for a guest that trapped, with all that is known about it."""

from __future__ import annotations

from elastic_hal.runtime.abi import traps
from elastic_hal.runtime.abi.errors import GuestError
from elastic_hal.runtime.abi.traps import Frame, TrapKind


class GuestTrap(GuestError):
    """A guest trapped while the host called `function`. It cannot be called again.

    `kind` is what stopped it, `cause` wasmtime's words for it, `frames` the functions that were running, the innermost
    first. `guest_message` is what the guest said last on standard error: the traceback of a guest in Python; it is
    empty where the linker was not told how to read that (`Linker.last_words`). `incident` is the id of a failure of
    the host that the guest ran into, under which the host's log has the details. `report` is wasmtime's whole report.
    """

    def __init__(self, function: str, report: str, *, standard_error: str = "", incident: str | None = None) -> None:
        found = traps.read_report(report)
        exhausted = traps.ran_out_of_memory(report, standard_error)
        self.function = function
        self.kind = TrapKind.OUT_OF_MEMORY if exhausted else found.kind
        self.cause = found.cause
        self.frames: tuple[Frame, ...] = found.frames
        self.guest_message = traps.last_words(standard_error)
        self.incident = incident
        self.report = report
        super().__init__(f"{function} trapped: {traps.describe_trap(found, standard_error)}")

    def backtrace(self, *, whole: bool = False) -> str:
        """The functions that were running, a line each, the innermost first. Functions of modules that tools put
        beside the guest's own code, and those that only carry out an abort, are left out unless the whole is asked for.
        """
        return traps.backtrace(self.frames, whole=whole)
