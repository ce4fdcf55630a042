"""Resources that the host implements: the objects behind a guest's handles.

wasmtime keeps, per store, which handles a guest has; a handle leads to a number of ours (its representation, *rep*),
and the table here leads from that number to the Python object. A guest never sees a rep. Handles of one workload mean
nothing to another, since each has its own table.

What wasmtime checks: that a handle exists, that it is of the resource type, that it is not dropped while it is lent.
What is checked here: that the rep is alive and leads to an object of the right class, and how many handles a workload
holds.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from elastic_hal.common.text import counted
from elastic_hal.runtime.abi import cells
from elastic_hal.runtime.abi.cells import pointer_cell
from elastic_hal.runtime.abi.codec import Codec, Context, wrong_kind, wrong_value
from elastic_hal.runtime.abi.errors import HandleError, HandleLimitError, LinkError

R = TypeVar("R")
_LARGEST_REP = 2**32 - 1
_log = logging.getLogger(__name__)


class Resource:
    """Base of the generated classes of WIT resources."""

    def drop(self) -> None:
        """Called once when the last handle to this object is gone, at the latest when the workload ends. Frees what
        the object holds.
        """

    def _refuse(self) -> None:
        """Called instead of `drop` where the guest could not be given its first handle. A provider that can take back
        what it did overrides it. The underscore keeps the name apart from those of functions in WIT.
        """
        self.drop()


class ResourceTable:
    """The live handles of one workload.

    The same object may be behind several handles; its `drop` is called when the last of them goes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._objects: dict[int, Any] = {}
        self._handles: dict[int, int] = {}
        self._types: dict[type[Any], int] = {}
        self._next_rep = 1

    def __len__(self) -> int:
        return len(self._objects)

    def type_id(self, resource: type[Any]) -> int:
        """The number under which wasmtime knows a resource class, the same wherever the class is linked."""
        return self._types.setdefault(resource, len(self._types) + 1)

    def linked_type_id(self, resource: type[Any]) -> int:
        """As `type_id`, for a class that must have been linked before."""
        try:
            return self._types[resource]
        except KeyError:
            raise LinkError(
                f"resource {resource.__name__} goes to the guest, but no interface that defines it is linked"
            ) from None

    def insert(self, obj: object) -> int:
        """Makes a handle to an object and gives its rep.

        Raises:
            HandleLimitError: the workload holds as many handles as it may.
        """
        if len(self._objects) >= self.limit:
            raise HandleLimitError(f"the workload holds {counted(self.limit, 'handle')}, which is its limit")
        rep = self._next_rep
        while rep in self._objects:
            rep = rep % _LARGEST_REP + 1
        self._next_rep = rep % _LARGEST_REP + 1
        self._objects[rep] = obj
        self._handles[id(obj)] = self._handles.get(id(obj), 0) + 1
        return rep

    def get(self, rep: int, resource: type[R]) -> R:
        """The object behind a rep.

        Raises:
            HandleError: there is none, or it is of another class.
        """
        obj = self._objects.get(rep)
        if not isinstance(obj, resource):
            raise HandleError(f"the guest used a handle that does not lead to a live {resource.__name__}")
        return obj

    def take(self, rep: int, resource: type[R]) -> R:
        """Removes a handle whose ownership goes to the provider; `drop` is not called, the provider decides what
        becomes of the object.
        """
        obj = self.get(rep, resource)
        self._release(self._objects.pop(rep))
        return obj

    def retract(self, rep: int) -> None:
        """Removes a handle that no guest has; `drop` is not called, the object is the caller's."""
        obj = self._objects.pop(rep, None)
        if obj is not None:
            self._release(obj)

    def drop(self, rep: int) -> None:
        """Removes a handle that the guest dropped, and drops the object with its last handle."""
        obj = self._objects.pop(rep, None)
        if obj is not None and self._release(obj):
            drop_object(obj)

    def discard(self, obj: object) -> None:
        """Drops an object that could not get its first handle."""
        if id(obj) not in self._handles:
            drop_object(obj, how="_refuse")

    def close_all(self) -> None:
        """Drops everything that is alive, children before what they were made from."""
        for rep in list(reversed(self._objects)):
            self.drop(rep)

    def _release(self, obj: object) -> bool:
        """Counts one handle less, and tells whether it was the last."""
        left = self._handles.pop(id(obj), 1) - 1
        if left:
            self._handles[id(obj)] = left
        return not left


