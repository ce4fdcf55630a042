"""Hardware evidence as bytes: what is encoded comes back, nothing else is read, and the digest binds every byte."""

import hashlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.eat import (
    MAX_HARDWARE_EVIDENCE_BYTES,
    EvidenceError,
    HardwareEvidence,
    TeeClaims,
    decode_tee_claims,
    encode_hardware_evidence,
    encode_tee_claims,
    parse_hardware_evidence,
    report_data,
)
from elastic_hal.reference_impl.eat.binding import MEDIA_TYPE, PREFIX
from elastic_hal.runtime.platform import Measurement

RUNTIME = Measurement("runtime", "sha-384", b"r" * 48)
WORKLOAD = Measurement("workload", "sha-256", b"w" * 32)
CLAIMS = TeeClaims(b"n" * 32, 1_767_225_600, "sev-snp", (RUNTIME, WORKLOAD))
SOMETHING = st.binary(min_size=1, max_size=80)


def test_the_report_data() -> None:
    claims = encode_tee_claims(CLAIMS)
    assert report_data(claims) == hashlib.sha512(b"elastic-hal report data 1\0" + claims).digest()
    assert report_data(claims) != report_data(claims + b"\0")


@given(SOMETHING, SOMETHING, st.none() | SOMETHING, st.none() | SOMETHING)
def test_evidence_comes_back(claims: bytes, report: bytes, certificates: bytes | None, aux: bytes | None) -> None:
    evidence = HardwareEvidence(claims, report, certificates, aux)
    encoded = encode_hardware_evidence(evidence)
    assert encoded.startswith(PREFIX)
    assert parse_hardware_evidence(encoded) == evidence


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    for data in (content, PREFIX + content):
        try:
            evidence = parse_hardware_evidence(data)
        except EvidenceError:
            continue
        assert encode_hardware_evidence(evidence) == data


@given(st.data())
def test_every_changed_byte_changes_evidence_or_is_refused(data: st.DataObject) -> None:
    evidence = HardwareEvidence(encode_tee_claims(CLAIMS), b"report", b"table", None)
    encoded = bytearray(encode_hardware_evidence(evidence))
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    try:
        assert parse_hardware_evidence(bytes(encoded)) != evidence
    except EvidenceError:
        return


def wrapped(*parts: object) -> bytes:
    return bytes(cbor2.dumps([MEDIA_TYPE, cbor2.dumps(list(parts)), 4]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        wrapped(),
        wrapped(b"c", b"r", None),
        wrapped(b"c", b"r", None, None, None),
        wrapped(b"", b"r", None, None),
        wrapped(b"c", b"", None, None),
        wrapped(b"c", b"r", b"", None),
        wrapped(b"c", "r", None, None),
        wrapped(None, b"r", None, None),
        wrapped(b"c", b"r", None, None) + b"\0",
        bytes(cbor2.dumps([MEDIA_TYPE, [b"c", b"r", None, None], 4])),
        bytes(cbor2.dumps([MEDIA_TYPE, cbor2.dumps([b"c", b"r", None, None]), 1])),
        bytes(cbor2.dumps([MEDIA_TYPE, cbor2.dumps([b"c", b"r", None, None])])),
        bytes(cbor2.dumps([MEDIA_TYPE + "s", cbor2.dumps([b"c", b"r", None, None]), 4])),
        bytes(MAX_HARDWARE_EVIDENCE_BYTES + 1),
    ],
)
def test_what_is_no_evidence(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        parse_hardware_evidence(data)


@given(
    nonce=st.binary(min_size=8, max_size=64),
    issued_at=st.integers(0, 253_402_300_799),
    platform=st.sampled_from(["sev-snp", "tdx"]),
    measurements=st.sampled_from([(), (RUNTIME,), (WORKLOAD,), (RUNTIME, WORKLOAD)]),
)
def test_claims_come_back(nonce: bytes, issued_at: int, platform: str, measurements: tuple[Measurement, ...]) -> None:
    claims = TeeClaims(nonce, issued_at, platform, measurements)
    assert decode_tee_claims(encode_tee_claims(claims)) == claims


@pytest.mark.parametrize(
    "claims",
    [
        TeeClaims(b"short", 0, "tdx"),
        TeeClaims(b"n" * 65, 0, "tdx"),
        TeeClaims(b"n" * 8, -1, "tdx"),
        TeeClaims(b"n" * 8, 0, "simulated"),
        TeeClaims(b"n" * 8, 0, "tdx", (WORKLOAD, RUNTIME)),
        TeeClaims(b"n" * 8, 0, "tdx", (Measurement("platform", "sha-384", b"p" * 48),)),
        TeeClaims(b"n" * 8, 0, "tdx", (Measurement("runtime", "md5", b"p" * 16),)),
        TeeClaims(b"n" * 8, 0, "tdx", (), b"no key"),
    ],
)
def test_claims_that_cannot_be_stated(claims: TeeClaims) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encode_tee_claims(claims)


@given(st.binary(max_size=100))
def test_claims_of_any_bytes(content: bytes) -> None:
    with pytest.raises(EvidenceError):
        decode_tee_claims(content)


@pytest.mark.parametrize("key", [256, 263, -70001, "nonce"])
def test_claims_beyond_the_profile(key: object) -> None:
    document = cbor2.loads(encode_tee_claims(CLAIMS))
    with pytest.raises(EvidenceError, match="is not of profile"):
        decode_tee_claims(cbor2.dumps({**document, key: b"x" * 20}, canonical=True))
