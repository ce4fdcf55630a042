"""The simulated platform itself: what it measures, and evidence signed by a key that lives as long as the process."""

import hashlib
import threading
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elastic_hal.reference_impl.eat import PLATFORM_SIMULATED, Claims, DebugStatus, encode_claims, sign_token
from elastic_hal.runtime.platform import (
    Evidence,
    EvidenceRequest,
    Measurement,
    PlatformError,
    SealingKey,
    SealingParametersError,
    SealingRequest,
    SealingSource,
)

from ..clock import moment, seconds
from .authority import ATTESTATION_VALIDITY, RootAuthority
from .sealing import SealingRoot

FIRMWARE_STATEMENT: Final = b"elastic-hal simulated platform, firmware 1.0"
"""What stands for the firmware: nothing boots a simulated platform, so this text is what is measured."""

_UEID_RANDOM: Final = b"\x01"


def firmware_measurements() -> tuple[Measurement, ...]:
    """Give the measurement of what stands for the firmware."""
    return (Measurement("platform", "sha-384", hashlib.sha384(FIRMWARE_STATEMENT).digest()),)


class SimulatedPlatform:
    """A platform whose evidence has the form of the real thing. Safe to use from several threads."""

    name: Final = "simulated"
    platform_type: Final = PLATFORM_SIMULATED
    debug: Final = True
    sealing_source: Final = SealingSource.PLATFORM

    def __init__(self, authority: RootAuthority, sealing: SealingRoot) -> None:
        self._authority = authority
        self._sealing = sealing
        self._lock = threading.Lock()
        self._key, self._certificate = _new_attestation_key(authority)
        root_key = authority.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        # A digest of a random key is as random as a UEID must be, and names the machine as long as its root lives.
        self._device = _UEID_RANDOM + hashlib.sha256(root_key).digest()

    @property
    def root_certificate(self) -> x509.Certificate:
        """The trust anchor that a verifier needs."""
        return self._authority.certificate

    def measurements(self) -> tuple[Measurement, ...]:
        """Give the platform's own measurement."""
        return firmware_measurements()

    def evidence(self, request: EvidenceRequest) -> Evidence:
        """Sign evidence over the request. Raises `PlatformError` for a request that evidence cannot state."""
        key, certificate = self._current_key()
        claims = Claims(
            nonce=request.nonce,
            issued_at=seconds(),
            device=self._device,
            debug=DebugStatus.ENABLED,
            platform_type=self.platform_type,
            measurements=(*self.measurements(), *request.measurements),
            attested_key=request.public_key,
            purpose=request.purpose,
        )
        chain = (certificate.public_bytes(Encoding.DER),)
        try:
            payload = encode_claims(claims)
        except ValueError as error:
            raise PlatformError(f"evidence cannot state that: {error}") from None
        return Evidence("eat", sign_token(payload, key, chain), chain)

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        """Give a key of this machine. There are no versions of it, so that there are no parameters."""
        if request.parameters:
            raise SealingParametersError("the simulated platform gives keys without parameters")
        return SealingKey(self._sealing.key(self.measurements() if request.measured else (), request.context))

    def _current_key(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        """Give the attestation key, replaced by a new one when half of its certificate's life is over, and when the
        clock was set back to before it.
        """
        with self._lock:
            now = moment()
            left = self._certificate.not_valid_after_utc - now
            if left < ATTESTATION_VALIDITY / 2 or now < self._certificate.not_valid_before_utc:
                self._key, self._certificate = _new_attestation_key(self._authority)
            return self._key, self._certificate


def _new_attestation_key(authority: RootAuthority) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP384R1())
    return key, authority.certify(key.public_key(), moment())
