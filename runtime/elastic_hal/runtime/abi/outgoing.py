"""What a call into a guest takes along: handles that it lends and handles that it gives away.

The record is there while arguments are lowered. It says what has to be taken back where the call does not take place,
and what ends with it where it does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elastic_hal.runtime.abi import cells

if TYPE_CHECKING:
    from elastic_hal.runtime.abi.guest_resources import GuestResource
    from elastic_hal.runtime.abi.resources import ResourceTable


@dataclass(slots=True)
class Outgoing:
    """The handles of one call. Objects of the host are (address of wasmtime's handle, rep)."""

    lent: list[tuple[int, int]] = field(default_factory=list)
    given: list[tuple[int, int]] = field(default_factory=list)
    guest_lent: list[GuestResource] = field(default_factory=list)
    guest_given: list[GuestResource] = field(default_factory=list)

    @property
    def used(self) -> bool:
        """Whether the call takes any handle along."""
        return bool(self.lent or self.given or self.guest_lent or self.guest_given)

    def retract(self, store: int, table: ResourceTable) -> None:
        """Makes undone what was lowered for a call that does not take place: everything belongs to who had it."""
        for handle, rep in self.given:
            cells.drop_host_handle(store, handle)
            table.retract(rep)
        for resource in self.guest_given:
            resource.come_back()
        self.end_loans(store, table)

    def settle(self, store: int, table: ResourceTable) -> None:
        """Ends loans after a call, and parts with what was given away."""
        for resource in self.guest_given:
            resource.leave()
        self.end_loans(store, table)

    def end_loans(self, store: int, table: ResourceTable) -> None:
        """Takes back what was lent."""
        for handle, rep in self.lent:
            cells.drop_host_handle(store, handle)
            table.retract(rep)
        for resource in self.guest_lent:
            resource.end_loan()