def drop_object(obj: object, how: str = "drop") -> None:
    """Calls an object's `drop` or `_refuse`. What it raises is the host's own trouble: it is logged, and the guest goes
    on.
    """
    drop = getattr(obj, how, None)
    if drop is None:
        return
    try:
        drop()
    except Exception:
        _log.exception("drop of %s failed", type(obj).__name__)


def own(resource: Callable[..., R]) -> Codec[R]:
    """`own<R>`: as a parameter the object leaves the table and is the provider's; as a result it gets a handle of the
    guest's.
    """
    kind = _resource_class(resource)
    wit = f"own<{kind.__name__}>"

    def lift(cell: int, context: Context) -> R:
        obj: R = context.table.take(_lift_rep(cell, wit, context), kind)
        context.received.append(obj)
        return obj

    def lower(value: R, cell: int, context: Context) -> None:
        if not isinstance(value, kind):
            raise wrong_value(value, wit)
        table = context.table
        type_id = table.linked_type_id(kind)
        if context.outgoing is not None:
            _lower_argument(table.insert(value), type_id, context.outgoing.given, True, cell, context)
            return
        rep = table.insert(value)
        context.given.append(rep)
        _lower_rep(rep, type_id, True, cell, context)

    return Codec(wit, cells.RESOURCE, lift, lower, resource=kind)


def borrow(resource: Callable[..., R]) -> Codec[R]:
    """`borrow<R>`: the object, lent for the duration of the call: by a guest to a host function, or by the host to a
    guest that it calls.
    """
    kind = _resource_class(resource)
    wit = f"borrow<{kind.__name__}>"

    def lift(cell: int, context: Context) -> R:
        obj: R = context.table.get(_lift_rep(cell, wit, context), kind)
        return obj

    def lower(value: R, cell: int, context: Context) -> None:
        if context.outgoing is None:
            raise wrong_value(value, wit, "a borrowed handle cannot be returned")
        if not isinstance(value, kind):
            raise wrong_value(value, wit)
        table = context.table
        type_id = table.linked_type_id(kind)
        _lower_argument(table.insert(value), type_id, context.outgoing.lent, False, cell, context)

    return Codec(wit, cells.RESOURCE, lift, lower, resource=kind)


def _resource_class(resource: Callable[..., Any]) -> type[Any]:
    if not isinstance(resource, type):
        raise TypeError(f"{resource!r} is no class")
    return resource


def _lift_rep(cell: int, wit: str, context: Context) -> int:
    view = pointer_cell(cell)
    if view.kind != cells.RESOURCE:
        raise wrong_kind(cell, wit)
    out = ctypes.c_size_t()
    error = cells.resource_to_host(context.pointer, view.value, ctypes.addressof(out))
    if error:
        cells.delete_error(error)
        raise HandleError(f"the guest passed a handle that is no {wit} of this host")
    rep: int = cells.host_resource_rep(out.value)
    cells.delete_host_resource(out.value)
    return rep


def _lower_argument(
    rep: int, type_id: int, record: list[tuple[int, int]], owned: bool, cell: int, context: Context
) -> None:
    """Lowers a handle for a call into a guest, and notes it there."""
    try:
        _lower_rep(rep, type_id, owned, cell, context)
    except BaseException:
        context.table.retract(rep)
        raise
    record.append((pointer_cell(cell).value, rep))


def _lower_rep(rep: int, type_id: int, owned: bool, cell: int, context: Context) -> None:
    host = cells.new_host_resource(owned, rep, type_id)
    out = ctypes.c_size_t()
    error = cells.resource_from_host(context.pointer, host, ctypes.addressof(out))
    cells.delete_host_resource(host)
    if error:
        cells.delete_error(error)
        raise LinkError("wasmtime refused to make a handle")
    view = pointer_cell(cell)
    view.value = out.value
    view.kind = cells.RESOURCE
