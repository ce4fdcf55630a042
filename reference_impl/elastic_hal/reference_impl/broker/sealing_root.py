"""A sealing root for platforms that have none, as Intel TDX 1.5: sealing keys from a secret that a broker releases.

The broker decides who gets the secret, by evidence of this platform and this runtime, so that a key exists only in
guests that its policy accepts. The secret is asked for when the first key is needed and kept in memory only.

Guests wait for it no longer than the client's time-out, however many of them ask: there is one request at a time, and
all who wait get its answer. What a broker answered stands for a moment, so that a guest that asks in a loop neither
loads the broker nor fills its log.
"""

import math
import threading
import time
from concurrent.futures import Future
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elastic_hal.runtime.measurements import runtime_measurement
from elastic_hal.runtime.platform import (
    SEALING_KEY_BYTES,
    Evidence,
    EvidencePurpose,
    EvidenceRequest,
    Measurement,
    MeasuresWorkloads,
    Platform,
    PlatformError,
    SealingKey,
    SealingParametersError,
    SealingRequest,
    SealingSource,
)

from .client import BrokerClient
from .errors import BrokerError

MIN_ROOT_BYTES: Final = 32
RETRY_SECONDS: Final = 2.0
"""How long a refusal stands before the broker is asked again; a policy may change, and a broker may be started."""

_DOMAIN: Final = b"elastic-hal sealing key from a broker 1"


class BrokerSealing:
    """A platform with sealing keys of a broker, otherwise as the platform below. Safe to use from several threads."""

    sealing_source: Final = SealingSource.BROKER

    def __init__(
        self, platform: Platform, client: BrokerClient, secret_name: str, *, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._platform = platform
        self._client = client
        self._secret_name = secret_name
        self._retry_seconds = retry_seconds
        self._lock = threading.Lock()
        self._asked: Future[bytes] | None = None
        self._ask_again_at = math.inf

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

    def measure_workload(self, workload: Measurement) -> None:
        """Have the platform below enter a workload into its record, where it has one."""
        if isinstance(self._platform, MeasuresWorkloads):
            self._platform.measure_workload(workload)

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Derive a key from the broker's secret. There are no versions of it, so that there are no parameters.

        Raises `SealingParametersError`, and `PlatformError` where the broker releases nothing in time.
        """
        if request.parameters:
            raise SealingParametersError("keys of a broker have no parameters")
        parts = [_DOMAIN, b"measured" if request.measured else b"", request.context]
        for measurement in self.measurements() if request.measured else ():
            parts += [measurement.name.encode(), measurement.algorithm.encode(), measurement.value]
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return SealingKey(HKDF(hashes.SHA256(), SEALING_KEY_BYTES, None, info).derive(self._secret()))

    def _secret(self) -> bytes:
        """Give the secret, asking for it where nobody else does."""
        with self._lock:
            if self._asked is None or time.monotonic() >= self._ask_again_at:
                self._asked, self._ask_again_at = Future(), math.inf
                # A thread of its own, since looking up a name can take longer than anybody here waits.
                threading.Thread(target=self._ask, args=(self._asked,), name="key broker", daemon=True).start()
            asked = self._asked
        try:
            return asked.result(self._client.timeout)
        except TimeoutError:
            reason = f"the broker does not answer within {self._client.timeout:g} s"
        except (BrokerError, PlatformError) as error:
            reason = str(error)
        raise PlatformError(f"no sealing key from the key broker: {reason}")

    def _ask(self, answer: "Future[bytes]") -> None:
        """Ask the broker and tell all who wait."""
        try:
            root = self._fetch()
        except BaseException as error:  # raised again by those who wait
            with self._lock:
                self._ask_again_at = time.monotonic() + self._retry_seconds
            answer.set_exception(error)
        else:
            answer.set_result(root)

    def _fetch(self) -> bytes:
        purpose = EvidencePurpose.HOST_SEALING_ROOT
        root = self._client.fetch(self._secret_name, self._platform, (runtime_measurement(),), purpose=purpose)
        if len(root) < MIN_ROOT_BYTES:
            raise PlatformError(
                f"the secret {self._secret_name!r} has {len(root)} bytes; "
                f"a root for sealing keys has at least {MIN_ROOT_BYTES}"
            )
        return root
