"""Attestation results: what an appraisal becomes, in both forms, and what is refused on the way back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.eat import (
    HardwareEvidence,
    TeeClaims,
    encode_hardware_evidence,
    encode_tee_claims,
    report_data,
)
from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import TcbStatement, collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Verdict, load_certificates, verify
from elastic_hal.reference_impl.verify.ear import (
    PROFILE,
    ResultError,
    ResultFormat,
    ResultKeyError,
    Tier,
    attestation_result,
    load_public_key,
    load_signing_key,
    read_result,
    sign_result,
    trustworthiness,
)
from elastic_hal.reference_impl.verify.ear.result import policy_identifier
from elastic_hal.runtime.platform import Measurement

AT = datetime(2026, 6, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
NONCE = bytes(range(32))
HARDWARE = AppraisalPolicy()
IMAGE = f'[tdx.mrtd]\n"image" = "{bytes(48).hex()}"\n'
KNOWN = AppraisalPolicy.parse(f"version = 1\n{IMAGE}")
EMULATED = AppraisalPolicy(allow_emulated=True)
KEY = ec.generate_private_key(ec.SECP256R1())
KEYS = [KEY, ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP521R1())]

Appraise = Callable[..., tuple[Appraisal, bytes]]


@pytest.fixture(scope="module")
def appraise() -> Appraise:
    """Appraises the quote of a machine, by default of one whose certificates do not call it emulated."""
    authorities = {marked: IntelAuthority(IntelKeys(), START, marked=marked) for marked in (False, True)}
    identity = PlatformIdentity()

    def run(
        policy: AppraisalPolicy = HARDWARE, *, marked: bool = False, status: str = "UpToDate", **changes: Any
    ) -> tuple[Appraisal, bytes]:
        authority = authorities[marked]
        signer = QuoteSigner(authority.provisioning_key(identity))
        quote = signer.quote(TdReport(report_data=NONCE.ljust(64, b"\0")))
        said = collateral(authority, identity, TdReport(), signer.enclave, AT, TcbStatement(status=status)).encode()
        options: dict[str, Any] = {"nonce": NONCE, "at": AT, "collateral": said, "anchors": [authority.root]}
        return verify(quote, policy=policy, **{**options, **changes}), quote

    return run


def result_of(appraisal: Appraisal, evidence: bytes, policy: AppraisalPolicy = HARDWARE) -> dict[str, Any]:
    return attestation_result(appraisal, evidence, policy=policy, at=AT, issued=AT, nonce=NONCE)


@pytest.fixture(scope="module")
def result(appraise: Appraise) -> dict[str, Any]:
    return result_of(*appraise(KNOWN))


def test_a_quote_whose_image_is_known_is_affirmed(appraise: Appraise) -> None:
    appraisal, quote = appraise(KNOWN)
    result = result_of(appraisal, quote)
    assert (result["eat_profile"], result["iat"]) == (PROFILE, int(AT.timestamp()))
    assert base64.urlsafe_b64decode(result["eat_nonce"] + "=") == NONCE
    assert set(result["ear_verifier_id"]) == {"developer", "build"}
    ((label, statement),) = result["submods"].items()
    assert (label, statement["ear_status"]) == ("tdx", "affirming")
    assert statement["ear_trustworthiness_vector"] == {
        "executables": 3,
        "hardware": 2,
        "runtime-opaque": 2,
    }
    assert statement["ear_verifier_claims"]["evidence_sha256"] == hashlib.sha256(quote).hexdigest()
    assert statement["ear_attester_claims"] == appraisal.require().to_json()


def test_measurements_that_are_trusted_affirm_the_executables(appraise: Appraise) -> None:
    text = 'version = 1\n[measurements.platform]\n"guest" = "sha-384:{}"'
    tier, vector = trustworthiness(appraise(AppraisalPolicy.parse(text.format(bytes(48).hex())))[0])
    assert (tier, vector["executables"]) == (Tier.AFFIRMING, 3)
    tier, vector = trustworthiness(appraise(AppraisalPolicy.parse(text.format("11" * 48)))[0])
    assert (tier, vector["executables"]) == (Tier.CONTRAINDICATED, 96)


@pytest.mark.parametrize(
    ("demands", "with_nonce", "tier"),
    [
        ("", True, Tier.NONE),
        ("", False, Tier.WARNING),
        (IMAGE, False, Tier.WARNING),
        (IMAGE, True, Tier.AFFIRMING),
        ('[tdx]\ntcb_status = ["UpToDate"]\n', True, Tier.NONE),
        (f'[tdx.ppid]\n"machine 7" = "{"11" * 16}"\n', True, Tier.NONE),
        (f'[tdx.mr_config_id]\n"ours" = "{bytes(48).hex()}"\n', True, Tier.NONE),
        ("[tdx]\nrequire_event_log = true\n", True, Tier.NONE),
    ],
)
def test_what_was_not_compared_is_not_affirmed(appraise: Appraise, demands: str, with_nonce: bool, tier: Tier) -> None:
    appraisal, quote = appraise(AppraisalPolicy.parse(f"version = 1\n{demands}"), nonce=NONCE if with_nonce else None)
    assert appraisal.verdict is Verdict.PASS, appraisal.reason
    found, vector = trustworthiness(appraisal)
    assert found is tier
    compared = {"instance-identity": "ppid", "configuration": "mr_config_id", "executables": "mrtd"}
    assert {aspect for aspect in compared if aspect in vector} == {
        aspect for aspect, key in compared.items() if f"tdx.{key}]" in demands
    }
    made = result_of(appraisal, quote)
    for form in ResultFormat:
        assert read_result(sign_result(made, KEY, form), KEY.public_key()) == made


@pytest.mark.parametrize("policy", ["", "[tdx]\nmin_tcb_evaluation = 1\n", IMAGE])
def test_genuine_evidence(vectors: Path, vectors_index: dict[str, Any], policy: str) -> None:
    """As `verify` judges it without nonce: never affirmed, whatever the policy names."""
    for entry in vectors_index["tdx"]:
        judged = entry["verifications"][0]
        registers = policy.replace(bytes(48).hex(), entry["expect"]["mrtd"])
        appraisal = verify(
            (vectors / entry["quote"]).read_bytes(),
            collateral=(vectors / judged["collateral"]).read_bytes(),
            at=datetime.fromtimestamp(judged["now_secs"], UTC),
            policy=AppraisalPolicy.parse(f"version = 1\n{registers}"),
        )
        assert appraisal.verdict is Verdict.PASS, appraisal.reason
        tier, vector = trustworthiness(appraisal)
        assert (tier, "configuration" in vector) == (Tier.WARNING, False)


def test_genuine_reports(vectors: Path, vectors_index: dict[str, Any]) -> None:
    for entry in vectors_index["snp"]:
        certificates = [c for part in ("vek", "chain") for c in load_certificates((vectors / entry[part]).read_bytes())]
        report = (vectors / entry["report"]).read_bytes()
        debug = "allow_debug = true\n" if entry["expected_default_policy"] == "reject" else ""
        image = f'[measurements.platform]\n"it" = "sha-384:{entry["expect"]["measurement"]}"\n'
        minimum = f"[snp.min_tcb.{entry['product']}]\nbootloader = 1\n"
        tiers = {}
        for demands in ("", image, image + minimum):
            for nonce in (None, bytes.fromhex(entry["expect"]["report_data"])):
                policy = AppraisalPolicy.parse(f"version = 1\n{debug}{demands}")
                at = datetime.fromisoformat(entry["verify_time"])
                appraisal = verify(report, certificates=certificates, at=at, nonce=nonce, policy=policy)
                assert appraisal.verdict is Verdict.PASS, appraisal.reason
                tier, vector = trustworthiness(appraisal)
                assert "configuration" not in vector
                assert ("hardware" in vector) == (minimum in demands)
                tiers[demands, nonce is not None] = tier
        if debug:
            assert set(tiers.values()) == {Tier.CONTRAINDICATED}, "the host may look inside"
        else:
            assert {key for key, tier in tiers.items() if tier is Tier.AFFIRMING} == {
                (image, True),
                (image + minimum, True),
            }


def test_the_word_of_unknown_software_is_warned_of(machine_claims: Callable[[str], Appraisal]) -> None:
    workload = f'[measurements.workload]\n"w" = "sha-256:{"01" * 32}"\n'
    tier, vector = trustworthiness(machine_claims(f"allow_unknown_image = true\n{workload}"))
    assert (tier, vector["executables"]) == (Tier.WARNING, 33)
    tier, vector = trustworthiness(machine_claims(workload + IMAGE))
    assert (tier, vector["executables"]) == (Tier.AFFIRMING, 2)


@pytest.fixture
def machine_claims() -> Callable[[str], Appraisal]:
    """Appraises claims of a runtime on a machine whose certificates do not call it emulated."""
    authority, identity = IntelAuthority(IntelKeys(), START, marked=False), PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    workload = Measurement("workload", "sha-256", b"\1" * 32)
    claims = encode_tee_claims(TeeClaims(NONCE, int(AT.timestamp()), "tdx", (workload,)))
    evidence = HardwareEvidence(claims, signer.quote(TdReport(report_data=report_data(claims))))
    said = collateral(authority, identity, TdReport(), signer.enclave, AT).encode()
    return lambda demands: verify(
        encode_hardware_evidence(evidence),
        policy=AppraisalPolicy.parse(f"version = 1\n{demands}"),
        nonce=NONCE,
        at=AT,
        collateral=said,
        anchors=[authority.root],
    )


def test_what_is_only_tolerated_is_warned_of(appraise: Appraise) -> None:
    tolerant = AppraisalPolicy.parse('version = 1\n[tdx]\ntcb_status = ["OutOfDate"]')
    appraisal, _ = appraise(tolerant, status="OutOfDate")
    assert appraisal.verdict is Verdict.PASS
    tier, vector = trustworthiness(appraisal)
    assert (tier, vector["hardware"]) == (Tier.WARNING, 32)


def test_an_emulated_machine_is_never_affirmed(appraise: Appraise) -> None:
    allowed, quote = appraise(EMULATED, marked=True)
    assert allowed.verdict is Verdict.PASS
    tier, vector = trustworthiness(allowed)
    assert (tier, vector["hardware"]) == (Tier.WARNING, 32)
    assert "runtime-opaque" not in vector
    statement = result_of(allowed, quote, EMULATED)["submods"]["tdx"]
    assert "emulated" in statement["ear_verifier_claims"]["warnings"][0]
    tier, vector = trustworthiness(appraise(HARDWARE, marked=True)[0])
    assert (tier, vector["hardware"]) == (Tier.CONTRAINDICATED, 97)


@pytest.mark.parametrize(
    ("changes", "identity"),
    [({"anchors": []}, 97), ({"collateral": None}, 97), ({"at": AT + timedelta(days=900)}, 97)],
)
def test_what_nobody_vouches_for(appraise: Appraise, changes: dict[str, Any], identity: int) -> None:
    tier, vector = trustworthiness(appraise(**changes)[0])
    assert (tier, vector) == (Tier.CONTRAINDICATED, {"instance-identity": identity})


def test_a_forged_quote(appraise: Appraise) -> None:
    appraisal, _ = appraise()
    assert appraisal.verdict is Verdict.PASS
    forged = verify(b"\x04\x00\x02\x00\x81\x00\x00\x00" + bytes(3000), at=AT)
    assert trustworthiness(forged) == (Tier.CONTRAINDICATED, {"instance-identity": 99})
    statement = result_of(forged, b"evidence")
    assert "eat_nonce" not in statement
    assert "ear_attester_claims" not in statement["submods"]["tdx"]


def test_a_replay_is_contraindicated(appraise: Appraise) -> None:
    assert trustworthiness(appraise(nonce=bytes(32))[0])[0] is Tier.CONTRAINDICATED


@pytest.mark.parametrize("form", list(ResultFormat))
@pytest.mark.parametrize(
    "key", [*KEYS, ed25519.Ed25519PrivateKey.generate()], ids=["P-256", "P-384", "P-521", "Ed25519"]
)
def test_results_come_back(result: dict[str, Any], form: ResultFormat, key: Any) -> None:
    signed = sign_result(result, key, form)
    assert read_result(signed, key.public_key(), nonce=NONCE, at=AT, max_age_seconds=60) == result


def test_every_format_of_evidence_makes_a_result() -> None:
    for evidence in (b"", b"\xd2", b"\x02\x00\x00\x00" + bytes(1180), b"\xff" * 10):
        made = result_of(verify(evidence, at=AT), evidence)
        for form in ResultFormat:
            assert read_result(sign_result(made, KEY, form), KEY.public_key()) == made


def test_a_jwt_as_others_read_it(result: dict[str, Any]) -> None:
    header, payload, _ = sign_result(result, KEY, ResultFormat.JWT).split(b".")
    assert json.loads(base64.urlsafe_b64decode(header + b"==")) == {"alg": "ES256", "typ": "eat+jwt"}
    assert json.loads(base64.urlsafe_b64decode(payload + b"==")) == result


def test_a_cwt_as_others_read_it(result: dict[str, Any]) -> None:
    signed = sign_result(result, KEY, ResultFormat.CWT)
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = cbor2.loads(COSE.new().decode(signed, COSEKey.from_pem(pem, alg="ES256")))
    assert claims[265] == PROFILE
    assert claims[10] == NONCE
    assert set(claims[1004]) == {0, 1}
    statement = claims[266]["tdx"]
    assert statement[1000] == 2
    assert statement[1001] == {2: 3, 4: 2, 5: 2}


@pytest.mark.parametrize("form", list(ResultFormat))
def test_no_byte_of_a_result_can_be_changed(result: dict[str, Any], form: ResultFormat) -> None:
    signed = sign_result(result, KEY, form)
    for position in range(0, len(signed), max(1, len(signed) // 400)):
        changed = bytearray(signed)
        changed[position] ^= 1
        with pytest.raises(ResultError):
            read_result(bytes(changed), KEY.public_key())


@pytest.mark.parametrize("form", list(ResultFormat))
def test_demands_on_a_result(result: dict[str, Any], form: ResultFormat) -> None:
    signed = sign_result(result, KEY, form)
    with pytest.raises(ResultError, match="not of the given key"):
        read_result(signed, ec.generate_private_key(ec.SECP256R1()).public_key())
    with pytest.raises(ResultError, match="another algorithm"):
        read_result(signed, KEYS[1].public_key())
    with pytest.raises(ResultError, match="nonce"):
        read_result(signed, KEY.public_key(), nonce=bytes(32))
    with pytest.raises(ResultError, match="of the future"):
        read_result(signed, KEY.public_key(), at=AT - timedelta(hours=1))
    with pytest.raises(ResultError, match="seconds old"):
        read_result(signed, KEY.public_key(), at=AT + timedelta(hours=1), max_age_seconds=60)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda claims: claims.update(eat_profile="tag:another"), "profile"),
        (lambda claims: claims.update(iat="now"), "iat"),
        (lambda claims: claims.update(iat=True), "iat"),
        (lambda claims: claims.update(submods={}), "no submodule"),
        (lambda claims: claims.update(ear_verifier_id={"build": "x"}), "developer and build"),
        (lambda claims: claims["submods"]["tdx"].update(ear_status="splendid"), "no status"),
        (lambda claims: claims["submods"]["tdx"].update(ear_trustworthiness_vector={"hardware": 96}), "better than"),
        (lambda claims: claims["submods"]["tdx"].update(ear_trustworthiness_vector={"hardware": 200}), "numbers"),
    ],
)
def test_signed_nonsense_is_refused(
    result: dict[str, Any], change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    claims = json.loads(json.dumps(result))
    change(claims)
    with pytest.raises(ResultError, match=reason):
        read_result(sign_result(claims, KEY, ResultFormat.JWT), KEY.public_key())


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda data: b"\xd2" + data)))
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with pytest.raises(ResultError):
        read_result(content, KEY.public_key())


def test_a_policy_is_named_by_its_content() -> None:
    text = 'version = 1\n[tdx.xfam]\n"usual" = "e702060000000000"'
    assert policy_identifier(AppraisalPolicy.parse(text)) == policy_identifier(AppraisalPolicy.parse(text))
    assert policy_identifier(AppraisalPolicy.parse(text)) != policy_identifier(AppraisalPolicy())
    assert policy_identifier(EMULATED) != policy_identifier(AppraisalPolicy())


def test_keys_are_read_or_refused() -> None:
    private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem = KEY.private_bytes(*private, serialization.NoEncryption())
    assert load_signing_key(pem).public_key() == KEY.public_key()
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert load_public_key(public) == KEY.public_key()
    locked = KEY.private_bytes(*private, serialization.BestAvailableEncryption(b"secret"))
    strange = rsa.generate_private_key(65537, 2048).private_bytes(*private, serialization.NoEncryption())
    curve = ec.generate_private_key(ec.SECP256K1()).private_bytes(*private, serialization.NoEncryption())
    for content, reason in (
        (locked, "password"),
        (strange, "another kind"),
        (curve, "curve"),
        (b"x", "no private key"),
    ):
        with pytest.raises(ResultKeyError, match=reason):
            load_signing_key(content)
    with pytest.raises(ResultKeyError, match="no public key"):
        load_public_key(pem)
