"""The reference host: connects the providers of this package with one workload after the other."""

from elastic_hal.runtime import abi
from elastic_hal.runtime.platform import Platform
from elastic_hal.runtime.workload import Workload

from .attestation import AttestationProvider
from .bindings import Providers, add_to_linker
from .capabilities import CapabilitiesProvider
from .crypto import CryptoProvider
from .timezone import TimezoneProvider


class ReferenceHost:
    """The HAL on one platform. `zone` fixes the time zone that guests see; without it they see the host's."""

    def __init__(self, platform: Platform, *, zone: str | None = None) -> None:
        self.platform = platform
        self._timezone = TimezoneProvider(zone)
        self._crypto = CryptoProvider()

    def link(self, linker: abi.Linker, workload: Workload) -> None:
        """Connect every interface of the HAL; this is what a `Workload` takes as its `link`."""
        add_to_linker(linker, self.providers(workload))

    def providers(self, workload: Workload) -> Providers:
        """Make the providers of one workload. What they allow follows from its identity and grant alone."""
        return Providers(
            elastic_hal_attestation=AttestationProvider(self.platform, workload.identity, workload.grant),
            # The policy has no grant for networks: WASI sockets link, and refuse.
            elastic_hal_capabilities=CapabilitiesProvider(
                self.platform, timezone_available=self._timezone.available, sockets_reachable=False
            ),
            elastic_hal_crypto=self._crypto,
            elastic_hal_timezone=self._timezone,
        )
