"""A certificate hierarchy of Intel's shape whose keys lie in memory: root, PCK authority, TCB signing key, PCKs.

It differs from Intel's in what it must not share: other keys, another organization in the names, and a mark in every
certificate (`verify.emulated`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from elastic_hal.reference_impl.verify.emulated import EMULATION_OID

from . import der

ORGANIZATION: Final = "elastic-hal emulated platform"

_SGX: Final = "1.2.840.113741.1.13.1"
_CA_YEARS, _LEAF_YEARS = 25, 7


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class IntelKeys:
    """The private keys of a hierarchy; without arguments, new ones."""

    root: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    pck_authority: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)
    tcb_signing: ec.EllipticCurvePrivateKey = field(default_factory=_new_key)


@dataclass(frozen=True, slots=True)
class PlatformIdentity:
    """What the certificate of a machine's provisioning key states about the machine."""

    ppid: bytes = b"\x11" * 16
    cpu_svn: bytes = bytes((3, 3, 2, 2, 4, 1, 0, 5)).ljust(16, b"\0")
    pce_svn: int = 11
    pce_id: bytes = bytes(2)
    fmspc: bytes = bytes.fromhex("b0c06f000000")
    instance_id: bytes = b"\x22" * 16
    dynamic: bool = True
    cached_keys: bool = True
    smt: bool = True


@dataclass(frozen=True, slots=True)
class ProvisioningKey:
    """The key (PCK) that vouches for a machine's quoting enclave, with its certificate and the chain above it."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def pem(self) -> bytes:
        """Give the chain as quotes carry it: this key's certificate first, the root last."""
        return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in (self.certificate, *self.chain))


class IntelAuthority:
    """Root, PCK authority and TCB signing key; issues the certificates of provisioning keys and revocation lists."""

    def __init__(self, keys: IntelKeys, start: datetime, *, marked: bool = True) -> None:
        """Certify the keys from `start` on. Without the mark the hierarchy is for tests of the verifier alone."""
        self._keys = keys
        self._marked = marked
        self._start = start.astimezone(UTC).replace(microsecond=0)
        self.root = self._authority("SGX Root CA", keys.root, path_length=1)
        self.pck_authority = self._authority("SGX PCK Platform CA", keys.pck_authority, path_length=0)
        self.tcb_signing = self._leaf("SGX TCB Signing", keys.tcb_signing, self.root, keys.root, ())

    @property
    def tcb_signing_key(self) -> ec.EllipticCurvePrivateKey:
        """The key that signs TCB information and the identity of the quoting enclave."""
        return self._keys.tcb_signing

    def provisioning_key(
        self, identity: PlatformIdentity, key: ec.EllipticCurvePrivateKey | None = None
    ) -> ProvisioningKey:
        """Issue the certificate of a machine's key, of a new one where none is given."""
        own_key = key or _new_key()
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(_SGX), _sgx_extension(identity))
        certificate = self._leaf(
            "SGX PCK Certificate", own_key, self.pck_authority, self._keys.pck_authority, (extension,)
        )
        return ProvisioningKey(own_key, certificate, (self.pck_authority, self.root))

    def root_revocations(self, at: datetime, days: int, revoked: Sequence[int] = ()) -> x509.CertificateRevocationList:
        """Sign the root's revocation list."""
        return _revocations(self.root, self._keys.root, at, days, revoked)

    def pck_revocations(self, at: datetime, days: int, revoked: Sequence[int] = ()) -> x509.CertificateRevocationList:
        """Sign the revocation list of provisioning keys."""
        return _revocations(self.pck_authority, self._keys.pck_authority, at, days, revoked)

    def _authority(self, name: str, key: ec.EllipticCurvePrivateKey, path_length: int) -> x509.Certificate:
        issuer = self._name(name) if key is self._keys.root else self.root.subject
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = (
            self._builder(name, issuer, key, self._keys.root, _CA_YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
            .add_extension(usage, critical=True)
        )
        return builder.sign(self._keys.root, hashes.SHA256())

    def _leaf(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Certificate,
        issuer_key: ec.EllipticCurvePrivateKey,
        own: Sequence[x509.UnrecognizedExtension],
    ) -> x509.Certificate:
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        builder = (
            self._builder(name, issuer.subject, key, issuer_key, _LEAF_YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        for extension in own:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    def _builder(
        self,
        name: str,
        issuer: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer_key: ec.EllipticCurvePrivateKey,
        years: int,
    ) -> x509.CertificateBuilder:
        issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._start)
            .not_valid_after(self._start + timedelta(days=365 * years))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(issued_by, critical=False)
        )
        if self._marked:
            mark = x509.UnrecognizedExtension(EMULATION_OID, der.text("emulated"))
            builder = builder.add_extension(mark, critical=False)
        return builder

    def _name(self, common_name: str) -> x509.Name:
        organization = ORGANIZATION if self._marked else "Another Authority"
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            ]
        )


def _revocations(
    issuer: x509.Certificate, key: ec.EllipticCurvePrivateKey, at: datetime, days: int, revoked: Sequence[int]
) -> x509.CertificateRevocationList:
    at = at.astimezone(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at)
        .next_update(at + timedelta(days=days))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256())


def _sgx_extension(identity: PlatformIdentity) -> bytes:
    """Encode the extension that states processor, TCB and configuration of a machine."""
    components = [_entry(f"2.{number}", der.integer(svn)) for number, svn in enumerate(identity.cpu_svn, 1)]
    switches = (identity.dynamic, identity.cached_keys, identity.smt)
    configuration = [
        _entry(f"7.{number}", der.encode(der.BOOLEAN, b"\xff" if switch else b"\0"))
        for number, switch in enumerate(switches, 1)
    ]
    return der.sequence(
        _entry("1", der.encode(der.OCTET_STRING, identity.ppid)),
        _entry(
            "2",
            der.sequence(
                *components,
                _entry("2.17", der.integer(identity.pce_svn)),
                _entry("2.18", der.encode(der.OCTET_STRING, identity.cpu_svn)),
            ),
        ),
        _entry("3", der.encode(der.OCTET_STRING, identity.pce_id)),
        _entry("4", der.encode(der.OCTET_STRING, identity.fmspc)),
        _entry("5", der.encode(der.ENUMERATED, b"\x01")),
        _entry("6", der.encode(der.OCTET_STRING, identity.instance_id)),
        _entry("7", der.sequence(*configuration)),
    )


def _entry(number: str, value: bytes) -> bytes:
    return der.sequence(der.identifier(f"{_SGX}.{number}"), value)
