"""A sealing root for platforms that have none, as Intel TDX 1.5: sealing keys from a secret that a broker releases.

The broker decides who gets the secret, by evidence of this platform and this runtime, so that a key exists only in
guests that its policy accepts. The secret is asked for when the first key is needed and kept in memory only.
"""

import threading
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elastic_hal.runtime.measurements import runtime_measurement
from elastic_hal.runtime.platform import (
    SEALING_KEY_BYTES,
    Evidence,
    EvidenceRequest,
    Measurement,
    Platform,
    PlatformError,
    SealingKey,
    SealingParametersError,
    SealingRequest,
)

from .client import BrokerClient
from .errors import BrokerError

MIN_ROOT_BYTES: Final = 32
_DOMAIN: Final = b"elastic-hal sealing key from a broker 1"


class BrokerSealing:
    """A platform with sealing keys of a broker, otherwise as the platform below. Safe to use from several threads."""

    seals: Final = True

    def __init__(self, platform: Platform, client: BrokerClient, secret_name: str) -> None:
        self._platform = platform
        self._client = client
        self._secret_name = secret_name
        self._lock = threading.Lock()
        self._root: bytes | None = None

    @property
    def name(self) -> str:
        """Name of the platform below."""
        return self._platform.name

    @property
    def platform_type(self) -> str:
        """Type of the platform below."""
        return self._platform.platform_type

    @property
    def debug(self) -> bool:
        """True where the owner of the machine can look into the environment."""
        return self._platform.debug

    def measurements(self) -> tuple[Measurement, ...]:
        """Give the measurements of the platform below. Raises `PlatformError`."""
        return self._platform.measurements()

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Have the platform below make evidence. Raises `PlatformError`."""
        return self._platform.evidence(request)

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Derive a key from the broker's secret. There are no versions of it, so that there are no parameters.

        Raises `SealingParametersError`, and `PlatformError` where the broker releases nothing.
        """
        if request.parameters:
            raise SealingParametersError("keys of a broker have no parameters")
        parts = [_DOMAIN, b"measured" if request.measured else b"", request.context]
        for measurement in self.measurements() if request.measured else ():
            parts += [measurement.name.encode(), measurement.algorithm.encode(), measurement.value]
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return SealingKey(HKDF(hashes.SHA256(), SEALING_KEY_BYTES, None, info).derive(self._secret()))

    def _secret(self) -> bytes:
        """Give the secret; a refusal is not remembered, since a policy may change."""
        with self._lock:
            if self._root is None:
                try:
                    root = self._client.fetch(self._secret_name, self._platform, (runtime_measurement(),))
                except BrokerError as error:
                    raise PlatformError(f"no sealing key from the key broker: {error}") from None
                if len(root) < MIN_ROOT_BYTES:
                    raise PlatformError(
                        f"the broker's secret {self._secret_name!r} has {len(root)} bytes; "
                        f"a root for sealing keys has at least {MIN_ROOT_BYTES}"
                    )
                self._root = root
            return self._root
