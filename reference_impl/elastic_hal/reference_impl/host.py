"""The reference host: connects the providers of this package with one workload after the other."""

from pathlib import Path

from elastic_hal.runtime import abi
from elastic_hal.runtime.measurements import workload_measurement
from elastic_hal.runtime.platform import MayLackKeys, MeasuresWorkloads, Platform
from elastic_hal.runtime.workload import Workload

from .attestation import AttestationProvider
from .bindings import Providers, add_to_linker
from .capabilities import CapabilitiesProvider
from .channels import ChannelsProvider, Exchange
from .crypto import CryptoProvider
from .polling import PollProvider
from .post_quantum import PostQuantumProvider
from .resources import Budget, ResourceAllocationProvider
from .sealing import SealingProvider
from .storage import ObjectStorageProvider, Storages
from .timezone import TimezoneProvider
from .tls import TlsProvider, Watcher


class ReferenceHost:
    """The HAL on one platform, for all workloads of a host.

    `zone` fixes the time zone that guests see; without it they see the host's. `budget` is the memory and CPU time for
    all of them; without it most of the machine's. `state` is the directory of the host's own
    storage; without it the user's state directory.
    """

    def __init__(
        self, platform: Platform, *, zone: str | None = None, budget: Budget | None = None, state: Path | None = None
    ) -> None:
        self.platform = platform
        self._timezone = TimezoneProvider(zone)
        self._post_quantum = PostQuantumProvider()
        self._exchange = Exchange()
        self.storages = Storages(state)
        self._budget = budget or Budget()
        self._sockets = Watcher()

    def link(self, linker: abi.Linker, workload: Workload) -> None:
        """Connect every interface of the HAL; this is what a `Workload` takes as its `link`."""
        add_to_linker(linker, self.providers(workload))

    def forget_channels(self) -> None:
        """Drop what waits in channels, for a host that begins anew when all workloads have ended."""
        self._exchange = Exchange()

    def providers(self, workload: Workload) -> Providers:
        """Make the providers of one workload that is about to start. What they allow follows from its identity and
        grant alone. Where the platform keeps a record of workloads, it is entered first.
        """
        grant = workload.grant
        if isinstance(self.platform, MayLackKeys) and (grant.attestation or grant.sealing):
            self.platform.require_keys()
        if isinstance(self.platform, MeasuresWorkloads):
            self.platform.measure_workload(workload_measurement(workload.identity))
        return Providers(
            elastic_hal_attestation=AttestationProvider(self.platform, workload.identity, workload.grant),
            # The policy grants networks through TLS alone: WASI sockets link, and refuse.
            elastic_hal_capabilities=CapabilitiesProvider(
                self.platform, timezone_available=self._timezone.available, sockets_reachable=False
            ),
            elastic_hal_channels=ChannelsProvider(self._exchange, workload.identity, workload.grant, workload.control),
            elastic_hal_crypto=CryptoProvider(),
            elastic_hal_object_storage=ObjectStorageProvider(
                self.storages, workload.identity, workload.grant.containers, workload.control
            ),
            elastic_hal_poll=PollProvider(workload.control),
            elastic_hal_post_quantum=self._post_quantum,
            elastic_hal_resource_allocation=ResourceAllocationProvider(self._budget, workload.grant, workload.control),
            elastic_hal_sealing=SealingProvider(self.platform, workload.identity, workload.grant),
            elastic_hal_timezone=self._timezone,
            elastic_hal_tls=TlsProvider(self._sockets, workload.identity, workload.grant, workload.control),
        )
