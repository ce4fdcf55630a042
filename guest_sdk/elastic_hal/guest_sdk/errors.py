"""The errors of the HAL under the names that guests catch them by.

All are subclasses of HalError. `error.case` is the name in the contract, and `str(error)` is readable.
"""

from __future__ import annotations

from .bindings.elastic_hal.types import Error as HalError
from .bindings.elastic_hal.types import Error_AccessDenied as AccessDenied
from .bindings.elastic_hal.types import Error_AlreadyExists as AlreadyExists
from .bindings.elastic_hal.types import Error_ConnectionClosed as ConnectionClosed
from .bindings.elastic_hal.types import Error_Internal as Internal
from .bindings.elastic_hal.types import Error_InvalidArgument as InvalidArgument
from .bindings.elastic_hal.types import Error_InvalidState as InvalidState
from .bindings.elastic_hal.types import Error_LimitExceeded as LimitExceeded
from .bindings.elastic_hal.types import Error_NotFound as NotFound
from .bindings.elastic_hal.types import Error_Peer as Peer
from .bindings.elastic_hal.types import Error_TimedOut as TimedOut
from .bindings.elastic_hal.types import Error_Unsupported as Unsupported
from .bindings.elastic_hal.types import Error_VerificationFailed as VerificationFailed
from .bindings.elastic_hal.types import Error_WouldBlock as WouldBlock

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "ConnectionClosed",
    "HalError",
    "Internal",
    "InvalidArgument",
    "InvalidState",
    "LimitExceeded",
    "NotFound",
    "Peer",
    "TimedOut",
    "Unsupported",
    "VerificationFailed",
    "WouldBlock",
]
