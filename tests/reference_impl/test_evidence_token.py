"""The token's claims, keys and envelope: round trips, strictness, and an independent reader of what is signed."""

import dataclasses
import hashlib
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cwt import COSE, COSEKey
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.eat import (
    MAX_TOKEN_BYTES,
    PROFILE,
    Claims,
    DebugStatus,
    EvidenceError,
    decode_claims,
    encode_claims,
    parse_token,
)
from elastic_hal.reference_impl.eat.cbor import decode
from elastic_hal.reference_impl.eat.cose_key import cose_key_from_spki, spki_from_cose_key
from elastic_hal.reference_impl.evidence import attest
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.runtime.platform import Measurement


def _spki(key: object) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ed448": ed448.Ed448PrivateKey.generate(),
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "p521": ec.generate_private_key(ec.SECP521R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
CLAIMS = Claims(
    nonce=bytes(range(16)),
    issued_at=1_700_000_000,
    device=b"\x01" + bytes(32),
    debug=DebugStatus.ENABLED,
    platform_type="simulated",
    measurements=(
        Measurement("platform", "sha-384", hashlib.sha384(b"p").digest()),
        Measurement("runtime", "sha-512", hashlib.sha512(b"r").digest()),
        Measurement("workload", "sha-256", hashlib.sha256(b"w").digest()),
    ),
    attested_key=_spki(KEYS["p256"]),
)


@pytest.mark.parametrize("name", KEYS)
def test_public_keys_survive_the_way_through_cose(name: str) -> None:
    spki = _spki(KEYS[name])
    fields = decode(cbor2.dumps(cose_key_from_spki(spki), canonical=True))
    assert spki_from_cose_key(fields) == spki


@pytest.mark.parametrize("spki", [b"", b"\x30\x00", _spki(ec.generate_private_key(ec.SECP256K1()))])
def test_keys_that_evidence_cannot_name_are_refused(spki: bytes) -> None:
    with pytest.raises(ValueError, match="public key"):
        cose_key_from_spki(spki)


def test_a_dsa_key_is_refused() -> None:
    with pytest.raises(ValueError, match="public key"):
        cose_key_from_spki(_spki(dsa.generate_private_key(1024)))


@pytest.mark.parametrize(
    "fields",
    [
        b"\xa0",
        b"\x80",
        cbor2.dumps({1: 1, -1: 6, -2: bytes(31)}),
        cbor2.dumps({1: True, -1: 6, -2: bytes(32)}),
        cbor2.dumps({1: 1, -1: 6, -2: bytes(32), -4: bytes(32)}, canonical=True),
        cbor2.dumps({1: 2, -1: 1, -2: bytes(32), -3: bytes(32)}, canonical=True),
        cbor2.dumps({1: 2, -1: 1, -2: b"\1" * 32, -3: b"\1" * 32}, canonical=True),
        cbor2.dumps({1: 2, -1: 1, -2: bytes(32), -3: True}, canonical=True),
        cbor2.dumps({1: 2, -1: 8, -2: bytes(32), -3: bytes(32)}, canonical=True),
        cbor2.dumps({1: 3, -1: b"\0" + b"\xff" * 256, -2: b"\1\0\1"}, canonical=True),
        cbor2.dumps({1: 3, -1: b"\xff" * 5000, -2: b"\1\0\1"}, canonical=True),
        cbor2.dumps({1: 3, -1: b"", -2: b""}, canonical=True),
    ],
)
def test_cose_keys_that_are_none_are_refused(fields: bytes) -> None:
    with pytest.raises(EvidenceError):
        spki_from_cose_key(decode(fields))


@given(
    nonce=st.binary(min_size=8, max_size=64),
    issued_at=st.integers(0, 253_402_300_799),
    device=st.sampled_from([16, 24, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    debug=st.sampled_from(DebugStatus),
    measured=st.integers(1, 3),
    key=st.sampled_from([None, *KEYS]),
)
def test_claims_survive_encoding(
    nonce: bytes, issued_at: int, device: bytes, debug: DebugStatus, measured: int, key: str | None
) -> None:
    claims = dataclasses.replace(
        CLAIMS,
        nonce=nonce,
        issued_at=issued_at,
        device=b"\x01" + device,
        debug=debug,
        measurements=CLAIMS.measurements[:measured],
        attested_key=None if key is None else _spki(KEYS[key]),
    )
    assert decode_claims(encode_claims(claims)) == claims


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": bytes(7)},
        {"nonce": bytes(65)},
        {"issued_at": -1},
        {"device": bytes(33)},
        {"device": b"\x01"},
        {"platform_type": ""},
        {"platform_type": "new\nline"},
        {"measurements": ()},
        {"measurements": CLAIMS.measurements[1:]},
        {"measurements": CLAIMS.measurements[::-1]},
        {"measurements": (Measurement("platform", "sha-384", bytes(32)),)},
        {"measurements": (Measurement("platform", "blake3", bytes(32)),)},
        {"measurements": (*CLAIMS.measurements, Measurement("other", "sha-256", bytes(32)))},
        {"attested_key": b"no key"},
    ],
)
def test_claims_that_cannot_be_read_back_are_not_made(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_claims(dataclasses.replace(CLAIMS, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (6, True),
        (6, "now"),
        (8, {}),
        (8, {1: {}, 2: 1}),
        (8, 1),
        (10, []),
        (10, "text of a nonce"),
        (256, b"\x02" + bytes(16)),
        (263, True),
        (263, 5),
        (265, "other"),
        (266, {}),
        (266, []),
        (266, {"platform": {}}),
        (266, {"platform": {-70001: [-43]}}),
        (266, {"platform": {-70001: [-15, bytes(20)]}}),
        (-70000, 1),
        (99, "unknown"),
        ("text", 1),
    ],
)
def test_claims_of_another_form_are_refused(key: object, value: object) -> None:
    document = cbor2.loads(encode_claims(CLAIMS))
    document[key] = value
    with pytest.raises(EvidenceError):
        decode_claims(cbor2.dumps(document, canonical=True))


@pytest.mark.parametrize("key", [6, 10, 256, 263, 265, 266, -70000])
def test_every_claim_but_the_key_is_required(key: int) -> None:
    document = cbor2.loads(encode_claims(CLAIMS))
    del document[key]
    with pytest.raises(EvidenceError):
        decode_claims(cbor2.dumps(document, canonical=True))


def test_an_independent_library_verifies_the_token(platform: SimulatedPlatform) -> None:
    evidence = attest(platform, b"a nonce of ours")
    key = x509.load_der_x509_certificate(evidence.certificates[0]).public_key()
    cose_key = COSEKey.from_pem(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), alg="ES384")
    claims = cbor2.loads(COSE.new().decode(evidence.data, cose_key))
    assert claims[10] == b"a nonce of ours"
    assert claims[265] == PROFILE
    assert parse_token(evidence.data).certificates == evidence.certificates


@given(st.binary(max_size=300))
def test_any_bytes_give_a_token_or_the_typed_error(data: bytes) -> None:
    for reader in (parse_token, decode_claims):
        with pytest.raises(EvidenceError):
            reader(data)


def test_long_input_is_refused_unread() -> None:
    with pytest.raises(EvidenceError, match="more than"):
        parse_token(bytes(MAX_TOKEN_BYTES + 1))
    with pytest.raises(EvidenceError, match="not a COSE_Sign1"):
        parse_token(b"\x59\xff\xfd" + bytes(MAX_TOKEN_BYTES - 3))


def _envelope(
    *, header: dict[int, object] | None = None, index: int = 2, part: object = b"payload", tag: int = 18
) -> bytes:
    """Make a good envelope, but for the changes: headers, one of the four parts, the tag."""
    headers = {1: -35, 16: "application/eat+cwt", 33: b"der", **(header or {})}
    parts: list[object] = [cbor2.dumps(headers, canonical=True), {}, b"payload", bytes(96)]
    parts[index] = part
    return cbor2.dumps(cbor2.CBORTag(tag, parts), canonical=True)


def test_the_envelope_that_the_bad_ones_are_made_of_is_good() -> None:
    assert parse_token(_envelope()).payload == b"payload"


@pytest.mark.parametrize(
    "changes",
    [
        {"tag": 98},
        {"index": 0, "part": "text"},
        {"index": 0, "part": b"\xa0"},
        {"index": 0, "part": b"\x80"},
        {"index": 1, "part": {1: -35}},
        {"index": 1, "part": []},
        {"index": 2, "part": None},
        {"index": 3, "part": 1},
        {"header": {1: True}},
        {"header": {1: "ES384"}},
        {"header": {16: "application/cwt"}},
        {"header": {4: b"kid"}},
        {"header": {33: []}},
        {"header": {33: [b"one"]}},
        {"header": {33: [b"one", b""]}},
        {"header": {33: [b"one", 2]}},
        {"header": {33: [b"one"] * 9}},
        {"header": {33: "pem"}},
    ],
)
def test_envelopes_of_another_form_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(EvidenceError):
        parse_token(_envelope(**changes))
