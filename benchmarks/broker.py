"""How many secrets a broker releases in a second: https, appraisal, wrapping and the audit log on the disk included.

Broker and clients share the machine. Evidence is made beforehand where it can be: nonces come first, then evidence,
then the releases that are timed, over connections that stay open as a proxy's do.
"""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.broker import BrokerClient, Store
from elastic_hal.reference_impl.broker.messages import MediaType, ReleaseRequest, encode_release
from elastic_hal.runtime.platform import EvidencePurpose, EvidenceRequest

_NAME = "bench"
_RELEASES = 400
_CONNECTIONS = 4


def run() -> dict[str, float]:
    """Starts a broker of its own and asks it for the same secret over and over."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        _prepare(directory)
        server, url = _start(directory)
        try:
            return _measure(directory, url)
        finally:
            server.terminate()
            server.wait()


def _measure(directory: Path, url: str) -> dict[str, float]:
    client = BrokerClient(url, roots=directory / "tls.pem")
    platform = platforms.load("simulated", state_directory=directory / "simulated")
    spki = x25519.X25519PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    whole = 40
    begin = time.perf_counter()
    for _ in range(whole):
        client.fetch(_NAME, platform)
    one = (time.perf_counter() - begin) / whole
    bodies = []
    for _ in range(_RELEASES):
        nonce = client.nonce(_NAME)
        evidence = platform.evidence(EvidenceRequest(nonce, (), spki, EvidencePurpose.HOST_SECRET)).data
        bodies.append(encode_release(ReleaseRequest(_NAME, evidence, nonce), MediaType.CBOR))
    shares = [bodies[start::_CONNECTIONS] for start in range(_CONNECTIONS)]
    begin = time.perf_counter()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(lambda share: _ask(directory, url, share), shares))
    return {"broker.releases_per_second": _RELEASES / (time.perf_counter() - begin), "broker.nonce_and_release_s": one}


def _ask(directory: Path, url: str, bodies: list[bytes]) -> None:
    context = ssl.create_default_context(cafile=str(directory / "tls.pem"))
    connection = http.client.HTTPSConnection(url.removeprefix("https://"), timeout=30, context=context)
    for body in bodies:
        connection.request("POST", "/v1/release", body, {"Content-Type": "application/cbor"})
        response = connection.getresponse()
        response.read()
        if response.status != http.HTTPStatus.OK:
            raise RuntimeError(f"the broker answered {response.status}")
    connection.close()


def _start(directory: Path) -> tuple[subprocess.Popen[str], str]:
    command = [
        *(sys.executable, "-m", "elastic_hal.cli", "broker", "serve", "--store", str(directory / "store")),
        *("--policy", str(directory / "broker.toml"), "--listen", "127.0.0.1:0"),
        *("--cert", str(directory / "tls.pem"), "--key", str(directory / "tls.key")),
    ]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    line = server.stderr.readline() if server.stderr else ""
    if not line.startswith("serving at "):
        raise RuntimeError(line)
    return server, line.removeprefix("serving at ").strip()


def _prepare(directory: Path) -> None:
    from elastic_hal.reference_impl.platforms.simulated import root_certificate

    platforms.load("simulated", state_directory=directory / "simulated")
    root = root_certificate(directory / "simulated")
    if root is None:
        raise RuntimeError("the simulated platform has no root certificate")
    (directory / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (directory / "any.toml").write_text("version = 1\nallow_simulated = true\n")
    trust = '[trust]\nroots = ["root.pem"]\n'
    (directory / "broker.toml").write_text(f'version = 1\n[secrets.{_NAME}]\npolicy = "any.toml"\n{trust}')
    store = Store.open(directory / "store", create=True)
    store.add_secret(_NAME, bytes(32), {"event": "secret added"})
    store.close()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    (directory / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
