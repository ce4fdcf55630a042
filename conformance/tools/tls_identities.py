"""Makes the keys and certificates that `cases/tls.yaml` holds, and writes them there, each at the anchor of its name.

Nothing of it protects anything: the keys are public with this repository. They are valid for a hundred years. Running
this makes all of them anew, so that they fit each other:

    python conformance/tools/tls_identities.py
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CASES = Path(__file__).resolve().parents[1] / "cases" / "tls.yaml"
PASSWORD = b"conformance"
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2124, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2024, 2, 1, tzinfo=datetime.UTC)
LONGEST_CHAIN = 16
MANY_ROUNDS = 1_100_000
TEXT_WIDTH = 130

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key with its certificate."""

    key: Key
    certificate: x509.Certificate


def make() -> dict[str, bytes]:
    """Everything that the cases need, by the name of its anchor."""
    root = authority("Conformance root", None)
    other_root = authority("Another root", None)
    intermediate = authority("Conformance intermediate", root)
    server = issued("server.example", rsa.generate_private_key(65537, 2048), intermediate)
    ecdsa = issued("server.example", p256(), root)
    expired = issued("server.example", p256(), root, end=PAST)
    client = issued("client.example", ed25519.Ed25519PrivateKey.generate(), root, server=False)
    stranger = issued("stranger.example", p256(), other_root, server=False)
    weak = issued("server.example", rsa.generate_private_key(65537, 1024), root)  # noqa: S505 - too weak on purpose
    chain = [authority("Link 0", root)]
    for number in range(1, LONGEST_CHAIN):
        chain.insert(0, authority(f"Link {number}", chain[0]))
    long = issued("server.example", p256(), chain[0])
    return {
        "root": der(root.certificate),
        "other-root": der(other_root.certificate),
        "server-file": file(server, [intermediate.certificate]),
        "ecdsa-file": file(ecdsa),
        "expired-file": file(expired),
        "client-file": file(client, password=b""),
        "stranger-file": file(stranger),
        "weak-file": file(weak),
        "long-file": file(long, [link.certificate for link in chain]),
        "mismatched-file": pkcs12.serialize_key_and_certificates(
            None, p256(), None, [ecdsa.certificate], serialization.BestAvailableEncryption(PASSWORD)
        ),
        "keyless-file": pkcs12.serialize_java_truststore(
            [pkcs12.PKCS12Certificate(root.certificate, None)], serialization.BestAvailableEncryption(PASSWORD)
        ),
        "unprotected-file": without_mac(file(ecdsa)),
        "slow-file": file(ecdsa, rounds=MANY_ROUNDS),
    }


def p256() -> ec.EllipticCurvePrivateKey:
    """A new key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def authority(name: str, issuer: Identity | None) -> Identity:
    """A certification authority; a root where nobody issues it."""
    key = p256()
    builder = _begun(name, key, issuer, END).add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return Identity(key, _signed(builder.add_extension(usage, True), issuer.key if issuer else key))


def issued(name: str, key: Key, issuer: Identity, *, server: bool = True, end: datetime.datetime = END) -> Identity:
    """A certificate for an end of connections. Those of servers are for 127.0.0.1 too."""
    names: list[x509.GeneralName] = [x509.DNSName(name)]
    if server:
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _begun(name, key, issuer, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.ExtendedKeyUsage([purpose]), False)
    )
    return Identity(key, _signed(builder, issuer.key))


def der(certificate: x509.Certificate) -> bytes:
    """A certificate in DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def file(
    identity: Identity,
    others: list[x509.Certificate] | None = None,
    password: bytes = PASSWORD,
    rounds: int | None = None,
) -> bytes:
    """A PKCS#12 file. Its key and its certificates are each encrypted with `rounds` rounds of hashing."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if rounds is not None:
        builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds)
        encryption = builder.key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC).build(password)
    elif password:
        encryption = serialization.BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(None, identity.key, identity.certificate, others, encryption)


def without_mac(content: bytes) -> bytes:
    """The same file without its last part, the MAC (RFC 7292, section 4)."""
    header = 4  # of a sequence of 256 to 65535 bytes, as the file and its content are
    version = 3
    end = header + version + header + int.from_bytes(content[header + version + 2 : header + version + header])
    body = content[header:end]
    return content[:2] + len(body).to_bytes(2) + body


def written(text: str, made: dict[str, bytes]) -> str:
    """The case file with everything that was made at its anchor."""
    for name, content in made.items():
        lines = textwrap.wrap(base64.b64encode(content).decode(), TEXT_WIDTH)
        parts = re.split(rf'(\b{name}: &{name} "base64:)[^"]*', text)
        if len(parts) != 3:
            raise SystemExit(f"{CASES}: the anchor &{name} is not there once")
        text = parts[0] + "\n    ".join([parts[1], *lines]) + parts[2]
    return text


def _begun(name: str, key: Key, issuer: Identity | None, end: datetime.datetime) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    )


def _signed(builder: x509.CertificateBuilder, key: Key) -> x509.Certificate:
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


if __name__ == "__main__":
    CASES.write_text(written(CASES.read_text(), make()))
