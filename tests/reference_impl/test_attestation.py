"""Attestation as a workload sees it: grants, targets, keys, nonces; and the verifier agrees with the guest."""

import datetime
import hashlib
import time

import pytest

from elastic_hal.reference_impl.attestation import AttestationProvider
from elastic_hal.reference_impl.bindings.elastic_hal import attestation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.reference_impl.verify import AppraisalPolicy, verify
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant

DIGEST = hashlib.sha256(b"component").digest()
IDENTITY = Identity("guest", f"sha256:{DIGEST.hex()}")
BOTH = frozenset({"platform", "workload"})
NONCE = b"0123456789abcdef"
keys = CryptoProvider()


def provider(platform: SimulatedPlatform, granted: frozenset[str] = BOTH) -> AttestationProvider:
    return AttestationProvider(platform, IDENTITY, Grant(attestation=granted))


def make_key(algorithm: crypto.KeyAlgorithm) -> crypto.Key:
    return keys.Key_generate(algorithm, crypto.KeyUsage.SIGN, False)


@pytest.mark.parametrize("granted", [set(), {"platform"}, {"workload"}, {"platform", "workload"}])
def test_only_granted_targets_are_loaded(shared_platform: SimulatedPlatform, granted: set[str]) -> None:
    made = provider(shared_platform, frozenset(granted))
    for target in wit.Target:
        if target.value in granted:
            assert made.AttestationContext_load(target, None).target() is target
        else:
            with pytest.raises(types.Error_AccessDenied, match=target.value):
                made.AttestationContext_load(target, None)


def test_a_secret_key_has_nothing_to_attest(shared_platform: SimulatedPlatform) -> None:
    mac = make_key(crypto.KeyAlgorithm_Mac(crypto.MacAlgorithm.HMAC_SHA_256))
    with pytest.raises(types.Error_InvalidArgument, match="public part"):
        provider(shared_platform).AttestationContext_load(wit.Target.WORKLOAD, mac)


@pytest.mark.parametrize("target", wit.Target)
def test_evidence_states_what_the_context_says(shared_platform: SimulatedPlatform, target: wit.Target) -> None:
    context = provider(shared_platform).AttestationContext_load(target, None)
    evidence = context.get_evidence(NONCE)
    assert evidence.format is wit.EvidenceFormat.EAT
    claims = verify(
        evidence.data,
        anchors=[shared_platform.root_certificate],
        nonce=NONCE,
        policy=AppraisalPolicy(allow_simulated=True),
    ).require()
    told = [(entry.name, entry.algorithm.value, entry.value) for entry in context.measurements()]
    assert told == [(entry.name, entry.algorithm, entry.value) for entry in claims.measurements]
    if target is wit.Target.WORKLOAD:
        assert told[2] == ("workload", "sha-256", DIGEST)
    else:
        assert [name for name, _, _ in told] == ["platform"]


@pytest.mark.parametrize("algorithm", crypto.SignatureAlgorithm)
def test_every_kind_of_key_can_be_attested(
    shared_platform: SimulatedPlatform, algorithm: crypto.SignatureAlgorithm
) -> None:
    key = make_key(crypto.KeyAlgorithm_Signature(algorithm))
    public = key.public_key()
    spki = public.export_key(crypto.KeyFormat.SPKI)
    for holder in (key, public):
        context = provider(shared_platform).AttestationContext_load(wit.Target.WORKLOAD, holder)
        holder.drop()
        appraisal = verify(
            context.get_evidence(NONCE).data,
            anchors=[shared_platform.root_certificate],
            nonce=NONCE,
            policy=AppraisalPolicy(allow_simulated=True),
        )
        assert appraisal.require().attested_key == spki


@pytest.mark.parametrize(("size", "error"), [(0, "nonce"), (7, "nonce"), (65, "nonce"), (1 << 20, "nonce")])
def test_nonces_out_of_bounds_are_refused(shared_platform: SimulatedPlatform, size: int, error: str) -> None:
    context = provider(shared_platform).AttestationContext_load(wit.Target.PLATFORM, None)
    with pytest.raises(types.Error_InvalidArgument, match=error):
        context.get_evidence(bytes(size))
    assert context.get_evidence(bytes(8)).data
    assert context.get_evidence(bytes(64)).data


def test_what_is_more_than_a_call_moves_is_refused_as_such(shared_platform: SimulatedPlatform) -> None:
    context = provider(shared_platform).AttestationContext_load(wit.Target.PLATFORM, None)
    with pytest.raises(types.Error_LimitExceeded):
        context.get_evidence(bytes((1 << 20) + 1))


def test_evidence_is_valid_after_the_clock_was_set_back(
    platform: SimulatedPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attestation key was certified later than it is now."""
    anchors = [platform.root_certificate]
    policy = AppraisalPolicy(allow_simulated=True)
    real, ahead = time.time_ns(), datetime.timedelta()

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
            return datetime.datetime.fromtimestamp(real / 1e9, tz) + ahead

    module = "elastic_hal.reference_impl.platforms.simulated.platform"
    monkeypatch.setattr(f"{module}.moment", lambda: Clock.now(datetime.UTC))
    monkeypatch.setattr(f"{module}.seconds", lambda: int(Clock.now(datetime.UTC).timestamp()))
    for days in (400, 1):
        ahead = datetime.timedelta(days=days)
        at = Clock.now(datetime.UTC)
        evidence = provider(platform).AttestationContext_load(wit.Target.WORKLOAD, None).get_evidence(NONCE)
        assert verify(evidence.data, anchors=anchors, nonce=NONCE, policy=policy, at=at).reason is None
