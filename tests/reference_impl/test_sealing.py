"""Sealing: to this platform, this name and the state that was asked for, and nothing else gets it back."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal.sealing import PlatformState
from elastic_hal.reference_impl.capabilities import CapabilitiesProvider
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.reference_impl.sealing import SealingProvider, provider
from elastic_hal.reference_impl.sealing.envelope import MAX_OVERHEAD_BYTES
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.platform import (
    Evidence,
    EvidenceRequest,
    Measurement,
    NoSealingKeyError,
    Platform,
    PlatformError,
    SealingKey,
    SealingParametersError,
    SealingRequest,
    SealingSource,
)
from elastic_hal.runtime.policy import Grant

KEYS = CryptoProvider()
GRANT = Grant(sealing=True)
NOTARY = Identity("notary", "sha256:" + "0a" * 32)
STATES = [PlatformState(bits) for bits in range(8)]
ALL = PlatformState.PLATFORM | PlatformState.RUNTIME | PlatformState.WORKLOAD


@dataclasses.dataclass
class DerivingPlatform:
    """A platform that derives in hardware: by its secret, by measurement where asked, by the version of its TCB, which
    it can also derive for as long as it is not older than allowed.
    """

    secret: bytes = b"fuses"
    measured: bytes = b"image"
    tcb: int = 3
    sealing_source: SealingSource | None = SealingSource.PLATFORM
    broken: bool = False
    name: str = "deriving"
    platform_type: str = "sev-snp"
    debug: bool = False

    def measurements(self) -> tuple[Measurement, ...]:
        return (Measurement("platform", "sha-384", hashlib.sha384(self.measured).digest()),)

    def evidence(self, request: EvidenceRequest) -> Evidence:
        raise PlatformError(f"no evidence over {len(request.nonce)} bytes")

    def sealing_key(self, request: SealingRequest) -> SealingKey:
        if self.broken:
            raise PlatformError("/dev/sev-guest: input/output error")
        if self.sealing_source is None:
            raise NoSealingKeyError("none")
        parameters = bytes([self.tcb]) if request.parameters is None else request.parameters
        if len(parameters) != 1 or parameters[0] > self.tcb:
            raise SealingParametersError("no such TCB")
        parts = (self.secret, self.measured if request.measured else b"", parameters, request.context)
        return SealingKey(hashlib.sha256(b"|".join(parts)).digest(), parameters)


def sealing(platform: Platform, identity: Identity = NOTARY, grant: Grant = GRANT) -> SealingProvider:
    return SealingProvider(platform, identity, grant)


@pytest.mark.parametrize("state", STATES)
def test_what_was_sealed_comes_back_in_a_later_run(state: PlatformState, tmp_path: Path) -> None:
    first = platforms.load("simulated", state_directory=tmp_path / "simulated")
    sealed = sealing(first).seal(b"secret", state, b"context")
    later = platforms.load("simulated", state_directory=tmp_path / "simulated")
    assert sealing(later).unseal(sealed, b"context") == b"secret"


@pytest.mark.parametrize("state", STATES)
def test_another_platform_does_not_unseal(state: PlatformState, tmp_path: Path) -> None:
    here = platforms.load("simulated", state_directory=tmp_path / "one")
    there = platforms.load("simulated", state_directory=tmp_path / "other")
    sealed = sealing(here).seal(b"secret", state, b"")
    with pytest.raises(types.Error_VerificationFailed):
        sealing(there).unseal(sealed, b"")
    sealed_key = sealing(here).seal_key(new_key(), state, b"")
    with pytest.raises(types.Error_VerificationFailed):
        sealing(there).unseal_key(sealed_key, b"")


@pytest.mark.parametrize("state", STATES)
def test_another_name_does_not_unseal(state: PlatformState, shared_platform: SimulatedPlatform) -> None:
    sealed = sealing(shared_platform).seal(b"secret", state, b"")
    other = dataclasses.replace(NOTARY, name="notary2")
    with pytest.raises(types.Error_VerificationFailed):
        sealing(shared_platform, other).unseal(sealed, b"")


@pytest.mark.parametrize("state", STATES)
def test_another_component_unseals_where_the_workload_was_not_asked_for(
    state: PlatformState, shared_platform: SimulatedPlatform
) -> None:
    sealed = sealing(shared_platform).seal(b"secret", state, b"")
    rebuilt = sealing(shared_platform, dataclasses.replace(NOTARY, digest="sha256:" + "0b" * 32))
    check(state, PlatformState.WORKLOAD, lambda: rebuilt.unseal(sealed, b""))


@pytest.mark.parametrize("state", STATES)
def test_another_runtime_unseals_where_the_runtime_was_not_asked_for(
    state: PlatformState, shared_platform: SimulatedPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = sealing(shared_platform)
    sealed = here.seal(b"secret", state, b"")
    monkeypatch.setattr(provider, "runtime_measurement", lambda: Measurement("runtime", "sha-384", bytes(48)))
    check(state, PlatformState.RUNTIME, lambda: here.unseal(sealed, b""))


@pytest.mark.parametrize("state", STATES)
def test_another_image_unseals_where_the_platform_was_not_asked_for(state: PlatformState) -> None:
    platform = DerivingPlatform()
    sealed = sealing(platform).seal(b"secret", state, b"")
    platform.measured = b"another image"
    check(state, PlatformState.PLATFORM, lambda: sealing(platform).unseal(sealed, b""))


def check(state: PlatformState, needed: PlatformState, unseal: Callable[[], bytes]) -> None:
    """What was bound to the part that is another now does not come back; all else does."""
    if needed in state:
        with pytest.raises(types.Error_VerificationFailed):
            unseal()
    else:
        assert unseal() == b"secret"


def test_an_update_of_the_platform_leaves_what_was_sealed_before() -> None:
    platform = DerivingPlatform(tcb=3)
    sealed = sealing(platform).seal(b"secret", ALL, b"")
    platform.tcb = 4
    assert sealing(platform).unseal(sealed, b"") == b"secret"
    newer = sealing(platform).seal(b"secret", ALL, b"")
    platform.tcb = 3
    with pytest.raises(types.Error_VerificationFailed):
        sealing(platform).unseal(newer, b"")


def test_a_platform_without_a_sealing_key_says_so_everywhere() -> None:
    platform = DerivingPlatform(sealing_source=None)
    assert isinstance(platform, Platform)
    listed = CapabilitiesProvider(platform, timezone_available=True)
    assert not listed.get_capability("CRY-13").supported
    assert not listed.get_capability("CRY-14").supported
    bound = sealing(platform)
    calls: list[Callable[[], object]] = [
        lambda: bound.seal(b"", ALL, b""),
        lambda: bound.unseal(bytes(100), b""),
        lambda: bound.seal_key(new_key(), ALL, b""),
        lambda: bound.unseal_key(bytes(100), b""),
    ]
    for call in calls:
        with pytest.raises(types.Error_Unsupported):
            call()


def test_a_platform_that_fails_is_an_internal_error_without_details(caplog: pytest.LogCaptureFixture) -> None:
    platform = DerivingPlatform()
    sealed = sealing(platform).seal(b"secret", ALL, b"")
    platform.broken = True
    for call in (lambda: sealing(platform).seal(b"", ALL, b""), lambda: sealing(platform).unseal(sealed, b"")):
        with pytest.raises(types.Error_Internal) as caught:
            call()
        assert "sev-guest" not in str(caught.value)
    assert "/dev/sev-guest" in caplog.text


def test_without_a_grant_nothing_is_sealed_or_unsealed(shared_platform: SimulatedPlatform) -> None:
    sealed = sealing(shared_platform).seal(b"secret", ALL, b"")
    denied = sealing(shared_platform, grant=Grant())
    calls: list[Callable[[], object]] = [
        lambda: denied.seal(b"", ALL, b""),
        lambda: denied.unseal(sealed, b""),
        lambda: denied.seal_key(new_key(), ALL, b""),
        lambda: denied.unseal_key(sealed, b""),
    ]
    for call in calls:
        with pytest.raises(types.Error_AccessDenied, match="not granted"):
            call()


def test_sealed_bytes_show_nothing_and_are_not_longer_than_stated(shared_platform: SimulatedPlatform) -> None:
    sealed = sealing(shared_platform).seal(b"secret" * 10, ALL, b"")
    assert b"secret" not in sealed
    assert len(sealed) - 60 <= MAX_OVERHEAD_BYTES <= 512


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(shared_platform: SimulatedPlatform, position: int, change: int) -> None:
    here = sealing(shared_platform)
    sealed = bytearray(here.seal(b"secret", ALL, b"context"))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(types.Error_VerificationFailed):
        here.unseal(bytes(sealed), b"context")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(shared_platform: SimulatedPlatform, data: bytes) -> None:
    here = sealing(shared_platform)
    for sealed in (data, b"EHSB\x01\x01" + data, b"EHSB\x01\x02" + data):
        with pytest.raises(types.Error_VerificationFailed):
            here.unseal(sealed, b"")
        with pytest.raises(types.Error_VerificationFailed):
            here.unseal_key(sealed, b"")


def test_an_rsa_key_is_sealed_too(shared_platform: SimulatedPlatform) -> None:
    algorithm = crypto.KeyAlgorithm_Encryption(crypto.EncryptionAlgorithm.RSA_OAEP_SHA_384)
    key = KEYS.Key_generate(algorithm, crypto.KeyUsage.DECRYPT, False)
    encrypted = KEYS.oaep_encrypt(key.public_key(), b"for later", b"")
    here = sealing(shared_platform)
    again = here.unseal_key(here.seal_key(key, ALL, b""), b"")
    assert KEYS.oaep_decrypt(again, encrypted, b"") == b"for later"


def new_key() -> crypto.Key:
    algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
    return KEYS.Key_generate(algorithm, crypto.KeyUsage.ENCRYPT, False)
