"""What the runtime asks of a platform: the trusted execution environment underneath.

A platform is one module that provides an object of this protocol; nothing else in the runtime knows which one it is.
How evidence is encoded and signed is the platform's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

PLATFORM_TYPES = ("simulated", "sev-snp", "tdx")


class PlatformError(Exception):
    """The platform fails to answer, or is not there."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """A digest of one part of what runs: its name (`platform`, `runtime`, `workload`), the algorithm by its WIT name,
    the digest.
    """

    name: str
    algorithm: str
    value: bytes


@dataclass(frozen=True, slots=True)
class EvidenceRequest:
    """What evidence is to speak of.

    `nonce` is the challenge of the relying party, `measurements` are those that the runtime vouches for (its own and
    the workload's; the platform adds its own), `public_key` is the key that the evidence binds, as DER of
    SubjectPublicKeyInfo.
    """

    nonce: bytes
    measurements: tuple[Measurement, ...] = ()
    public_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signed evidence: its format (`eat`), its bytes, and the certificates (DER) from the signing key towards the
    vendor's root.
    """

    format: str
    data: bytes
    certificates: tuple[bytes, ...]


@runtime_checkable
class Platform(Protocol):
    """A trusted execution environment."""

    @property
    def name(self) -> str:
        """Name under which the platform is chosen, such as `simulated`."""
        ...

    @property
    def platform_type(self) -> str:
        """One of `PLATFORM_TYPES`."""
        ...

    @property
    def debug(self) -> bool:
        """True where the owner of the machine can look into the environment."""
        ...

    def measurements(self) -> tuple[Measurement, ...]:
        """The platform's own measurements, without those of the runtime and the workload.

        Raises:
            PlatformError: the platform fails to answer.
        """
        ...

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Makes signed evidence.

        Raises:
            PlatformError: the platform fails to answer.
        """
        ...
