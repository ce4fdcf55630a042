"""Appraisal for a guest, by what its operator granted: what is proven, what is refused, and that no word tells why."""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.appraisal_files import MAX_FILE_BYTES, AppraisalGrantError
from elastic_hal.reference_impl.attestation import AttestationProvider
from elastic_hal.reference_impl.bindings.elastic_hal import attestation as wit
from elastic_hal.reference_impl.bindings.elastic_hal import capabilities, crypto, types
from elastic_hal.reference_impl.bounded_log import DEFAULT_ENTRIES
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant

NONCE = b"0123456789abcdef"
DIGEST = "5a" * 32
OTHER = "a5" * 32
ANY = "version = 1\nallow_simulated = true\n"
MEBIBYTE = 1 << 20


def naming(digest: str) -> str:
    return f'{ANY}[measurements.workload]\n"the peer" = "sha-256:{digest}"\n'


@pytest.fixture
def folder(tmp_path: Path, shared_platform: SimulatedPlatform) -> Path:
    """The files of a grant: a policy that names the peer's workload, and the root of its platform."""
    (tmp_path / "root.pem").write_bytes(shared_platform.root_certificate.public_bytes(Encoding.PEM))
    (tmp_path / "peer.toml").write_text(naming(DIGEST))
    return tmp_path


@pytest.fixture
def grant(folder: Path) -> AppraisalGrant:
    return AppraisalGrant(folder / "peer.toml", (folder / "root.pem",))


def provider(platform: SimulatedPlatform, name: str = "guest", **granted: AppraisalGrant) -> AttestationProvider:
    allowed = Grant(attestation=frozenset({"platform", "workload"}), appraisal=granted)
    return AttestationProvider(platform, Identity(name, f"sha256:{DIGEST}"), allowed)


def evidence(
    platform: SimulatedPlatform, target: wit.Target = wit.Target.WORKLOAD, key: crypto.Key | None = None
) -> wit.Evidence:
    return provider(platform).AttestationContext_load(target, key).get_evidence(NONCE)


def test_what_a_workload_proves(shared_platform: SimulatedPlatform, grant: AppraisalGrant) -> None:
    key = CryptoProvider().Key_generate(
        crypto.KeyAlgorithm_Signature(crypto.SignatureAlgorithm.ED25519), crypto.KeyUsage.SIGN, False
    )
    context = provider(shared_platform).AttestationContext_load(wit.Target.WORKLOAD, key)
    appraised = provider(shared_platform, peer=grant).appraise("peer", context.get_evidence(NONCE), NONCE)
    assert appraised.platform is capabilities.PlatformType.SIMULATED
    assert appraised.measurements == context.measurements()
    assert [measured.name for measured in appraised.measurements] == ["platform", "runtime", "workload"]
    assert appraised.measurements[2].value == bytes.fromhex(DIGEST)
    assert appraised.public_key == key.public_key().export_key(crypto.KeyFormat.SPKI)


def test_what_the_platform_alone_proves(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, folder: Path
) -> None:
    alone = evidence(shared_platform, wit.Target.PLATFORM)
    made = provider(shared_platform, peer=grant)
    with pytest.raises(types.Error_VerificationFailed):
        made.appraise("peer", alone, NONCE)
    (folder / "peer.toml").write_text(ANY)
    appraised = made.appraise("peer", alone, NONCE)
    assert [measured.name for measured in appraised.measurements] == ["platform"]
    assert appraised.public_key is None


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: dataclasses.replace(whole, data=b""),
        lambda whole: dataclasses.replace(whole, data=whole.data[:-1]),
        lambda whole: dataclasses.replace(whole, data=whole.data + b"\0"),
        lambda whole: dataclasses.replace(whole, data=bytes(MEBIBYTE)),
        lambda whole: dataclasses.replace(whole, certificates=[b""]),
        lambda whole: dataclasses.replace(whole, certificates=[*whole.certificates, b"no certificate"]),
        lambda whole: dataclasses.replace(whole, certificates=[bytes(MEBIBYTE)] * 16),
        lambda whole: dataclasses.replace(whole, certificates=[whole.certificates[0] * 2]),
    ],
)
def test_changed_evidence_is_refused(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, change: Callable[[wit.Evidence], wit.Evidence]
) -> None:
    made = provider(shared_platform, peer=grant)
    whole = evidence(shared_platform)
    made.appraise("peer", whole, NONCE)
    with pytest.raises(types.Error_VerificationFailed):
        made.appraise("peer", change(whole), NONCE)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_bit_is_refused(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, data: st.DataObject
) -> None:
    whole = evidence(shared_platform)
    changed = bytearray(whole.data)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(types.Error_VerificationFailed):
        provider(shared_platform, peer=grant).appraise("peer", dataclasses.replace(whole, data=bytes(changed)), NONCE)


@pytest.mark.parametrize("nonce", [NONCE[::-1], NONCE[:-1], NONCE + b"\0"])
def test_an_answer_to_another_challenge_is_refused(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, nonce: bytes
) -> None:
    with pytest.raises(types.Error_VerificationFailed):
        provider(shared_platform, peer=grant).appraise("peer", evidence(shared_platform), nonce)


