"""A broker on loopback with real TLS, the simulated platform on the other side, and one secret between them."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.broker import Broker, BrokerClient, BrokerServer, LivePolicy, Store, server_context
from elastic_hal.reference_impl.broker.nonces import Nonces
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.runtime.platform import EvidenceRequest, Measurement

SECRET = b"a secret that no log may hold: 8461-5523"
RUNTIME = Measurement("runtime", "sha-384", bytes(range(48)))
WORKLOAD = Measurement("workload", "sha-256", bytes(range(32)))
MEASURED = (RUNTIME, WORKLOAD)
NAME = "thermostat/database"


@dataclass
class Site:
    """Everything of one broker, in one directory."""

    directory: Path
    store: Store
    policy: LivePolicy
    broker: Broker
    platform: SimulatedPlatform
    server: BrokerServer

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.port}"

    @property
    def client(self) -> BrokerClient:
        return BrokerClient(self.url, roots=self.directory / "tls.pem")

    def evidence(self, nonce: bytes, spki: bytes | None, measured: tuple[Measurement, ...] = MEASURED) -> bytes:
        return self.platform.evidence(EvidenceRequest(nonce, measured, spki)).data

    def log(self) -> list[dict[str, object]]:
        return [entry.fields() for entry in self.store.entries()]

    def last_reason(self) -> str:
        newest = self.log()[-1]
        assert newest["event"] == "refused", newest
        return str(newest["reason"])


def spki_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def write_policy(directory: Path, appraisal: str, name: str = NAME) -> Path:
    (directory / "appraisal.toml").write_text("version = 1\n" + appraisal)
    path = directory / "broker.toml"
    path.write_text(f'version = 1\n[secrets."{name}"]\npolicy = "appraisal.toml"\n[trust]\nroots = ["root.pem"]\n')
    return path


def demands(workload: Measurement = WORKLOAD) -> str:
    return f'allow_simulated = true\n[measurements.workload]\n"thermostat" = "sha-256:{workload.value.hex()}"\n'


def write_tls(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    (directory / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> SimulatedPlatform:
    loaded = platforms.load("simulated", state_directory=tmp_path_factory.mktemp("platform") / "simulated")
    assert isinstance(loaded, SimulatedPlatform)
    return loaded


@pytest.fixture
def site(tmp_path: Path, platform: SimulatedPlatform) -> Iterator[Site]:
    write_tls(tmp_path)
    (tmp_path / "root.pem").write_bytes(platform.root_certificate.public_bytes(Encoding.PEM))
    policy = LivePolicy(write_policy(tmp_path, demands()))
    store = Store.open(tmp_path / "store", create=True)
    store.add_secret(NAME, SECRET, {"event": "added"})
    broker = Broker(store, policy, Nonces())
    server = BrokerServer(
        ("127.0.0.1", 0), broker, server_context(tmp_path / "tls.pem", tmp_path / "tls.key"), request_seconds=2.0
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield Site(tmp_path, store, policy, broker, platform, server)
    server.shutdown()
    thread.join()
    server.server_close()
    store.close()
