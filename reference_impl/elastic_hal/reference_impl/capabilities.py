"""The capabilities family: what this runtime serves on this platform (CAP-1).

Nothing is stated twice: ids are those of the contract's catalogue, algorithms come from the tables that the calls
themselves look into, and bounds are the constants that the calls check.
"""

import importlib.metadata
from typing import Final

from elastic_hal.common.contract import catalogue_ids
from elastic_hal.runtime.appraisal_grants import MOST_APPRAISAL_NAME_BYTES
from elastic_hal.runtime.control import WHOLE_CORE
from elastic_hal.runtime.platform import Platform

from .appraising import MOST_CERTIFICATES
from .bindings.elastic_hal import attestation, channels, object_storage, resource_allocation, timezone, types
from .bindings.elastic_hal import capabilities as wit
from .bounds import MAX_DATA_BYTES
from .capability_entry import Entry, names
from .channels.buffer import MOST_MESSAGES
from .channels.exchange import MOST_CAPACITY
from .crypto_capabilities import crypto_entries
from .eat.claim_values import NONCE_BYTES
from .storage.access import KEY_ALGORITHM
from .storage.names import MAX_CONTAINER_NAME_BYTES, MAX_OBJECT_NAME_BYTES, MAX_PAGE
from .storage.open_chunks import MOST_OPEN_CHUNKS
from .storage.records import MAX_OBJECT_BYTES
from .tls.capabilities import tls_entries

RUNTIME_NAME: Final = "elastic-hal-reference"
MAX_ID_BYTES: Final = 64

_PROTECTIONS: Final = tuple(
    protection.value for protection in object_storage.Protection if protection is not object_storage.Protection.NONE
)
_ATTESTATION: Final = attestation.INTERFACE
_EVIDENCE_LIMITS: Final = (
    ("nonce-bytes", NONCE_BYTES[1]),
    ("data-bytes", MAX_DATA_BYTES),
    ("certificates", MOST_CERTIFICATES),
    ("policy-name-bytes", MOST_APPRAISAL_NAME_BYTES),
)


class CapabilitiesProvider:
    """The `capabilities` interface for one workload.

    `timezone_available` and `sockets_reachable` are what cannot be known here: whether the host has time zone data, and
    whether the policy lets the workload reach a network.
    """

    def __init__(self, platform: Platform, *, timezone_available: bool, sockets_reachable: bool = False) -> None:
        self._platform = platform
        entries = _entries(platform, timezone_available, sockets_reachable)
        self._capabilities = {name: _capability(name, entries.get(name)) for name in catalogue_ids()}

    def platform(self) -> wit.PlatformInfo:
        """Tell which platform and runtime these are."""
        return wit.PlatformInfo(
            platform=wit.PlatformType(self._platform.platform_type),
            runtime_name=RUNTIME_NAME,
            runtime_version=importlib.metadata.version("elastic-hal"),
            debug=self._platform.debug,
        )

    def list_capabilities(self) -> list[wit.Capability]:
        """List the whole catalogue in its order."""
        return list(self._capabilities.values())

    def get_capability(self, id: str) -> wit.Capability:
        """Look one id up."""
        if len(id.encode()) > MAX_ID_BYTES:
            raise types.Error_InvalidArgument(f"id: has more than {MAX_ID_BYTES} bytes")
        if id not in self._capabilities:
            raise types.Error_NotFound("there is no such id in the catalogue; ids are upper case, such as CRY-11")
        return self._capabilities[id]


def _capability(name: str, entry: Entry | None) -> wit.Capability:
    """Describe one function; one without an entry is in no interface of this version of the contract."""
    if entry is None:
        return wit.Capability(id=name, interface_name="", supported=False, algorithms=[], limits=[])
    served = entry.supported
    return wit.Capability(
        id=name,
        interface_name=entry.interface,
        supported=served,
        algorithms=list(entry.algorithms) if served else [],
        limits=[wit.Limit(name=limit, value=value) for limit, value in entry.limits] if served else [],
    )


def _entries(platform: Platform, timezone_available: bool, sockets_reachable: bool) -> dict[str, Entry]:
    return {
        "CLK-1": Entry("wasi:clocks/wall-clock@0.2.9"),
        "CLK-2": Entry(timezone.INTERFACE, supported=timezone_available),
        "CLK-3": Entry("wasi:clocks/monotonic-clock@0.2.9"),
        "RND-1": Entry("wasi:random/random@0.2.9"),
        "OBJ-1": Entry(
            object_storage.INTERFACE,
            limits=(("container-name-bytes", MAX_CONTAINER_NAME_BYTES), ("names", MAX_PAGE)),
        ),
        "OBJ-2": Entry(
            object_storage.INTERFACE, limits=(("read-bytes", MAX_DATA_BYTES), ("open-chunks", MOST_OPEN_CHUNKS))
        ),
        "OBJ-3": Entry(
            object_storage.INTERFACE,
            limits=(
                ("data-bytes", MAX_DATA_BYTES),
                ("object-bytes", MAX_OBJECT_BYTES),
                ("object-name-bytes", MAX_OBJECT_NAME_BYTES),
                ("open-chunks", MOST_OPEN_CHUNKS),
            ),
        ),
        "OBJ-4": Entry(object_storage.INTERFACE, (KEY_ALGORITHM.value, *_PROTECTIONS)),
        "SOC-1": Entry("wasi:sockets/tcp@0.2.9", supported=sockets_reachable),
        "SOC-2": Entry("wasi:sockets/udp@0.2.9", supported=sockets_reachable),
        **tls_entries(),
        **crypto_entries(platform),
        "CRY-15": Entry(_ATTESTATION),
        "CRY-16": Entry(_ATTESTATION, names(attestation.EvidenceFormat), _EVIDENCE_LIMITS),
        "RES-1": Entry(resource_allocation.INTERFACE),
        "RES-2": Entry(resource_allocation.INTERFACE),
        "RES-3": Entry(resource_allocation.INTERFACE, limits=(("cpu-thousandths", WHOLE_CORE),)),
        "CHN-1": Entry(
            channels.INTERFACE,
            names(channels.Framing),
            (("capacity-bytes", MOST_CAPACITY), ("messages", MOST_MESSAGES)),
        ),
        "CHN-2": Entry(channels.INTERFACE, limits=(("data-bytes", MAX_DATA_BYTES),)),
        "CHN-3": Entry(channels.INTERFACE, limits=(("data-bytes", MAX_DATA_BYTES),)),
        "CAP-1": Entry(wit.INTERFACE, limits=(("id-bytes", MAX_ID_BYTES),)),
    }
