"""The `sealing` interface for one workload: who seals is the host's word, never the guest's."""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.measurements import runtime_measurement
from elastic_hal.runtime.platform import NoSealingKeyError, Platform, PlatformError
from elastic_hal.runtime.policy import Grant

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import sealing as wit
from ..bounds import check_size
from ..unproven import unproven
from . import envelope, sealed_keys
from .envelope import Sealer, UnsealError

MAX_SEALABLE_BYTES: Final = 65_536
MAX_SEALED_BYTES: Final = MAX_SEALABLE_BYTES + 512

_BITS: Final = {
    wit.PlatformState.PLATFORM: envelope.PLATFORM,
    wit.PlatformState.RUNTIME: envelope.RUNTIME,
    wit.PlatformState.WORKLOAD: envelope.WORKLOAD,
}
_log = logging.getLogger(__name__)
T = TypeVar("T")


class SealingProvider:
    """The `sealing` interface for one workload."""

    def __init__(self, platform: Platform, identity: Identity, grant: Grant) -> None:
        self._platform = platform
        self._identity = identity
        self._is_granted = grant.sealing

    def seal(self, data: bytes, state: wit.PlatformState, associated_data: bytes) -> bytes:
        """Seal data."""
        self._check_grant()
        check_size("data", data, MAX_SEALABLE_BYTES)
        return self._seal(envelope.DATA, data, state, associated_data)

    def unseal(self, sealed: bytes, associated_data: bytes) -> bytes:
        """Unseal data."""
        return self._unseal(envelope.DATA, sealed, associated_data)

    def seal_key(self, key: crypto.Key, state: wit.PlatformState, associated_data: bytes) -> bytes:
        """Seal a key, exportable or not."""
        self._check_grant()
        return self._seal(envelope.KEY, sealed_keys.encode(key), state, associated_data)

    def unseal_key(self, sealed: bytes, associated_data: bytes) -> crypto.Key:
        """Unseal a key."""
        return sealed_keys.decode(self._unseal(envelope.KEY, sealed, associated_data))

    def _seal(self, content: int, data: bytes, state: wit.PlatformState, associated_data: bytes) -> bytes:
        check_size("associated-data", associated_data, MAX_SEALABLE_BYTES)
        bits = sum(bit for flag, bit in _BITS.items() if flag in state)
        return _answered(lambda: self._sealer().seal(content, data, bits, associated_data))

    def _unseal(self, content: int, sealed: bytes, associated_data: bytes) -> bytes:
        self._check_grant()
        check_size("sealed", sealed, MAX_SEALED_BYTES)
        check_size("associated-data", associated_data, MAX_SEALABLE_BYTES)
        if self._platform.sealing_source is None:
            raise _no_sealing_key()
        try:
            return _answered(lambda: self._sealer().unseal(content, sealed, associated_data))
        except UnsealError as error:
            raise unproven(str(error)) from None

    def _sealer(self) -> Sealer:
        return Sealer(self._platform, self._identity.name, runtime_measurement().value, self._identity.digest_bytes)

    def _check_grant(self) -> None:
        if not self._is_granted:
            raise types.Error_AccessDenied("sealing is not granted to this workload")


def _answered(ask: Callable[[], T]) -> T:
    """Turn a failure of the platform into an error of the contract; what it said stays in the host's log."""
    try:
        return ask()
    except NoSealingKeyError:
        raise _no_sealing_key() from None
    except PlatformError as failure:
        _log.error("the platform failed to give a sealing key: %s", failure)
        raise types.Error_Internal("the platform failed to give a sealing key") from None


def _no_sealing_key() -> types.Error_Unsupported:
    return types.Error_Unsupported("the platform has no sealing key")
