"""A certificate hierarchy of AMD's shape whose keys lie in memory: root (ARK), ASK, ASVK, and keys that sign reports.

It differs from AMD's in what it must not share: other keys, another organization in the names, a mark in every
certificate (`verify.emulated`), and no serial number of zero, which certificates may not have.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from elastic_hal.reference_impl.verify.emulated import EMULATION_OID
from elastic_hal.reference_impl.verify.snp.report import REPORT_BYTES, SIGNED_BYTES
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb

ORGANIZATION: Final = "elastic-hal emulated platform"

_AMD: Final = "1.3.6.1.4.1.3704.1"
_RSA_BITS: Final = 4096
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=48)
_CA_YEARS, _VCEK_YEARS, _VLEK_YEARS = 25, 7, 1
_NUMBER_BYTES: Final = 72


@dataclass(frozen=True, slots=True)
class AuthorityKeys:
    """The private keys of a hierarchy."""

    root: rsa.RSAPrivateKey
    chip_intermediate: rsa.RSAPrivateKey
    provider_intermediate: rsa.RSAPrivateKey

    @classmethod
    def generate(cls) -> "AuthorityKeys":
        """Make three keys, which takes seconds."""
        return cls(*(rsa.generate_private_key(65537, _RSA_BITS) for _ in range(3)))


@dataclass(frozen=True, slots=True)
class EndorsementKey:
    """A key that signs reports, with its certificate and the chain above it, the intermediate first."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, x509.Certificate]

    def sign(self, unsigned: bytes) -> bytes:
        """Complete a report: the signature is r and s, each little-endian and padded with zeros."""
        if len(unsigned) != SIGNED_BYTES:
            raise ValueError(f"{SIGNED_BYTES} bytes of a report are signed, not {len(unsigned)}")
        numbers = decode_dss_signature(self.key.sign(unsigned, ec.ECDSA(hashes.SHA384())))
        signature = b"".join(number.to_bytes(_NUMBER_BYTES, "little") for number in numbers)
        return (unsigned + signature).ljust(REPORT_BYTES, b"\0")


class AmdAuthority:
    """The root of one product and its two intermediate certificates; issues the certificates of signing keys."""

    def __init__(self, product: Product, keys: AuthorityKeys, start: datetime, *, marked: bool = True) -> None:
        """Certify the keys from `start` on. Without the mark the hierarchy is for tests of the verifier alone."""
        self.product = product
        self._keys = keys
        self._marked = marked
        name = product.value
        self.root = self._authority(f"ARK-{name}", keys.root, None, start)
        self.chip_intermediate = self._authority(f"SEV-{name}", keys.chip_intermediate, self.root, start)
        self.provider_intermediate = self._authority(f"SEV-VLEK-{name}", keys.provider_intermediate, self.root, start)

    def vcek(
        self,
        tcb: Tcb,
        hardware_id: bytes,
        start: datetime,
        product_name: str | None = None,
        *,
        structure_version: int | None = None,
    ) -> EndorsementKey:
        """Issue a key of one chip; `hardware_id` has 64 bytes, or 8 on Turin. Only tests name a structure version."""
        own = {f"{_AMD}.4": hardware_id}
        if structure_version is not None:
            own[f"{_AMD}.1"] = _der_number(structure_version)
        return self._endorse("SEV-VCEK", tcb, own, start, _VCEK_YEARS, product_name)

    def vlek(self, tcb: Tcb, provider: str, start: datetime, product_name: str | None = None) -> EndorsementKey:
        """Issue a key that a provider loads into its machines."""
        own = {f"{_AMD}.5": _der(0x16, provider.encode("ascii"))}
        return self._endorse("SEV-VLEK", tcb, own, start, _VLEK_YEARS, product_name)

    def _endorse(
        self, name: str, tcb: Tcb, own: dict[str, bytes], start: datetime, years: int, product_name: str | None
    ) -> EndorsementKey:
        is_chip = name == "SEV-VCEK"
        issuer = self.chip_intermediate if is_chip else self.provider_intermediate
        issuer_key = self._keys.chip_intermediate if is_chip else self._keys.provider_intermediate
        key = ec.generate_private_key(ec.SECP384R1())
        builder = self._builder(name, issuer.subject, start, years).public_key(key.public_key())
        for oid, value in {**_amd_extensions(product_name or self.product.value, self.product, tcb), **own}.items():
            builder = builder.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), False)
        certificate = builder.sign(issuer_key, hashes.SHA384(), rsa_padding=_PSS)
        return EndorsementKey(key, certificate, (issuer, self.root))

    def _authority(
        self, name: str, key: rsa.RSAPrivateKey, issuer: x509.Certificate | None, start: datetime
    ) -> x509.Certificate:
        issuer_name = self._name(name) if issuer is None else issuer.subject
        usage = x509.KeyUsage(False, False, False, False, False, True, issuer is None, False, False)
        builder = (
            self._builder(name, issuer_name, start, _CA_YEARS)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=None if issuer is None else 0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        return builder.sign(self._keys.root, hashes.SHA384(), rsa_padding=_PSS)

    def _builder(self, name: str, issuer: x509.Name, start: datetime, years: int) -> x509.CertificateBuilder:
        start = start.astimezone(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(name))
            .issuer_name(issuer)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=365 * years))
        )
        if self._marked:
            mark = x509.UnrecognizedExtension(EMULATION_OID, _der(0x0C, b"emulated"))
            builder = builder.add_extension(mark, critical=False)
        return builder

    def _name(self, common_name: str) -> x509.Name:
        organization = ORGANIZATION if self._marked else "Another Authority"
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )


def _amd_extensions(product_name: str, product: Product, tcb: Tcb) -> dict[str, bytes]:
    parts = {"bootloader": 1, "tee": 2, "snp": 3, "microcode": 8, "fmc": 9}
    reserved = {f"{_AMD}.3.{number}": _der_number(0) for number in range(4, 8)}
    return {
        f"{_AMD}.1": _der_number(1 if product is Product.TURIN else 0),
        f"{_AMD}.2": _der(0x16, product_name.encode("ascii")),
        **reserved,
        **{f"{_AMD}.3.{parts[name]}": _der_number(value) for name, value in tcb.fields().items()},
    }


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _der_number(value: int) -> bytes:
    """Encode a number up to 255; from 128 on a zero stands before it, or it would be negative."""
    return _der(0x02, value.to_bytes(1 + value // 128, "big"))
