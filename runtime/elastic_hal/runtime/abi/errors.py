"""What can go wrong at the boundary between host and guest.

Exception
 ├─ AbiError             everything below; never meant for a guest's eyes as it stands
 │   ├─ LayoutError      wasmtime lays values out differently than this package reads them
 │   ├─ LinkError        a provider or a resource does not fit its interface (raised before a guest runs)
 │   │   └─ InstantiationError  a component does not fit what is linked, or the limits of its store
 │   ├─ LiftingError     a value from the guest is not of the type that the bindings have
 │   │   └─ HandleError  a handle that is not alive, or that belongs to another resource
 │   ├─ LoweringError    a value from a provider does not fit its WIT type
 │   │   └─ CallTooLargeError  the arguments of a call into a guest are more than a call may carry
 │   ├─ HandleLimitError the workload holds as many handles as it may
 │   └─ GuestError       a call into a guest was refused or did not come back
 │       ├─ GuestTrap           the guest trapped (in `guest_errors`)
 │       ├─ GuestExit           the guest asked to exit instead of returning
 │       ├─ GuestResultTooLargeError  it gave more than a call may carry
 │       ├─ GuestEndedError     it trapped or exited before, or its store is closed
 │       ├─ GuestBusyError      it is being called already, on this thread or on another one
 │       └─ GuestResourceError  an object of a guest is closed, given away, lent, or another guest's
 └─ ResultError          raised by a provider to return an `err` that is neither a variant nor an enum
"""

from __future__ import annotations


class AbiError(Exception):
    """Base of the errors of the calling convention."""


class LayoutError(AbiError):
    """The memory layout of wasmtime's values is not the one that this package was written for."""


class LinkError(AbiError):
    """A provider lacks a function, or an interface is linked in a way that cannot work."""


class InstantiationError(LinkError):
    """A component cannot be instantiated: an import is missing or of another type, or it wants more than its store
    may have.
    """


class LiftingError(AbiError):
    """The guest passed a value of another type than the interface has, or something that is no value at all."""


class HandleError(LiftingError):
    """The guest used a handle that is not alive or that is of another resource."""


class LoweringError(AbiError):
    """A provider returned a value that its WIT type cannot hold."""


class CallTooLargeError(LoweringError):
    """The arguments of a call into a guest are more than a call may carry. The guest was not called."""


class HandleLimitError(AbiError):
    """The workload holds as many live handles as its limits allow."""


class GuestError(AbiError):
    """A call into a guest was refused or did not come back."""


class GuestExit(GuestError):
    """The guest asked to exit with `code` instead of returning. It cannot be called again."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest exited with code {code} instead of returning")
        self.code = code


class GuestResultTooLargeError(GuestError):
    """A guest gave more back than a call may carry. It cannot be called again."""


class GuestEndedError(GuestError):
    """The guest cannot be called any more: it trapped or exited before, or its store or its linker is closed."""


class GuestBusyError(GuestError):
    """The guest, or another one in the same store, is being called already: on another thread, or on this one by a
    host function that the guest called.
    """


class GuestResourceError(GuestError):
    """An object of a guest cannot be used: it is closed, was given away, is lent at the moment, or belongs to another
    guest.
    """


class ResultError(Exception):
    """The `err` of a result whose error type is neither a variant nor an enum; `value` is lowered (None where `err`
    carries nothing).
    """

    def __init__(self, value: object = None) -> None:
        super().__init__(value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResultError) and self.value == other.value

    def __hash__(self) -> int:
        return hash((ResultError, self.value))
