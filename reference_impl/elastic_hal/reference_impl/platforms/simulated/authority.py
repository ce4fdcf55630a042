"""The root of the simulated platform: a P-384 key on disk, its certificate, and the certificates that it issues."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from ..clock import moment
from .state import StateError, check_directory, create_once, prepare_directory, read_file

KEY_FILE: Final = "root-key.pem"
CERTIFICATE_FILE: Final = "root-cert.pem"
ROOT_NAME: Final = "Simulated platform root"
ATTESTATION_NAME: Final = "Simulated platform attestation key"
ATTESTATION_VALIDITY: Final = timedelta(days=365)

_ROOT_VALIDITY: Final = timedelta(days=20 * 365)
_CLOCK_SKEW: Final = timedelta(minutes=5)


class RootAuthority:
    """The root key and its certificate. Neither its repr nor its errors show the key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate

    @classmethod
    def open(cls, directory: Path) -> "RootAuthority":
        """Load the root from `directory`, creating it on first use. Raises `StateError`."""
        prepare_directory(directory)
        key_path, certificate_path = directory / KEY_FILE, directory / CERTIFICATE_FILE
        key = _load_key(key_path)
        if key is None:
            create_once(key_path, _new_key_pem(), 0o600)
            key = _load_key(key_path)
        if key is None:
            raise StateError(f"{key_path}: vanished while it was created; try again")
        certificate = _load_certificate(certificate_path)
        if certificate is None:
            create_once(certificate_path, _root_certificate(key).public_bytes(Encoding.PEM), 0o644)
            certificate = _load_certificate(certificate_path)
        if certificate is None or certificate.public_key() != key.public_key():
            raise StateError(
                f"{certificate_path}: does not belong to {KEY_FILE}; remove the file to have it made again"
            )
        return cls(key, certificate)

    def certify(self, public_key: ec.EllipticCurvePublicKey, now: datetime) -> x509.Certificate:
        """Issue the certificate of an attestation key."""
        builder = _builder(ATTESTATION_NAME, self.certificate.subject, public_key)
        last = min(now + ATTESTATION_VALIDITY, self.certificate.not_valid_after_utc)
        issuer_key_identifier = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        return (
            builder.not_valid_before(_whole_seconds(now) - _CLOCK_SKEW)
            .not_valid_after(_whole_seconds(last))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key_identifier), critical=False
            )
            .sign(self._key, hashes.SHA384())
        )


def root_certificate(directory: Path) -> x509.Certificate | None:
    """Read the root certificate, the trust anchor for evidence of this machine; None where there is none yet.

    Raises `StateError`, also where others could have put another one there.
    """
    check_directory(directory)
    return _load_certificate(directory / CERTIFICATE_FILE)


def _load_key(path: Path) -> ec.EllipticCurvePrivateKey | None:
    pem = read_file(path, private=True)
    if pem is None:
        return None
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise StateError(f"{path}: is not a P-384 private key in PEM; remove it to have a new root made")
    return key


def _load_certificate(path: Path) -> x509.Certificate | None:
    pem = read_file(path, private=False)
    if pem is None:
        return None
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise StateError(f"{path}: is not a certificate in PEM; remove it to have it made again") from None


def _new_key_pem() -> bytes:
    key = ec.generate_private_key(ec.SECP384R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _root_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now = _whole_seconds(moment())
    return (
        _builder(ROOT_NAME, _subject(ROOT_NAME), key.public_key())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _ROOT_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA384())
    )


def _builder(name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "elastic-hal"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """An authority signs certificates, an attestation key signs evidence, and neither does anything else."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
