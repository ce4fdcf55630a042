"""Resources that a guest implements: the objects that the host has handles to.

An object is the host's until it is closed or given away. Everything that wasmtime would answer by stopping the guest
is refused before: use after close, an object of another guest, one that is given away and lent in the same call.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import pointer_cell
from elastic_hal.runtime.abi.codec import Codec, Context, wrong_kind, wrong_value
from elastic_hal.runtime.abi.errors import GuestResourceError, LiftingError

if TYPE_CHECKING:
    from elastic_hal.runtime.abi.calls import GuestInstance
    from elastic_hal.runtime.abi.outgoing import Outgoing


class GuestResource:
    """Base of the generated classes of resources that guests implement. Closing an object runs the guest's destructor;
    `with` closes it at the end of its block. An object that nobody closes is dropped before a later call.
    """

    __slots__ = ("__weakref__", "_gone", "_guest", "_handle", "_loans")
    _guest: GuestInstance
    _handle: int
    _gone: str
    _loans: int

    def __init__(self) -> None:
        raise TypeError(f"a {type(self).__name__} comes from a guest: call what gives one")

    def close(self) -> None:
        """Drops the object: the guest's destructor runs. Closing it again, or after it was given away, does nothing.

        Raises:
            GuestTrap: the destructor trapped.
            GuestResourceError: the object is lent to a call that is going on.
        """
        if not self._handle or self._gone:
            return
        if self._loans:
            raise GuestResourceError(f"this {type(self).__name__} is lent to a call that is going on")
        handle, self._handle, self._gone = self._handle, 0, "closed"
        self._guest.drop(handle, f"drop of a {type(self).__name__}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            self._guest.abandon(self._handle)

    def come_back(self) -> None:
        """The call that was to take the object did not take place."""
        self._gone = ""

    def leave(self) -> None:
        """The object is the guest's again."""
        if self._handle:
            cells.delete_guest_handle(self._handle)
            self._handle = 0

    def end_loan(self) -> None:
        """A call to which the object was lent is over."""
        self._loans -= 1


R = TypeVar("R", bound=GuestResource)


def guest_own(resource: type[R]) -> Codec[R]:
    """`own<R>` of a guest's resource: as a result the object is the host's, as an argument it is given away."""
    wit = f"own<{resource.__name__}>"

    def lift(cell: int, context: Context) -> R:
        view = pointer_cell(cell)
        if view.kind != cells.RESOURCE:
            raise wrong_kind(cell, wit)
        if context.guest is None:
            raise LiftingError(f"the guest passed a handle of its own as {wit} where it cannot")
        # The handle's box moves out of the cell, which stays valid as `bool false`.
        handle: int = view.value
        view.value, view.kind = 0, cells.BOOL
        return _new(resource, handle, context.guest)

    def lower(value: R, cell: int, context: Context) -> None:
        outgoing = _check(value, resource, wit, context)
        if value._loans:
            raise GuestResourceError(f"this {resource.__name__} is lent: it cannot be given away in the same call")
        _lower_handle(value, cell)
        value._gone = "given away"
        outgoing.guest_given.append(value)

    return Codec(wit, cells.RESOURCE, lift, lower)


def guest_borrow(resource: type[R]) -> Codec[R]:
    """`borrow<R>` of a guest's resource: the object is lent to the guest for the duration of a call."""
    wit = f"borrow<{resource.__name__}>"

    def lift(cell: int, context: Context) -> R:
        raise LiftingError(f"the guest passed {wit}, which it cannot lend")

    def lower(value: R, cell: int, context: Context) -> None:
        outgoing = _check(value, resource, wit, context)
        _lower_handle(value, cell)
        value._loans += 1
        outgoing.guest_lent.append(value)

    return Codec(wit, cells.RESOURCE, lift, lower)


def _new(resource: type[R], handle: int, guest: GuestInstance) -> R:
    made = resource.__new__(resource)
    made._handle, made._guest, made._gone, made._loans = handle, guest, "", 0
    return made


def _check(value: R, resource: type[R], wit: str, context: Context) -> Outgoing:
    """Refuses what is no object of this guest that may be used; gives the record of the call."""
    outgoing = context.outgoing
    if outgoing is None or context.guest is None or not isinstance(value, resource):
        raise wrong_value(value, wit)
    if value._gone:
        raise GuestResourceError(f"this {resource.__name__} is {value._gone} and cannot be used")
    if not value._guest.is_same(context.guest):
        raise GuestResourceError(f"this {resource.__name__} belongs to another guest")
    return outgoing


def _lower_handle(value: GuestResource, cell: int) -> None:
    view = pointer_cell(cell)
    view.value = cells.clone_guest_handle(value._handle)
    view.kind = cells.RESOURCE
