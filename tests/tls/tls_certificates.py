"""Certificates for tests: a root, one that it issued, and leaves of every sort, good and bad."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
PASSWORD = "pässword"


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Leaf:
    """A key with its certificate and those that lead to the root."""

    key: AnyKey
    certificate: x509.Certificate
    chain: list[x509.Certificate] = field(default_factory=list)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def spki_digest(self) -> bytes:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        return digest.finalize()

    def pkcs12(self, password: str = PASSWORD, encryption: KeySerializationEncryption | None = None) -> bytes:
        protection = encryption or (BestAvailableEncryption(password.encode()) if password else NoEncryption())
        return pkcs12.serialize_key_and_certificates(b"leaf", self.key, self.certificate, self.chain, protection)

    def files(self, folder: Path) -> tuple[Path, Path]:
        """The certificates and the key as PEM files, for programs that want those."""
        certificates, key = folder / "chain.pem", folder / "key.pem"
        certificates.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, *self.chain)))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificates, key


class Authority:
    """A root and an intermediate authority below it."""

    def __init__(self, name: str = "root", *, padding: int = 0) -> None:
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.root = _sign(name, self._root_key.public_key(), name, self._root_key, authority=True, padding=padding)
        self.intermediate = _sign(f"below {name}", self._key.public_key(), name, self._root_key, authority=True)
        self._name = f"below {name}"

    @property
    def root_der(self) -> bytes:
        return self.root.public_bytes(Encoding.DER)

    def issue(
        self,
        name: str = "server.test",
        *,
        key: AnyKey | None = None,
        purposes: tuple[ObjectIdentifier, ...] = (SERVER, CLIENT),
        days: tuple[float, float] = (-1, 1),
        named: bool = True,
    ) -> Leaf:
        private = key or ec.generate_private_key(ec.SECP256R1())
        certificate = _sign(name, private.public_key(), self._name, self._key, purposes, days, named=named)
        return Leaf(private, certificate, [self.intermediate])


def self_made(name: str = "server.test") -> Leaf:
    key = ec.generate_private_key(ec.SECP256R1())
    return Leaf(key, _sign(name, key.public_key(), name, key))


def _sign(
    subject: str,
    public: object,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    purposes: tuple[ObjectIdentifier, ...] = (SERVER, CLIENT),
    days: tuple[float, float] = (-1, 1),
    *,
    authority: bool = False,
    named: bool = True,
    padding: int = 0,
) -> x509.Certificate:
    first, last = (now() + datetime.timedelta(days=each) for each in days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if padding:
        unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.0.1"), bytes(padding))
        builder = builder.add_extension(unknown, critical=False)
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if named:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(subject)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
