"""Certificate chains: good ones of several lengths, and one for each thing that can be wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify.chain import ChainError, validate_chain

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Signer = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass
class Party:
    name: str
    key: Signer
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)


def issue(
    name: str,
    issuer: Party | None = None,
    *,
    key: Signer | None = None,
    authority: bool = True,
    path_length: int | None = None,
    basic: bool = True,
    basic_critical: bool = True,
    usage: bool | None = None,
    first: datetime = NOW - timedelta(days=1),
    last: datetime = NOW + timedelta(days=1),
    digest: hashes.SHA256 | hashes.SHA384 | None = hashes.SHA384(),  # noqa: B008 - immutable
    extra: x509.ExtensionType | None = None,
) -> Party:
    made = key or ec.generate_private_key(ec.SECP384R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    may_issue = authority if usage is None else usage
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(made.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(
            x509.KeyUsage(not may_issue, False, False, False, False, may_issue, False, False, False), critical=True
        )
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(authority, path_length), critical=basic_critical)
    if extra is not None:
        builder = builder.add_extension(extra, critical=True)
    return Party(name, made, builder.sign(issuer.key if issuer else made, digest))


ROOT = issue("root")
MIDDLE = issue("middle", ROOT)
LEAF = issue("leaf", MIDDLE, authority=False)
DIRECT = issue("direct", ROOT, authority=False)


def validate(parties: list[Party], root: Party = ROOT, at: datetime = NOW) -> x509.Certificate:
    signer, anchor = validate_chain([party.der for party in parties], [root.certificate], at)
    assert anchor == root.certificate
    return signer


def test_good_chains() -> None:
    assert validate([LEAF, MIDDLE]) == LEAF.certificate
    assert validate([LEAF, MIDDLE, ROOT]) == LEAF.certificate
    assert validate([DIRECT]) == DIRECT.certificate
    assert validate([DIRECT, ROOT]) == DIRECT.certificate


def test_other_strong_algorithms() -> None:
    for key, digest in (
        (ed25519.Ed25519PrivateKey.generate(), None),
        (rsa.generate_private_key(65537, 2048), hashes.SHA256()),
    ):
        root = issue("other", key=key, digest=digest)
        validate([issue("leaf", root, authority=False, digest=digest)], root)


def test_the_right_anchor_is_found_among_several() -> None:
    namesake = issue("root")
    anchors = [issue("elsewhere").certificate, namesake.certificate, ROOT.certificate]
    assert validate_chain([DIRECT.der], anchors, NOW) == (DIRECT.certificate, ROOT.certificate)


def _refused() -> dict[str, tuple[list[Party], Party, str]]:
    weak = issue("weak", key=rsa.generate_private_key(65537, 1024))
    odd_curve = issue("odd", key=ec.generate_private_key(ec.SECP256K1()))
    not_authority = issue("not authority", ROOT, authority=False)
    not_signer = issue("not signer", ROOT, usage=False)
    no_basic = issue("no basic", ROOT, basic=False)
    lax_basic = issue("lax basic", ROOT, basic_critical=False)
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    expired_root = issue("expired root", last=NOW - timedelta(hours=1), first=NOW - timedelta(days=2))
    return {
        "unknown root": ([LEAF, MIDDLE], issue("elsewhere"), "unknown root"),
        "root of the same name": ([LEAF, MIDDLE], issue("root"), "unknown root: the issuer has the name"),
        "missing link": ([LEAF], ROOT, "unknown root"),
        "wrong order": ([MIDDLE, LEAF], ROOT, "unknown root"),
        "doubled link": ([LEAF, MIDDLE, MIDDLE], ROOT, "not signed by"),
        "foreign link": ([issue("leaf", issue("middle"), authority=False), MIDDLE], ROOT, "not signed by"),
        "weak key": ([issue("leaf", weak, authority=False)], weak, "not allowed"),
        "odd curve": ([issue("leaf", odd_curve, authority=False)], odd_curve, "not allowed"),
        "issuer is no authority": (
            [issue("l", not_authority, authority=False), not_authority],
            ROOT,
            "basic constraints",
        ),
        "issuer may not sign": ([issue("l", not_signer, authority=False), not_signer], ROOT, "key usage"),
        "no constraints": ([issue("l", no_basic, authority=False), no_basic], ROOT, "basic constraints"),
        "lax constraints": ([issue("l", lax_basic, authority=False), lax_basic], ROOT, "basic constraints"),
        "signer is an authority": ([MIDDLE], ROOT, "basic constraints"),
        "signer without constraints": ([issue("l", ROOT, authority=False, basic=False)], ROOT, "basic constraints"),
        "signer may not sign": ([issue("l", ROOT, authority=False, usage=True)], ROOT, "key usage"),
        "critical extension": ([issue("l", ROOT, authority=False, extra=unknown)], ROOT, "not understood"),
        "expired": ([issue("l", ROOT, authority=False, last=NOW - timedelta(seconds=1))], ROOT, "expired"),
        "not yet": ([issue("l", ROOT, authority=False, first=NOW + timedelta(seconds=1))], ROOT, "not valid yet"),
        "expired root": ([issue("l", expired_root, authority=False)], expired_root, "expired"),
        "root alone": ([ROOT], ROOT, "basic constraints"),
        "too many": ([LEAF] * 9, ROOT, "9 certificates"),
        "none": ([], ROOT, "0 certificates"),
    }


REFUSED = _refused()


@pytest.mark.parametrize("name", REFUSED)
def test_bad_chains_are_refused_with_the_reason(name: str) -> None:
    parties, root, reason = REFUSED[name]
    with pytest.raises(ChainError, match=reason):
        validate(parties, root)


def test_path_length_is_counted() -> None:
    short = issue("short", path_length=0)
    middle = issue("middle", short)
    with pytest.raises(ChainError, match="does not allow 1 authorities below it"):
        validate([issue("leaf", middle, authority=False), middle], short)


def test_no_anchor_trusts_nothing() -> None:
    with pytest.raises(ChainError, match="none of the 0"):
        validate_chain([DIRECT.der], [], NOW)


def test_every_changed_byte_of_a_certificate_is_refused() -> None:
    for position in range(len(DIRECT.der)):
        changed = bytearray(DIRECT.der)
        changed[position] ^= 0x40
        with pytest.raises(ChainError):
            validate_chain([bytes(changed)], [ROOT.certificate], NOW)


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_any_bytes_give_the_typed_error(encoded: list[bytes]) -> None:
    with pytest.raises(ChainError):
        validate_chain(encoded, [ROOT.certificate], NOW)
