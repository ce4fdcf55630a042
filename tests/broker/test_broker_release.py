"""Releases over https, and everything that is refused: who asks learns nothing, the audit log says why."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import sqlite3
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from broker_site import MEASURED, NAME, RUNTIME, SECRET, WORKLOAD, Site, demands, spki_of, write_policy
from cryptography.hazmat.primitives.asymmetric import ec

from elastic_hal.reference_impl.broker.audit_log import verify_log
from elastic_hal.reference_impl.broker.client import BrokerClient
from elastic_hal.reference_impl.broker.errors import (
    BrokerSettingsError,
    BrokerUnavailableError,
    ReleaseRefusedError,
)
from elastic_hal.reference_impl.broker.messages import MediaType, ReleaseRequest, encode_release
from elastic_hal.reference_impl.broker.sealing_root import BrokerSealing
from elastic_hal.reference_impl.broker.wrapping import unwrap
from elastic_hal.runtime.platform import (
    Measurement,
    PlatformError,
    SealingParametersError,
    SealingRequest,
    SealingSource,
)

OTHER = Measurement("workload", "sha-256", bytes(32))


def test_good_evidence_gets_the_secret_and_the_log_says_so(site: Site) -> None:
    assert site.client.fetch(NAME, site.platform, MEASURED) == SECRET
    entry = site.log()[-1]
    assert (entry["event"], entry["secret"], entry["platform"]) == ("released", NAME, "simulated")
    assert entry["measurements"]["workload"] == f"sha-256:{WORKLOAD.value.hex()}"  # type: ignore[index]
    verify_log(site.store.entries())


def test_a_key_on_p256_and_json_work_too(site: Site) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    status, nonce_answer = ask(site, "GET", f"/v1/nonce?name={NAME}")
    assert status == 200
    nonce = from_base64url(nonce_answer["nonce"])
    body = encode_release(ReleaseRequest(NAME, site.evidence(nonce, spki_of(key)), nonce), MediaType.JSON)
    status, answer = ask(site, "POST", "/v1/release", body, {"Content-Type": "application/json"})
    assert status == 200
    assert set(answer) == {"enc", "ciphertext"}
    opened = unwrap(key, from_base64url(answer["enc"]), from_base64url(answer["ciphertext"]), NAME, nonce)
    assert opened == SECRET


def refused(site: Site, evidence: bytes, nonce: bytes, name: str = NAME) -> str:
    """The reason in the log; the answer holds none."""
    before = len(site.log())
    with pytest.raises(ReleaseRefusedError):
        site.client.release(ReleaseRequest(name, evidence, nonce))
    assert len(site.log()) == before + 1
    return site.last_reason()


def test_a_nonce_is_good_once(site: Site) -> None:
    nonce = site.client.nonce(NAME)
    request = ReleaseRequest(NAME, site.evidence(nonce, spki_of(ec.generate_private_key(ec.SECP256R1()))), nonce)
    site.client.release(request)
    assert "used before" in refused(site, request.evidence, nonce)


def test_every_bad_request_is_refused_and_logged(site: Site) -> None:
    spki = spki_of(ec.generate_private_key(ec.SECP256R1()))

    def fresh() -> bytes:
        return site.client.nonce(NAME)

    nonce = fresh()
    assert "not issued" in refused(site, site.evidence(bytes(56), spki), bytes(56))
    assert "not issued" in refused(site, site.evidence(nonce, spki), nonce, "another")
    assert "another challenge" in refused(site, site.evidence(bytes(56), spki), fresh())
    nonce = fresh()
    assert "none of the reference values" in refused(site, site.evidence(nonce, spki, (RUNTIME, OTHER)), nonce)
    nonce = fresh()
    assert "names no key" in refused(site, site.evidence(nonce, None), nonce)
    nonce = fresh()
    wide = spki_of(ec.generate_private_key(ec.SECP384R1()))
    assert "neither of X25519 nor of P-256" in refused(site, site.evidence(nonce, wide), nonce)
    nonce = site.client.nonce("unknown")
    assert "no such secret" in refused(site, site.evidence(nonce, spki), nonce, "unknown")
    nonce = fresh()
    changed = bytearray(site.evidence(nonce, spki))
    changed[-1] ^= 1
    assert "signature" in refused(site, bytes(changed), nonce)
    assert "structure" in refused(site, b"no evidence", fresh())


def test_simulated_evidence_needs_permission_and_the_policy_is_read_again(site: Site) -> None:
    write_policy(site.directory, "")
    with pytest.raises(ReleaseRefusedError):
        site.client.fetch(NAME, site.platform, MEASURED)
    assert "simulated platform proves nothing" in site.last_reason()
    write_policy(site.directory, demands())
    assert site.client.fetch(NAME, site.platform, MEASURED) == SECRET


def test_nothing_is_released_while_the_policy_is_broken(site: Site) -> None:
    (site.directory / "appraisal.toml").write_text("version = 1\nallow_everything = true\n")
    with pytest.raises(BrokerUnavailableError, match="503"):
        site.client.fetch(NAME, site.platform, MEASURED)
    assert site.log()[-1]["event"] == "failed"


@pytest.mark.parametrize("value", [WORKLOAD.value.hex(), f"sha-384:{RUNTIME.value.hex().upper()}"])
def test_a_revoked_value_is_refused_from_then_on(site: Site, value: str) -> None:
    assert site.client.fetch(NAME, site.platform, MEASURED) == SECRET
    site.store.revoke(value, {"event": "revoked"})
    with pytest.raises(ReleaseRefusedError):
        site.client.fetch(NAME, site.platform, MEASURED)
    assert "is revoked" in site.last_reason()


def test_an_expired_nonce_and_a_wrong_clock_are_refused(site: Site) -> None:
    spki = spki_of(ec.generate_private_key(ec.SECP256R1()))
    site.broker.nonces.lifetime = 0.0
    nonce = site.client.nonce(NAME)
    assert "expired" in refused(site, site.evidence(nonce, spki), nonce)
    site.broker.nonces.lifetime = 60.0
    site.broker._now = lambda: datetime.now(UTC) - timedelta(minutes=10)
    nonce = site.client.nonce(NAME)
    reason = refused(site, site.evidence(nonce, spki), nonce)
    assert "future" in reason or "not yet valid" in reason or "chain" in reason, reason


def test_what_a_stranger_sees_is_the_same_for_every_refusal(site: Site) -> None:
    spki = spki_of(ec.generate_private_key(ec.SECP256R1()))
    answers = set()
    for name in (NAME, "unknown"):
        nonce = site.client.nonce(name)
        body = encode_release(ReleaseRequest(name, site.evidence(nonce, spki, (RUNTIME, OTHER)), nonce), MediaType.JSON)
        status, answer = ask(site, "POST", "/v1/release", body, {"Content-Type": "application/json"})
        answers.add((status, json.dumps(answer)))
    assert answers == {(403, '{"error": "refused"}')}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/", None, {}, 404),
        ("GET", "/v1/release", None, {}, 405),
        ("POST", "/v1/nonce", b"{}", {}, 405),
        ("PUT", "/v1/release", b"{}", {}, 501),
        ("GET", "/v1/nonce", None, {}, 400),
        ("GET", "/v1/nonce?name=a&name=b", None, {}, 400),
        ("GET", "/v1/nonce?name=%ff", None, {}, 400),
        ("GET", "/v1/nonce?name=..", None, {}, 400),
        ("GET", f"/v1/nonce?name={'a' * 200}", None, {}, 400),
        ("GET", f"/v1/nonce?name={'a' * 70000}", None, {}, 414),
        ("POST", "/v1/release", b"{}", {}, 400),
        ("POST", "/v1/release", b"\xff", {}, 400),
        ("POST", "/v1/release", b"[" * 100_000, {}, 400),
        ("POST", "/v1/release", b"{}", {"Content-Type": "text/plain"}, 415),
        ("POST", "/v1/release", b"{}", {"Transfer-Encoding": "chunked"}, 400),
        ("POST", "/v1/release", b"{}", {"Content-Length": "-1"}, 400),
        ("POST", "/v1/release", b"{}", {"Content-Length": "400001"}, 413),
    ],
)
def test_what_is_not_of_the_protocol(
    site: Site, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    before = len(site.log())
    answered, answer = ask(site, method, path, body, headers)
    assert answered == status
    assert answer["error"] in ("malformed", "not-found")
    assert len(site.log()) == before
    assert site.client.fetch(NAME, site.platform, MEASURED) == SECRET


def test_connections_that_dawdle_are_cut_and_hold_up_nobody(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.server.port)) as silent:
        context = ssl.create_default_context(cafile=str(site.directory / "tls.pem"))
        with context.wrap_socket(
            socket.create_connection(("127.0.0.1", site.server.port)), server_hostname="127.0.0.1"
        ) as slow:
            slow.sendall(b"POST /v1/release HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
            assert site.client.fetch(NAME, site.platform, MEASURED) == SECRET
            with contextlib.suppress(OSError):
                assert slow.recv(1) == b""
            assert silent.recv(1) == b""


def test_older_tls_is_refused(site: Site) -> None:
    context = ssl.create_default_context(cafile=str(site.directory / "tls.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", site.server.port)) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_client_trusts_only_its_roots_and_only_https(site: Site) -> None:
    with pytest.raises(BrokerUnavailableError, match="certificate"):
        BrokerClient(site.url).nonce(NAME)
    for url in ("http://a", "https://", "https://a/path", "https://a:x", "https://u@a"):
        with pytest.raises(BrokerSettingsError):
            BrokerClient(url)


def test_what_cannot_be_logged_is_not_released(site: Site) -> None:
    other = sqlite3.connect(site.directory / "store" / "broker.sqlite")
    other.execute("DROP TABLE log")
    other.commit()
    other.close()
    with pytest.raises(BrokerUnavailableError, match="503"):
        site.client.fetch(NAME, site.platform, MEASURED)


def test_many_at_once(site: Site) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: site.client.fetch(NAME, site.platform, MEASURED), range(40)))
    assert results == [SECRET] * 40
    assert sum(entry["event"] == "released" for entry in site.log()) == 40
    verify_log(site.store.entries())


def test_the_secret_is_nowhere_but_in_the_answer(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    nonce = site.client.nonce(NAME)
    key = ec.generate_private_key(ec.SECP256R1())
    released = site.broker.release(ReleaseRequest(NAME, site.evidence(nonce, spki_of(key)), nonce))
    shown = [repr(released), caplog.text, repr(site.store), repr(site.broker), json.dumps(site.log())]
    assert not any(SECRET.decode() in text or SECRET.hex() in text for text in shown)
    assert released.ciphertext.hex() not in "".join(shown)
    for file in (site.directory / "store").iterdir():
        assert SECRET not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_sealing_root_from_the_broker(site: Site) -> None:
    from elastic_hal.runtime.measurements import runtime_measurement

    root = "sealing/root"
    site.store.add_secret(root, bytes(range(32)), {"event": "added"})
    mine = Measurement("workload", "sha-256", runtime_measurement().value[:32])
    write_policy(site.directory, "allow_simulated = true\n", root)
    sealing = BrokerSealing(site.platform, site.client, root)
    key = sealing.sealing_key(SealingRequest(True, b"context"))
    assert sealing.sealing_key(SealingRequest(True, b"context")) == key
    assert sealing.sealing_key(SealingRequest(False, b"context")) != key
    assert sealing.sealing_key(SealingRequest(True, b"other")) != key
    assert BrokerSealing(site.platform, site.client, root).sealing_key(SealingRequest(True, b"context")) == key
    assert sum(entry.get("secret") == root and entry["event"] == "released" for entry in site.log()) == 2
    with pytest.raises(SealingParametersError):
        sealing.sealing_key(SealingRequest(True, b"context", b"x"))
    site.store.revoke(runtime_measurement().value.hex(), {"event": "revoked"})
    with pytest.raises(PlatformError, match="does not release"):
        BrokerSealing(site.platform, site.client, root).sealing_key(SealingRequest(True, b"context"))
    assert sealing.sealing_source is SealingSource.BROKER
    assert sealing.platform_type == "simulated"
    assert mine.value.hex() not in repr(sealing)


def ask(
    site: Site, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str]]:
    context = ssl.create_default_context(cafile=str(site.directory / "tls.pem"))
    connection = http.client.HTTPSConnection("127.0.0.1", site.server.port, timeout=10, context=context)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        answer = json.loads(response.read())
        assert isinstance(answer, dict)
        return response.status, answer
    finally:
        connection.close()


def from_base64url(text: str) -> bytes:
    import base64

    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("moment", [-1, 1 << 64])
def test_nothing_is_released_while_the_clock_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr("time.time_ns", lambda: moment)
    with pytest.raises(BrokerUnavailableError, match="503"):
        site.client.release(ReleaseRequest(NAME, b"evidence", bytes(56)))