def test_only_what_the_policy_asks_for(shared_platform: SimulatedPlatform, grant: AppraisalGrant, folder: Path) -> None:
    whole = evidence(shared_platform)
    made = provider(shared_platform, peer=grant)
    for text in (naming(OTHER), "version = 1\n", f"{ANY}platforms = ['sev-snp', 'tdx']\n"):
        (folder / "peer.toml").write_text(text)
        with pytest.raises(types.Error_VerificationFailed):
            made.appraise("peer", whole, NONCE)


def test_what_a_guest_brings_is_no_root(shared_platform: SimulatedPlatform, folder: Path) -> None:
    """The root of another platform comes along with its evidence; the operator named none, or another."""
    whole = evidence(shared_platform)
    root = shared_platform.root_certificate.public_bytes(Encoding.DER)
    along = dataclasses.replace(whole, certificates=[*whole.certificates, root])
    other = platforms.load("simulated", state_directory=folder / "other" / "simulated")
    assert isinstance(other, SimulatedPlatform)
    (folder / "other.pem").write_bytes(other.root_certificate.public_bytes(Encoding.PEM))
    rootless = AppraisalGrant(folder / "peer.toml")
    elsewhere = AppraisalGrant(folder / "peer.toml", (folder / "other.pem",))
    made = provider(other, rootless=rootless, elsewhere=elsewhere)
    for policy in ("rootless", "elsewhere"):
        with pytest.raises(types.Error_VerificationFailed):
            made.appraise(policy, along, NONCE)
    made.appraise("elsewhere", evidence(other), NONCE)


def test_each_policy_is_its_own(shared_platform: SimulatedPlatform, grant: AppraisalGrant, folder: Path) -> None:
    (folder / "stranger.toml").write_text(naming(OTHER))
    made = provider(shared_platform, peer=grant, stranger=dataclasses.replace(grant, policy=folder / "stranger.toml"))
    whole = evidence(shared_platform)
    made.appraise("peer", whole, NONCE)
    with pytest.raises(types.Error_VerificationFailed):
        made.appraise("stranger", whole, NONCE)
    with pytest.raises(types.Error_AccessDenied, match="nobody"):
        made.appraise("nobody", whole, NONCE)
    with pytest.raises(types.Error_AccessDenied, match="peer"):
        provider(shared_platform).appraise("peer", whole, NONCE)


@pytest.mark.parametrize(
    ("policy", "nonce", "certificates", "said"),
    [
        ("", NONCE, 1, "policy"),
        ("n" * 65, NONCE, 1, "policy"),
        ("é" * 33, NONCE, 1, "policy"),
        ("peer", b"", 1, "nonce"),
        ("peer", bytes(7), 1, "nonce"),
        ("peer", bytes(65), 1, "nonce"),
        ("peer", NONCE, 17, "certificates"),
    ],
)
def test_bounds(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, policy: str, nonce: bytes, certificates: int, said: str
) -> None:
    whole = evidence(shared_platform)
    many = dataclasses.replace(whole, certificates=whole.certificates * certificates)
    with pytest.raises(types.Error_InvalidArgument, match=said):
        provider(shared_platform, peer=grant).appraise(policy, many, nonce)


def test_what_is_at_the_bounds(shared_platform: SimulatedPlatform, grant: AppraisalGrant) -> None:
    name = "é" * 32
    made = provider(shared_platform, **{name: grant})
    for nonce in (bytes(8), bytes(64)):
        whole = made.AttestationContext_load(wit.Target.WORKLOAD, None).get_evidence(nonce)
        made.appraise(name, dataclasses.replace(whole, certificates=whole.certificates * 16), nonce)


@pytest.mark.parametrize("size", [(MEBIBYTE + 1, 1), (1, MEBIBYTE + 1)])
def test_what_is_more_than_a_call_moves(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, size: tuple[int, int]
) -> None:
    data, certificate = map(bytes, size)
    made = provider(shared_platform, peer=grant)
    with pytest.raises(types.Error_LimitExceeded):
        made.appraise("peer", wit.Evidence(wit.EvidenceFormat.EAT, data, [certificate]), NONCE)
    with pytest.raises(types.Error_AccessDenied):
        made.appraise("nobody", wit.Evidence(wit.EvidenceFormat.EAT, data, [certificate]), NONCE)


def test_a_bare_report_is_no_evidence_of_this_format(shared_platform: SimulatedPlatform, grant: AppraisalGrant) -> None:
    report = (3).to_bytes(4, "little").ljust(1184, b"\0")
    with pytest.raises(types.Error_VerificationFailed):
        provider(shared_platform, peer=grant).appraise("peer", wit.Evidence(wit.EvidenceFormat.EAT, report, []), NONCE)


