"""The simulated platform where no state can be kept: all of it that needs no key, for workloads that need none."""

from typing import Final, NoReturn

from elastic_hal.runtime.platform import (
    Evidence,
    EvidenceRequest,
    Measurement,
    PlatformError,
    SealingKey,
    SealingRequest,
    SealingSource,
)

from .platform import SimulatedPlatform, firmware_measurements
from .state import NoStateError


class PlatformWithoutState:
    """A simulated platform without a root key or sealing secret. Whatever needs one fails and says why."""

    name: Final = SimulatedPlatform.name
    platform_type: Final = SimulatedPlatform.platform_type
    debug: Final = SimulatedPlatform.debug
    sealing_source: Final[SealingSource] = SimulatedPlatform.sealing_source

    def __init__(self, reason: NoStateError) -> None:
        self._reason = str(reason)

    def require_keys(self) -> NoReturn:
        """Raise `NoStateError`: there are none."""
        raise NoStateError(self._reason)

    def measurements(self) -> tuple[Measurement, ...]:
        """Give the platform's own measurement."""
        return firmware_measurements()

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Raise `PlatformError`: there is no key to sign it with."""
        raise PlatformError(self._reason)

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Raise `PlatformError`: there is no secret to derive it from."""
        raise PlatformError(self._reason)
