"""The parts of the broker on their own: messages, nonces, the audit log's chain, the store, policies, wrapping."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.broker.audit_log import LogHead, verify_log
from elastic_hal.reference_impl.broker.errors import (
    AuditLogError,
    BrokerSettingsError,
    BrokerStoreError,
    MalformedRequestError,
    UnknownSecretError,
)
from elastic_hal.reference_impl.broker.messages import (
    MediaType,
    ReleaseRequest,
    encode_fields,
    encode_release,
    is_name,
    media_type,
    parse_release,
)
from elastic_hal.reference_impl.broker.nonces import NonceError, Nonces
from elastic_hal.reference_impl.broker.release_policy import ReleasePolicy
from elastic_hal.reference_impl.broker.store import Store
from elastic_hal.reference_impl.broker.wrapping import release_info, wrap
from elastic_hal.reference_impl.crypto import hpke
from elastic_hal.reference_impl.crypto.agreements import ECDH_P256, X25519

MEDIA = st.sampled_from(MediaType)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}", fullmatch=True)
REQUESTS = st.builds(ReleaseRequest, NAMES, st.binary(min_size=1, max_size=300), st.binary(min_size=1, max_size=64))


@given(REQUESTS, MEDIA)
def test_requests_come_back(request: ReleaseRequest, media: MediaType) -> None:
    assert parse_release(encode_release(request, media), media) == request


@given(st.binary(max_size=200), MEDIA)
def test_any_bytes_are_a_request_or_malformed(body: bytes, media: MediaType) -> None:
    with contextlib.suppress(MalformedRequestError):
        parse_release(body, media)


@given(REQUESTS, MEDIA, st.data())
def test_a_changed_request_is_another_or_malformed(
    request: ReleaseRequest, media: MediaType, data: st.DataObject
) -> None:
    body = bytearray(encode_release(request, media))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] ^= data.draw(st.integers(1, 255))
    try:
        changed = parse_release(bytes(body), media)
    except MalformedRequestError:
        return
    # JSON lets a letter be spelt in two ways; what bytes say has one spelling.
    assert changed != request or media is MediaType.JSON


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a","evidence":"AA","nonce":"AA","nonce":"AA"}',
        b'{"name":"a","evidence":"AA","nonce":"AA","more":1}',
        b'{"name":"a","evidence":"AA"}',
        b'{"name":"a","evidence":"AB","nonce":"AA"}',
        b'{"name":"a","evidence":"AA==","nonce":"AA"}',
        b'{"name":"a","evidence":"A","nonce":"AA"}',
        b'{"name":"a","evidence":"","nonce":"AA"}',
        b'{"name":1,"evidence":"AA","nonce":"AA"}',
        b'{"name":"../a","evidence":"AA","nonce":"AA"}',
        b'{"name":"a\\n","evidence":"AA","nonce":"AA"}',
        b'{"name":"a","evidence":NaN,"nonce":"AA"}',
        b'{"name":"a","evidence":' + b"[" * 10_000,
        b'{"name":"a","evidence":' + b"1" * 10_000 + b',"nonce":"AA"}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_requests_with_two_meanings_are_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        parse_release(body, MediaType.JSON)


def test_a_boolean_is_no_number_and_a_text_no_bytes() -> None:
    fields = {"name": "a", "evidence": "AA", "nonce": b"12345678"}
    with pytest.raises(MalformedRequestError):
        parse_release(encode_fields(fields, MediaType.CBOR), MediaType.CBOR)
    assert media_type("Application/CBOR; x=y") is MediaType.CBOR
    assert not is_name("a" * 129)


def test_nonces_are_of_one_name_one_use_and_one_process() -> None:
    now = [1000.0]
    nonces = Nonces(10, lambda: now[0])
    nonce = nonces.issue("a")
    with pytest.raises(NonceError, match="not issued"):
        nonces.use(nonce, "b")
    with pytest.raises(NonceError, match="not issued"):
        Nonces(10, lambda: now[0]).use(nonce, "a")
    with pytest.raises(NonceError, match="not issued"):
        nonces.use(nonce[:-1] + bytes([nonce[-1] ^ 1]), "a")
    nonces.use(nonce, "a")
    for later in (0.0, 5.0, 9.9, 10.0, 11.0, 100.0):
        now[0] = 1000.0 + later
        with pytest.raises(NonceError):
            nonces.use(nonce, "a")
    stale = nonces.issue("a")
    now[0] += 10
    with pytest.raises(NonceError, match="expired"):
        nonces.use(stale, "a")
    nonces.use(nonces.issue("a"), "a")
    assert len(nonces._used) == len(nonces._order) == 1


def filled(directory: Path) -> Store:
    store = Store.open(directory, create=True)
    store.add_secret("a", b"secret", {"event": "added"})
    for number in range(5):
        store.log({"event": "refused", "reason": f"reason {number}"})
    return store


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE log SET content = CAST('{}' AS BLOB) WHERE number = 3",
        "UPDATE log SET digest = zeroblob(32) WHERE number = 3",
        "DELETE FROM log WHERE number = 3",
        "DELETE FROM log WHERE number = 1",
        "UPDATE log SET number = number + 1 WHERE number >= 6",
        "INSERT INTO log VALUES (7, CAST('{}' AS BLOB), zeroblob(32))",
        "UPDATE log SET content = (SELECT content FROM log WHERE number = 4) WHERE number = 5",
    ],
)
def test_a_changed_log_is_noticed(tmp_path: Path, tampering: str) -> None:
    store = filled(tmp_path)
    assert verify_log(store.entries()).number == 6
    store.close()
    connection = sqlite3.connect(tmp_path / "broker.sqlite")
    connection.execute(tampering)
    connection.commit()
    connection.close()
    with pytest.raises(BrokerStoreError, match=r"entry|seal"):
        Store.open(tmp_path)
    store = Store.open(tmp_path, damaged=True)
    with pytest.raises(AuditLogError, match="entry"):
        verify_log(store.entries())
    with pytest.raises(BrokerStoreError):
        store.check()
    store.close()


def test_a_cut_or_rewritten_log_does_not_continue_a_known_head(tmp_path: Path) -> None:
    store = filled(tmp_path / "one")
    known = LogHead.parse(str(verify_log(store.entries())))
    store.log({"event": "more"})
    assert verify_log(store.entries(), known).number == 7
    entries = list(store.entries())
    store.close()
    with pytest.raises(AuditLogError, match="ends at entry 4"):
        verify_log(entries[:4], known)
    other = filled(tmp_path / "two")
    other.log({"event": "another"})
    for _ in range(3):
        other.log({"event": "more"})
    changed = LogHead(known.number, bytes(32))
    with pytest.raises(AuditLogError, match="not the one"):
        verify_log(other.entries(), changed)
    other.close()
    with pytest.raises(BrokerSettingsError):
        LogHead.parse("6:ab")


def test_secrets_at_rest_need_the_key_and_their_own_name(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.add_secret("b", b"other", {"event": "added"})
    with pytest.raises(UnknownSecretError):
        store.add_secret("b", b"again", {"event": "added"})
    store.add_secret("b", b"again", {"event": "added"}, replace=True)
    assert (store.secret("a"), store.secret("b"), store.secret("c")) == (b"secret", b"again", None)
    for name, value in (("../x", b"1"), ("x", b""), ("x", bytes(65_537))):
        with pytest.raises(BrokerSettingsError):
            store.add_secret(name, value, {})
    store.remove_secret("b", {"event": "removed"})
    with pytest.raises(UnknownSecretError):
        store.remove_secret("b", {"event": "removed"})
    store.close()
    connection = sqlite3.connect(tmp_path / "broker.sqlite")
    connection.execute("UPDATE secrets SET ciphertext = zeroblob(30)")
    connection.commit()
    connection.close()
    store = Store.open(tmp_path)
    with pytest.raises(BrokerStoreError, match="was changed"):
        store.secret("a")
    store.close()


def test_a_store_with_a_wrong_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokerStoreError, match="no store"):
        Store.open(tmp_path)
    filled(tmp_path).close()
    key = tmp_path / "broker.key"
    key.chmod(0o640)
    with pytest.raises(BrokerStoreError, match="0640"):
        Store.open(tmp_path)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(BrokerStoreError, match="5 bytes"):
        Store.open(tmp_path)
    key.unlink()
    with pytest.raises(BrokerStoreError, match="not there"):
        Store.open(tmp_path)
    (tmp_path / "broker.sqlite").write_bytes(b"something else entirely" * 100)
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with pytest.raises(BrokerStoreError, match="fails"):
        Store.open(tmp_path)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
@pytest.mark.parametrize("place", [".", "store"])
def test_a_store_that_others_could_exchange_is_refused(tmp_path: Path, place: str, mode: int) -> None:
    filled(tmp_path / "store").close()
    (tmp_path / place).chmod(mode)
    with pytest.raises(BrokerStoreError, match=rf"has mode {mode:04o}"):
        Store.open(tmp_path / "store")
    with pytest.raises(BrokerStoreError, match=rf"has mode {mode:04o}"):
        Store.open(tmp_path / "store", create=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "version"),
        ("version = true\n[secrets]", "version"),
        ("version = 1", "secrets: must be a table"),
        ("version = 1\nsecrets = 3", "secrets: must be a table"),
        ('version = 1\n[secrets."../a"]\npolicy = "a"', "no name"),
        ("version = 1\n[secrets.a]", "path of a file"),
        ('version = 1\n[secrets.a]\npolicy = "missing.toml"', "missing.toml"),
        ('version = 1\n[secrets.a]\npolicies = "a"', "unknown key"),
        ("version = 1\n[secrets]\n[trust]\nroots = 1", "list of files"),
        ('version = 1\n[secrets]\n[trust]\nroots = ["p.toml"]', "trust.roots"),
        ("version = 1\n[secrets]\n[trusts]", "unknown key"),
        ("version = ", "TOML"),
    ],
)
def test_a_bad_release_policy_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(BrokerSettingsError, match=reason):
        ReleasePolicy.load(path)


@pytest.mark.parametrize(("scheme", "suite"), [(X25519, hpke.X25519_AES_256_GCM), (ECDH_P256, hpke.P256_AES_256_GCM)])
def test_what_is_wrapped_opens_with_the_crypto_interface(scheme: object, suite: hpke.Suite) -> None:
    key = scheme.generate()  # type: ignore[attr-defined]
    encapsulated, ciphertext = wrap(b"secret", key.public().spki(), "name", bytes(56))
    context = suite.receive(encapsulated, key, release_info("name", bytes(56)))
    assert context.open(ciphertext, b"") == b"secret"