def test_a_change_of_a_file_counts_at_once(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, folder: Path
) -> None:
    """Of the same size and within the same tick of the clock, too."""
    made, whole, policy = provider(shared_platform, peer=grant), evidence(shared_platform), folder / "peer.toml"
    status = policy.stat()
    made.appraise("peer", whole, NONCE)
    policy.write_text(naming(OTHER))
    os.utime(policy, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(types.Error_VerificationFailed):
        made.appraise("peer", whole, NONCE)
    policy.write_text(naming(DIGEST))
    made.appraise("peer", whole, NONCE)
    other = platforms.load("simulated", state_directory=folder / "other" / "simulated")
    assert isinstance(other, SimulatedPlatform)
    (folder / "root.pem").write_bytes(other.root_certificate.public_bytes(Encoding.DER))
    with pytest.raises(types.Error_VerificationFailed):
        made.appraise("peer", whole, NONCE)
    made.appraise("peer", evidence(other), NONCE)


@pytest.mark.parametrize("name", ["peer.toml", "root.pem"])
def test_a_file_that_can_no_longer_be_read(
    shared_platform: SimulatedPlatform,
    grant: AppraisalGrant,
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    made, whole, file = provider(shared_platform, peer=grant), evidence(shared_platform), folder / name
    before = file.read_bytes()
    for spoil in (file.unlink, lambda: file.write_bytes(b"version = 1\nversion = 2"), lambda: file.write_bytes(b"")):
        spoil()
        with pytest.raises(types.Error_Internal) as caught:
            made.appraise("peer", whole, NONCE)
        assert str(folder) not in str(caught.value)
        file.write_bytes(before)
        made.appraise("peer", whole, NONCE)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    assert all("workload 'guest' cannot appraise evidence by 'peer'" in line and str(file) in line for line in lines)


@pytest.mark.parametrize(
    ("files", "place", "said", "hint"),
    [
        ({"policy": None}, "policy", "No such file", "relative to the policy file"),
        ({"policy": b"version = 2"}, "policy", "version: must be there and be 1", "docs/verification.md"),
        ({"policy": b"version = 1\nallow_simulatd = true"}, "policy", "did you mean allow_simulated?", ""),
        ({"policy": b"\xff"}, "policy", "is not UTF-8", ""),
        ({"policy": b"#" * (MAX_FILE_BYTES + 1)}, "policy", "has more than", ""),
        ({"trust_roots": b""}, "trust_roots[0]", "holds no X.509 certificate", "PEM or DER"),
        ({"trust_roots": None}, "trust_roots[0]", "No such file", ""),
        ({"revocation_lists": b"nothing"}, "revocation_lists[0]", "holds no revocation list", "PEM or DER"),
        ({"collateral": b"{}"}, "collateral", "is no collateral: its entry", "docs/verification.md"),
        ({"collateral": None}, "collateral", "No such file", ""),
    ],
)
def test_wrong_files_stop_the_start(
    shared_platform: SimulatedPlatform, folder: Path, files: dict[str, bytes | None], place: str, said: str, hint: str
) -> None:
    paths = {"policy": folder / "peer.toml", "trust_roots": folder / "root.pem"}
    for name, content in files.items():
        paths[name] = folder / name
        if content is not None:
            paths[name].write_bytes(content)
    grant = AppraisalGrant(
        paths["policy"],
        (paths["trust_roots"],),
        (paths["revocation_lists"],) if "revocation_lists" in paths else (),
        paths.get("collateral"),
    )
    with pytest.raises(AppraisalGrantError) as caught:
        provider(shared_platform, peer=grant)
    [name] = files
    assert caught.value.message.startswith(f"workload.guest.appraisal.peer.{place}: {folder / name}: ")
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_what_is_no_file_is_not_waited_for(shared_platform: SimulatedPlatform, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for path in (folder / "pipe", folder, Path("/dev/zero"), folder / "a\0b"):
        with pytest.raises(AppraisalGrantError):
            provider(shared_platform, peer=AppraisalGrant(path))


def test_the_log_says_why_and_a_guest_cannot_fill_it(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made, whole = provider(shared_platform, peer=grant), evidence(shared_platform)
    (folder / "peer.toml").write_text(naming(OTHER))
    with caplog.at_level(logging.WARNING):
        for _ in range(3 * DEFAULT_ENTRIES):
            with pytest.raises(types.Error_VerificationFailed):
                made.appraise("peer", whole, NONCE)
        (folder / "peer.toml").unlink()
        with pytest.raises(types.Error_Internal):
            made.appraise("peer", whole, NONCE)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == DEFAULT_ENTRIES + 1
    assert lines[0].startswith("workload 'guest': evidence refused by 'peer': measurement workload: ")
    assert f"(found: sha-256:{DIGEST})" in lines[0]
    assert lines[-2].endswith("(more of these are not shown)")
    assert "cannot appraise" in lines[-1]


def test_evidence_writes_no_lines_into_the_log(
    shared_platform: SimulatedPlatform, grant: AppraisalGrant, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = wit.Evidence(wit.EvidenceFormat.EAT, b"\xd2" + b"\n" * 5000, [])
    with pytest.raises(types.Error_VerificationFailed):
        provider(shared_platform, "name", peer=grant).appraise("peer", hostile, NONCE)
    [record] = caplog.records
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) < 1500
