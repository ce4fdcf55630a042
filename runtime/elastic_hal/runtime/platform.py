"""What the runtime asks of a platform: the trusted execution environment underneath.

A platform is one module that provides an object of this protocol; nothing else in the runtime knows which one it is.
How evidence is encoded and signed is the platform's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

PLATFORM_TYPES = ("simulated", "sev-snp", "tdx")


SEALING_KEY_BYTES = 32
MAX_SEALING_PARAMETERS = 255


class SealingSource(Enum):
    """Where sealing keys come from, by the name that capabilities give it."""

    PLATFORM = "platform-key"
    """A key of the platform itself, which no other machine has."""
    BROKER = "key-broker"
    """A secret that a key broker releases to the evidence of this platform."""


class EvidencePurpose(Enum):
    """For whom evidence is made, and for which use, by the name that its claims give it.

    A guest chooses the nonce and the key of evidence that it asks for, so that only this tells it from the host's own.
    """

    GUEST = "guest/attestation"
    """A workload asked for it, by the interface `attestation`, for a use that is the workload's own."""
    HOST_SEALING_ROOT = "host/sealing-root"
    """The host asks a key broker for the root of its sealing keys."""
    HOST_SECRET = "host/secret"  # noqa: S105 - a purpose, not a secret
    """The host asks a key broker for another secret."""
    HOST_STATEMENT = "host/statement"
    """The host states what it is, to whoever asked its operator; it names no key, and no workload that runs."""


class PlatformError(Exception):
    """The platform fails to answer, or is not there."""


class NoSealingKeyError(PlatformError):
    """The platform has no key to seal with, as Intel TDX 1.5 has none."""


class SealingParametersError(PlatformError):
    """The parameters are not such as the platform gives, or name a state that it is not in."""


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
    SubjectPublicKeyInfo. `purpose` must be covered by the signature as all the rest is; unless the host says otherwise
    it is the one that is trusted least.
    """

    nonce: bytes
    measurements: tuple[Measurement, ...] = ()
    public_key: bytes | None = None
    purpose: EvidencePurpose = EvidencePurpose.GUEST


@dataclass(frozen=True, slots=True)
class Evidence:
    """Signed evidence: its format (`eat`), its bytes, and the certificates (DER) from the signing key towards the
    vendor's root.
    """

    format: str
    data: bytes
    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SealingRequest:
    """Which sealing key is asked for.

    `measured` binds it to the platform's own measurements too. `context` is what the runtime tells keys apart by; the
    platform derives from it and does not look into it. `parameters` are those that came with the key when it was first
    asked for; None asks for the key of the present state.
    """

    measured: bool
    context: bytes
    parameters: bytes | None = None


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key of 32 bytes, and what the platform needs to give the same one again.

    The parameters are at most 255 bytes, not secret, and kept beside what is sealed: on AMD SEV-SNP the guest's
    version and the TCB version that went into the derived key, which an update of the firmware raises.
    """

    key: bytes = field(repr=False)
    parameters: bytes = b""


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

    @property
    def sealing_source(self) -> SealingSource | None:
        """Where `sealing_key` gets keys from; None where it gives none."""
        ...

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Gives a key that only this platform can give, and only for the same request.

        A platform whose owner is not trusted, and could start an image of his own on it, binds every key to its
        measurements, whether `measured` says so or not.

        Raises:
            NoSealingKeyError: the platform has none.
            SealingParametersError: the parameters are not ones that it gave in a state that it can still answer for.
            PlatformError: the platform fails to answer.
        """
        ...


@runtime_checkable
class MayLackKeys(Protocol):
    """What a platform has besides that has no keys here, and serves what needs none."""

    def require_keys(self) -> None:
        """Refuses to serve what needs keys: raises an error that says why there are none."""
        ...


@runtime_checkable
class MeasuresWorkloads(Protocol):
    """What a platform has besides, whose hardware keeps a record of what was started."""

    def measure_workload(self, workload: Measurement) -> None:
        """Enters a workload into the record, before its first instruction runs.

        A platform that cannot do so now says so in its log: its evidence then lacks the entry, which a relying party
        can insist on.
        """
        ...
