"""Who is believed: names, dates, purposes and roots, public keys, and both ends alike."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from tls_certificates import CLIENT, SERVER, Authority, Leaf, self_made
from tls_hosts import TLS12, TLS13, Workload, roots

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls.certificates import public_key_digest

FAILED = types.Error_VerificationFailed


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("server.test", "server.test"),
        ("SERVER.test", "server.TEST"),
        ("*.server.test", "a.server.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", None),
        ("::1", "0:0::1"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
    ],
)
def test_the_expected_name(workload: Workload, authority: Authority, named: str, expected: str | None) -> None:
    client, server = workload.pair(workload.listen(authority.issue(named)), roots(authority), name=expected)
    assert isinstance(client, wit.Connection)
    assert isinstance(server, wit.Connection)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("server.test", "other.test"),
        ("server.test", "test"),
        ("server.test", "server.test.other"),
        ("*.server.test", "server.test"),
        ("*.server.test", "a.b.server.test"),
        ("server.test", None),
        ("127.0.0.2", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.2"),
    ],
)
def test_another_name(workload: Workload, authority: Authority, named: str, expected: str | None) -> None:
    client, server = workload.pair(workload.listen(authority.issue(named)), roots(authority), name=expected)
    assert isinstance(client, FAILED)
    assert isinstance(server, types.Error_Peer)


BAD: list[tuple[str, Callable[[Authority], Leaf]]] = [
    ("expired", lambda authority: authority.issue(days=(-2, -1))),
    ("not yet valid", lambda authority: authority.issue(days=(1, 2))),
    ("of another root", lambda _: Authority().issue()),
    ("of a root of the same name", lambda _: Authority("root").issue()),
    ("signed by itself", lambda _: self_made()),
    ("for clients only", lambda authority: authority.issue(purposes=(CLIENT,))),
    ("without a name for this", lambda authority: authority.issue(named=False)),
    ("without the one between", lambda authority: _alone(authority.issue())),
]


def _alone(leaf: Leaf) -> Leaf:
    return Leaf(leaf.key, leaf.certificate, [])


@pytest.mark.parametrize("make", [pytest.param(make, id=name.replace(" ", "-")) for name, make in BAD])
@pytest.mark.parametrize("oldest", [TLS12, TLS13])
def test_a_server_that_is_not_believed(
    workload: Workload, authority: Authority, make: Callable[[Authority], Leaf], oldest: wit.TlsVersion
) -> None:
    client, server = workload.pair(workload.listen(make(authority), oldest=oldest), roots(authority))
    assert isinstance(client, FAILED)
    assert isinstance(server, types.Error_Peer)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda authority: authority.issue(days=(-2, -1)), id="expired"),
        pytest.param(lambda _: Authority().issue(), id="of-another-root"),
        pytest.param(lambda _: self_made(), id="signed-by-itself"),
        pytest.param(lambda authority: authority.issue(purposes=(SERVER,)), id="for-servers-only"),
        pytest.param(lambda _: None, id="none"),
    ],
)
def test_a_client_that_is_not_believed(
    workload: Workload, authority: Authority, make: Callable[[Authority], Leaf | None]
) -> None:
    """The client learns it when it reads: in TLS 1.3 its own handshake is over before the server has looked."""
    listener = workload.listen(authority.issue(), roots(authority))
    client, server = workload.pair(listener, roots(authority), leaf=make(authority))
    assert isinstance(server, FAILED)
    assert isinstance(client, wit.Connection)
    with pytest.raises(types.Error_Peer):
        workload.read(client)
    with pytest.raises(types.Error_Peer):
        workload.write_all(client, bytes(1 << 20))


def test_only_the_certificates_of_the_context_are_shown(workload: Workload, authority: Authority) -> None:
    """Also where others lie around that would lead further: OpenSSL adds those of its own accord if it is let."""
    alone = _alone(authority.issue())
    trust = wit.Trust_Roots([authority.root_der, authority.intermediate.public_bytes(Encoding.DER)])
    client, server = workload.connected(workload.listen(alone, trust), trust, leaf=alone)
    assert client.info().peer_certificates == server.info().peer_certificates == [alone.der]


def test_no_name_is_expected_of_clients(workload: Workload, authority: Authority) -> None:
    listener = workload.listen(authority.issue(), roots(authority))
    client, _ = workload.connected(listener, roots(authority), leaf=authority.issue("any.name", purposes=(CLIENT,)))
    client.drop()
    workload.connected(listener, roots(authority), leaf=authority.issue("nameless", named=False))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(rsa.generate_private_key(65537, 2048), id="rsa"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="ed25519"),
        pytest.param(ed448.Ed448PrivateKey.generate(), id="ed448"),
    ],
)
def test_every_kind_of_key(workload: Workload, authority: Authority, key: rsa.RSAPrivateKey) -> None:
    leaf = authority.issue(key=key)
    client, server = workload.connected(workload.listen(leaf, roots(authority)), roots(authority), leaf=leaf)
    assert client.info().peer_certificates[0] == server.info().peer_certificates[0] == leaf.der


def test_a_root_may_be_any_certificate(workload: Workload, authority: Authority) -> None:
    own, leaf = self_made(), authority.issue()
    for trusted, shown in ((own.certificate, own), (authority.intermediate, leaf), (leaf.certificate, leaf)):
        trust = wit.Trust_Roots([Authority("unrelated").root_der, trusted.public_bytes(Encoding.DER)])
        client, _ = workload.pair(workload.listen(shown), trust)
        assert isinstance(client, wit.Connection)
        client, _ = workload.pair(workload.listen(shown), trust, name="other.test")
        assert isinstance(client, FAILED)


@pytest.mark.parametrize("leaf", [self_made(), Authority().issue(days=(-3, -2), purposes=(CLIENT,), named=False)])
def test_public_keys_count_and_nothing_else(workload: Workload, authority: Authority, leaf: Leaf) -> None:
    trust = wit.Trust_PublicKeys([bytes(32), leaf.spki_digest])
    client, server = workload.connected(workload.listen(leaf, trust), trust, leaf=leaf)
    assert client.info().peer_certificates[0] == server.info().peer_certificates[0] == leaf.der
    others = wit.Trust_PublicKeys([authority.issue().spki_digest])
    client_answer, _ = workload.pair(workload.listen(leaf), others)
    assert isinstance(client_answer, FAILED)
    _, server_answer = workload.pair(workload.listen(leaf, others), trust, leaf=leaf)
    assert isinstance(server_answer, FAILED)


def test_a_pinned_key_further_up_is_nothing(workload: Workload, authority: Authority) -> None:
    """The pinned key has to be that of the end itself: not one of its chain."""
    leaf = authority.issue()
    digest = Leaf(leaf.key, authority.intermediate).spki_digest
    client, _ = workload.pair(workload.listen(leaf), wit.Trust_PublicKeys([digest]))
    assert isinstance(client, FAILED)


def test_anyone_has_to_show_a_certificate(workload: Workload) -> None:
    leaf = Authority().issue(days=(-3, -2))
    listener = workload.listen(leaf, wit.Trust_Anyone())
    client, server = workload.connected(listener, wit.Trust_Anyone(), leaf=leaf, name="whatever.test")
    assert client.info().peer_certificates[0] == server.info().peer_certificates[0] == leaf.der
    _, refused = workload.pair(listener, wit.Trust_Anyone())
    assert isinstance(refused, FAILED)


@pytest.mark.parametrize(
    "trust",
    [
        wit.Trust_Roots([]),
        wit.Trust_Roots([b"no certificate"]),
        wit.Trust_PublicKeys([]),
        wit.Trust_PublicKeys([bytes(31)]),
        wit.Trust_PublicKeys([bytes(32)] * 65),
    ],
)
def test_trust_out_of_bounds(workload: Workload, authority: Authority, trust: wit.Trust) -> None:
    with pytest.raises(types.Error_InvalidArgument, match="trust"):
        workload.start(443, trust)
    with pytest.raises(types.Error_InvalidArgument, match="trust"):
        workload.listen(authority.issue(), trust)


def test_number_of_roots(workload: Workload, authority: Authority) -> None:
    with pytest.raises(types.Error_InvalidArgument, match="65 roots"):
        workload.start(443, roots(*[authority] * 65))
    client, _ = workload.pair(workload.listen(authority.issue()), roots(*[authority] * 64))
    assert isinstance(client, wit.Connection)


def test_roots_of_the_system(
    workload: Workload, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "roots.pem"
    bundle.write_bytes(authority.root.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    system = wit.Trust_System()
    client, _ = workload.pair(workload.listen(authority.issue()), system)
    assert isinstance(client, wit.Connection)
    client, _ = workload.pair(workload.listen(Authority().issue()), system)
    assert isinstance(client, FAILED)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    with pytest.raises(types.Error_Unsupported):
        workload.start(443, system)
    bundle.write_bytes(b"no certificate")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    with pytest.raises(types.Error_Unsupported):
        workload.start(443, system)


def test_the_digest_is_that_of_the_certificates_own_bytes(authority: Authority) -> None:
    for leaf in authority.issue(), self_made(), authority.issue(key=ed25519.Ed25519PrivateKey.generate()):
        assert public_key_digest(leaf.der) == leaf.spki_digest
        for cut in range(0, len(leaf.der), 7):
            assert public_key_digest(leaf.der[:cut]) is None


def test_times_are_looked_at_now(workload: Workload, authority: Authority) -> None:
    """A certificate for the next hours is believed, and one that ended an hour ago is not."""
    hour = datetime.timedelta(hours=1) / datetime.timedelta(days=1)
    client, _ = workload.pair(workload.listen(authority.issue(days=(-hour, hour))), roots(authority))
    assert isinstance(client, wit.Connection)
    client, _ = workload.pair(workload.listen(authority.issue(days=(-2 * hour, -hour))), roots(authority))
    assert isinstance(client, FAILED)


def test_the_size_of_a_root(workload: Workload, authority: Authority) -> None:
    trust = wit.Trust_Roots([bytes((1 << 20) + 1)])
    with pytest.raises(types.Error_LimitExceeded, match="root 0"):
        workload.start(443, trust)
    with pytest.raises(types.Error_LimitExceeded, match="root 0"):
        workload.listen(authority.issue(), trust)


def test_the_size_of_all_roots(workload: Workload, authority: Authority) -> None:
    """Each connection keeps its roots: 64 of 1 MiB each, at 256 connections, would be the memory of a host."""
    large = Authority("root", padding=100_000)
    assert len(large.root_der) > 100_000
    client, _ = workload.pair(workload.listen(large.issue()), roots(*[large] * 10))
    assert isinstance(client, wit.Connection)
    with pytest.raises(types.Error_LimitExceeded, match="in all"):
        workload.start(443, roots(*[large] * 11))
