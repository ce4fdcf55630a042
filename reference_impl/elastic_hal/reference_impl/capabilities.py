"""The capabilities family: what this runtime serves on this platform (CAP-1).

Nothing is stated twice: algorithms come from the tables that the calls themselves look into, and bounds are the
constants that the calls check.
"""

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from elastic_hal.runtime.platform import Platform

from .bindings.elastic_hal import attestation, crypto, timezone, types
from .bindings.elastic_hal import capabilities as wit
from .bounds import MAX_DATA_BYTES
from .crypto.aeads import AEADS
from .crypto.encryption import MAX_CIPHERTEXT_BYTES
from .crypto.hashes import HASHES
from .crypto.key_making import MAX_KEY_MATERIAL_BYTES
from .crypto.macs import MACS
from .crypto.nonces import MAX_CALLER_NONCES, MAX_ENCRYPTIONS
from .crypto.rsa_pss import MOST_MODULUS_BITS
from .crypto.signatures import SIGNATURES
from .eat.claims import NONCE_BYTES

RUNTIME_NAME: Final = "elastic-hal-reference"
MAX_ID_BYTES: Final = 64

_FAMILIES: Final = {
    "CLK": 3,
    "RND": 1,
    "OBJ": 4,
    "SOC": 8,
    "CRY": 16,
    "GPU": 5,
    "RES": 3,
    "EVT": 4,
    "CHN": 3,
    "CAP": 1,
    "VEH": 3,
}
"""The catalogue: its families in order, and how many functions each has."""
CATALOGUE: Final = tuple(f"{family}-{number}" for family, count in _FAMILIES.items() for number in range(1, count + 1))

_CRYPTO: Final = crypto.INTERFACE
_ATTESTATION: Final = attestation.INTERFACE


@dataclass(frozen=True, slots=True)
class _Entry:
    """What carries a function of the catalogue, and what its calls serve."""

    interface: str
    algorithms: tuple[str, ...] = ()
    limits: tuple[tuple[str, int], ...] = ()
    supported: bool = True


class CapabilitiesProvider:
    """The `capabilities` interface for one workload.

    `timezone_available` and `sockets_reachable` are what cannot be known here: whether the host has time zone data, and
    whether the policy lets the workload reach a network.
    """

    def __init__(self, platform: Platform, *, timezone_available: bool, sockets_reachable: bool = False) -> None:
        self._platform = platform
        entries = _entries(timezone_available, sockets_reachable)
        self._capabilities = {name: _capability(name, entries.get(name)) for name in CATALOGUE}

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


def _capability(name: str, entry: _Entry | None) -> wit.Capability:
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


def _entries(timezone_available: bool, sockets_reachable: bool) -> dict[str, _Entry]:
    hashing, macs, aeads, signatures = _names(HASHES), _names(MACS), _names(AEADS), _names(SIGNATURES)
    data, message = (("data-bytes", MAX_DATA_BYTES),), (("message-bytes", MAX_DATA_BYTES),)
    associated = ("associated-data-bytes", MAX_DATA_BYTES)
    return {
        "CLK-1": _Entry("wasi:clocks/wall-clock@0.2.9"),
        "CLK-2": _Entry(timezone.INTERFACE, supported=timezone_available),
        "CLK-3": _Entry("wasi:clocks/monotonic-clock@0.2.9"),
        "RND-1": _Entry("wasi:random/random@0.2.9"),
        "SOC-1": _Entry("wasi:sockets/tcp@0.2.9", supported=sockets_reachable),
        "SOC-2": _Entry("wasi:sockets/udp@0.2.9", supported=sockets_reachable),
        "CRY-1": _Entry(
            _CRYPTO,
            (*macs, *aeads, *signatures, *_names(crypto.KeyFormat)),
            (("material-bytes", MAX_KEY_MATERIAL_BYTES), ("rsa-modulus-bits", MOST_MODULUS_BITS)),
        ),
        "CRY-4": _Entry(_CRYPTO, signatures, message),
        "CRY-5": _Entry(_CRYPTO, signatures, message),
        "CRY-6": _Entry(_CRYPTO, hashing, data),
        "CRY-9": _Entry(_CRYPTO, macs, data),
        "CRY-10": _Entry(_CRYPTO, macs, data),
        "CRY-11": _Entry(
            _CRYPTO,
            aeads,
            (
                ("plaintext-bytes", MAX_DATA_BYTES),
                associated,
                ("encryptions", MAX_ENCRYPTIONS),
                ("caller-nonces", MAX_CALLER_NONCES),
            ),
        ),
        "CRY-12": _Entry(_CRYPTO, aeads, (("ciphertext-bytes", MAX_CIPHERTEXT_BYTES), associated)),
        "CRY-15": _Entry(_ATTESTATION),
        "CRY-16": _Entry(_ATTESTATION, _names(attestation.EvidenceFormat), (("nonce-bytes", NONCE_BYTES[1]),)),
        "CAP-1": _Entry(wit.INTERFACE, limits=(("id-bytes", MAX_ID_BYTES),)),
    }


def _names(members: Iterable[Enum]) -> tuple[str, ...]:
    return tuple(member.value for member in members)
