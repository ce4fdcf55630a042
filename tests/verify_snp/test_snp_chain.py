"""The chain to a root and the extensions of a key's certificate: one thing wrong is enough to be refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from elastic_hal.reference_impl.platforms.emulator.amd_authority import EndorsementKey
from elastic_hal.reference_impl.verify import (
    CertificateFileError,
    Verdict,
    load_certificates,
    verify,
)
from elastic_hal.reference_impl.verify.emulated import is_emulated_root
from elastic_hal.reference_impl.verify.snp import chain as snp_chain
from elastic_hal.reference_impl.verify.snp.chain import ROOTS
from elastic_hal.reference_impl.verify.snp.tcb import Product

Machine = Any
START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, tzinfo=UTC)
AMD = "1.3.6.1.4.1.3704.1"
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def test_what_is_missing_is_named(genoa: Machine) -> None:
    leaf, middle = genoa.certificates()
    report = genoa.report()
    assert "certificate of the VCEK is missing" in str(genoa.appraise(report, certificates=[]).reason)
    assert "SEV-Genoa" in str(genoa.appraise(report, certificates=[leaf]).reason)
    reason = str(genoa.appraise(report, anchors=[]).reason)
    assert "ARK-Genoa" in reason
    assert "is missing" in reason
    assert middle.issuer == genoa.authority.root.subject


def test_the_right_one_of_several_keys_is_found(genoa: Machine) -> None:
    others = [genoa.authority.vcek(genoa.tcb, bytes(64), START).certificate for _ in range(3)]
    appraisal = genoa.appraise(genoa.report(), certificates=[*others, *genoa.certificates()])
    assert appraisal.verdict is Verdict.PASS
    refused = genoa.appraise(genoa.report(), certificates=[*others, genoa.certificates()[1]])
    assert "none of the 3 certificates" in str(refused.reason)


def test_products_do_not_mix(genoa: Machine, milan: Machine) -> None:
    """The keys of both hierarchies are the same here, so that only the names tell them apart."""
    report = genoa.report()
    leaf, middle = genoa.certificates()
    for anchors, certificates in (
        ([milan.authority.root], [leaf, middle]),
        ([milan.authority.root, genoa.authority.root], [leaf, milan.certificates()[1]]),
    ):
        assert genoa.appraise(report, anchors=anchors, certificates=certificates).verdict is Verdict.FAIL
    wrong = genoa.authority.vcek(genoa.tcb, genoa.chip_id, START, "Milan-B0")
    from_wrong = wrong.sign(report[:0x2A0])
    refused = genoa.appraise(from_wrong, certificates=[wrong.certificate, middle])
    assert "the VCEK is of Milan" in str(refused.reason)


@pytest.mark.parametrize("name", ["Genoa", "Genoa-B1", "Siena", "Bergamo-A0"])
def test_names_of_products(genoa: Machine, name: str) -> None:
    key = genoa.authority.vcek(genoa.tcb, genoa.chip_id, START, name)
    appraisal = genoa.appraise(key.sign(genoa.report()[:0x2A0]), certificates=[key.certificate, key.chain[0]])
    assert appraisal.verdict is Verdict.PASS


class Builder:
    """Makes chains that differ in one thing from what they should be."""

    def __init__(self, keys: Any, machine: Machine) -> None:
        self.keys = keys
        self.machine = machine
        self.leaf_key = ec.generate_private_key(ec.SECP384R1())

    def chain(
        self,
        *,
        leaf: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda builder: builder,
        middle: dict[str, Any] | None = None,
        root: dict[str, Any] | None = None,
        extensions: dict[str, bytes | None] | None = None,
        leaf_key: Any = None,
        sign: dict[str, Any] | None = None,
        name: str = "SEV-VCEK",
    ) -> tuple[list[x509.Certificate], x509.Certificate]:
        top = self.authority("ARK-Genoa", "ARK-Genoa", self.keys.root, self.keys.root, root or {})
        between = self.authority(
            "SEV-Genoa", "ARK-Genoa", self.keys.chip_intermediate, self.keys.root, {"length": 0, **(middle or {})}
        )
        key = leaf_key or self.leaf_key
        builder = leaf(self.builder(name, "SEV-Genoa").public_key(key.public_key()))
        original = self.machine.keys["vcek"].certificate.extensions
        values: dict[str, bytes | None] = {
            extension.oid.dotted_string: extension.value.value
            for extension in original
            if extension.oid.dotted_string.startswith(AMD)
        }
        for oid, value in {**values, **(extensions or {})}.items():
            if value is not None:
                unrecognized = x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)
                builder = builder.add_extension(unrecognized, critical=False)
        end = self.sign(builder, self.keys.chip_intermediate, sign or {})
        return [end, between], top

    def authority(self, name: str, issuer: str, key: Any, issuer_key: Any, changes: dict[str, Any]) -> x509.Certificate:
        builder = self.builder(changes.get("name", name), issuer, **changes.get("time", {}))
        builder = builder.public_key(changes.get("key", key).public_key())
        if changes.get("basic", True):
            ca = changes.get("ca", True)
            basic = x509.BasicConstraints(ca, changes.get("length") if ca else None)
            builder = builder.add_extension(basic, critical=True)
        signs = changes.get("signs", True)
        usage = x509.KeyUsage(not signs, False, False, False, False, signs, False, False, False)
        builder = builder.add_extension(usage, critical=True)
        if "critical" in changes:
            odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            builder = builder.add_extension(odd, critical=True)
        return self.sign(builder, changes.get("signer", issuer_key), changes)

    def builder(
        self, name: str, issuer: str, *, first: datetime = START, last: datetime = START + timedelta(days=900)
    ) -> x509.CertificateBuilder:
        def named(common: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

        return (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(named(issuer))
            .serial_number(7)
            .not_valid_before(first)
            .not_valid_after(last)
        )

    @staticmethod
    def sign(builder: x509.CertificateBuilder, key: Any, changes: dict[str, Any]) -> x509.Certificate:
        digest = changes.get("digest", hashes.SHA384())
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return builder.sign(key, digest)
        return builder.sign(key, digest, rsa_padding=changes.get("padding", PSS))

    def appraise(self, **changes: Any) -> Any:
        certificates, root = self.chain(**changes)
        key = changes.get("leaf_key") or self.leaf_key
        report = self.machine.report()
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP384R1):
            report = EndorsementKey(key, certificates[0], (certificates[1], root)).sign(report[:0x2A0])
        return verify(report, certificates=certificates, anchors=[root], at=AT)


@pytest.fixture(scope="module")
def builder(authority_keys: Any, genoa: Machine) -> Builder:
    return Builder(authority_keys, genoa)


def test_the_builder_makes_good_chains(builder: Builder) -> None:
    assert (builder.appraise().reason, builder.appraise().verdict) == (None, Verdict.PASS)


WEAK_PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 32)
OTHER_MASK = padding.PSS(padding.MGF1(hashes.SHA256()), 48)
LATE = {"first": AT + timedelta(days=1)}
EARLY = {"last": AT - timedelta(days=1)}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sign": {"padding": WEAK_PSS}}, "is not signed by"),
        ({"sign": {"padding": OTHER_MASK}}, "is not signed by"),
        ({"sign": {"padding": padding.PKCS1v15()}}, "is not signed with RSA PSS"),
        ({"sign": {"digest": hashes.SHA256()}}, "is not signed with RSA PSS"),
        ({"sign": {"digest": hashes.SHA512()}}, "is not signed with RSA PSS"),
        ({"middle": {"padding": WEAK_PSS}}, "is not signed by"),
        ({"middle": {"padding": padding.PKCS1v15()}}, "is not signed with RSA PSS"),
        ({"root": {"padding": WEAK_PSS}}, "is not signed by"),
        ({"middle": {"time": LATE}}, "not valid yet"),
        ({"middle": {"time": EARLY}}, "expired"),
        ({"root": {"time": EARLY}}, "expired"),
        ({"root": {"time": LATE}}, "not valid yet"),
        ({"middle": {"ca": False}}, "not one of an authority"),
        ({"middle": {"basic": False}}, "not one of an authority"),
        ({"root": {"basic": False}}, "not one of an authority"),
        ({"root": {"ca": False}}, "not one of an authority"),
        ({"root": {"length": 0}}, "does not allow 1 authorities"),
        ({"middle": {"signs": False}}, "may not sign certificates"),
        ({"root": {"signs": False}}, "may not sign certificates"),
        ({"middle": {"critical": True}}, "1.2.3.4"),
        ({"root": {"critical": True}}, "1.2.3.4"),
        ({"name": "SEV-VLEK"}, "made out to 'SEV-VLEK'"),
        ({"name": "Somebody"}, "is missing"),
        ({"extensions": {f"{AMD}.4": None}}, "names neither"),
        ({"extensions": {f"{AMD}.5": b"\x16\x01x"}}, "names both"),
        ({"extensions": {f"{AMD}.4": bytes(63)}}, "has 63 bytes"),
        ({"extensions": {f"{AMD}.4": bytes(8)}}, "has 8 bytes"),
        ({"extensions": {f"{AMD}.1": None}}, "structure version"),
        ({"extensions": {f"{AMD}.2": None}}, "product name"),
        ({"extensions": {f"{AMD}.2": b"\x16\x05Spain"}}, "no known product"),
        ({"extensions": {f"{AMD}.2": b"\x04\x05Genoa"}}, "product name"),
        ({"extensions": {f"{AMD}.2": b"\x16\x06Genoa"}}, "product name"),
        ({"extensions": {f"{AMD}.2": b"\x16\x06Genoa\0"}}, "printable"),
        ({"extensions": {f"{AMD}.2": b"\x16\x05Geno\xe0"}}, "printable"),
        ({"extensions": {f"{AMD}.3.1": None}}, "TCB bootloader"),
        ({"extensions": {f"{AMD}.3.1": b"\x02\x01\x0b"}}, "derived for another TCB"),
        ({"extensions": {f"{AMD}.3.1": b"\x02\x02\x00\x0a"}}, "no number"),
        ({"extensions": {f"{AMD}.3.1": b"\x02\x02\x01\x0a"}}, "no number"),
        ({"extensions": {f"{AMD}.3.1": b"\x02\x01\x8a"}}, "no number"),
        ({"extensions": {f"{AMD}.3.1": b"\x02\x01\x0a\x00"}}, "TCB bootloader"),
        ({"extensions": {f"{AMD}.3.4": b"\x02\x01\x01"}}, "reserved"),
        ({"extensions": {f"{AMD}.3.9": b"\x02\x01\x01"}}, "fmc"),
    ],
)
def test_a_chain_that_is_wrong_in_one_thing(builder: Builder, changes: dict[str, Any], reason: str) -> None:
    appraisal = builder.appraise(**changes)
    assert appraisal.verdict is Verdict.FAIL
    assert reason in str(appraisal.reason), appraisal.reason


def test_the_key_above_must_be_there_for_this_kind_of_key(builder: Builder, genoa: Machine) -> None:
    extensions = {f"{AMD}.4": None, f"{AMD}.5": b"\x16\x05cloud"}
    certificates, root = builder.chain(name="SEV-VLEK", extensions=extensions)
    report = EndorsementKey(builder.leaf_key, certificates[0], (certificates[1], root)).sign(
        genoa.report("vlek")[:0x2A0]
    )
    refused = verify(report, certificates=certificates, anchors=[root], at=AT)
    assert "is not SEV-VLEK-Genoa" in str(refused.reason)


def test_a_pinned_root_needs_no_word_of_the_relying_party(
    machine_of: Callable[..., Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = machine_of(Product.GENOA, marked=False)
    root = machine.authority.root
    key = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    certificates = [*machine.certificates(), root]
    for product in Product:
        monkeypatch.setattr(snp_chain, "ROOTS", {hashlib.sha256(key).hexdigest(): product})
        appraisal = verify(machine.report(), certificates=certificates, at=AT)
        if product is Product.GENOA:
            assert (appraisal.reason, appraisal.warnings) == (None, ())
        else:
            assert "not the name of the root" in str(appraisal.reason)


def test_an_identifier_with_its_tag(builder: Builder, genoa: Machine) -> None:
    assert builder.appraise(extensions={f"{AMD}.4": b"\x04\x40" + genoa.chip_id}).verdict is Verdict.PASS


def test_keys_that_are_none_of_amds(builder: Builder) -> None:
    for key in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)):
        assert str(builder.appraise(leaf_key=key).reason).startswith("signature: ")
    small = rsa.generate_private_key(65537, 2048)
    reason = str(builder.appraise(root={"key": small, "signer": small}, middle={"signer": small}).reason)
    assert "RSA with 4096 bits" in reason
    curve = ec.generate_private_key(ec.SECP384R1())
    reason = str(builder.appraise(root={"key": curve, "signer": curve}, middle={"signer": curve}).reason)
    assert "is not signed with RSA PSS" in reason
    other = rsa.generate_private_key(65537, 4096)
    assert "is not signed by" in str(builder.appraise(middle={"signer": other}).reason)


def test_no_bit_of_the_chain_can_be_changed(genoa: Machine) -> None:
    report = genoa.report()
    leaf, middle = map(der, genoa.certificates())
    root = der(genoa.authority.root)
    for part in (leaf, middle, root):
        for position in range(0, len(part), 3):
            changed = bytearray(part)
            changed[position] ^= 1 << position % 8
            try:
                [altered] = load_certificates(bytes(changed))
            except CertificateFileError:
                continue
            parts = [load_certificates(entry)[0] if entry is not part else altered for entry in (leaf, middle)]
            anchors = [altered if part is root else genoa.authority.root]
            if part is root and genoa.appraise(report, certificates=parts, anchors=anchors).verdict is Verdict.PASS:
                raise AssertionError(position)
            assert genoa.appraise(report, certificates=parts, anchors=anchors).verdict is Verdict.FAIL, position


def test_a_copy_of_amds_names_is_not_amd(genoa: Machine) -> None:
    assert set(ROOTS.values()) == set(Product)
    assert is_emulated_root(genoa.authority.root)
    assert not is_emulated_root(genoa.authority.chip_intermediate)
