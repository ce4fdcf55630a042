"""Revocation lists: whose word counts, when, and against which certificates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify import (
    AppraisalPolicy,
    load_revocation_lists,
)
from elastic_hal.reference_impl.verify.snp.policy import SnpPolicy

Machine = Any
START = datetime(2026, 1, 1, tzinfo=UTC)
AT = datetime(2026, 6, 1, tzinfo=UTC)
PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 48)
WEAK_PSS = padding.PSS(padding.MGF1(hashes.SHA384()), 32)


def revocation_list(
    machine: Machine, keys: Any, *serials: int, first: datetime = START, last: datetime = AT, **changes: Any
) -> x509.CertificateRevocationList:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(changes.get("issuer", machine.authority.root.subject))
        .last_update(first)
        .next_update(last)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(START).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(
        changes.get("key", keys.root), changes.get("digest", hashes.SHA384()), rsa_padding=changes.get("padding", PSS)
    )


def test_revocation(genoa: Machine, milan: Machine, authority_keys: Any) -> None:
    def appraise(*lists: x509.CertificateRevocationList, **options: Any) -> str | None:
        reason: str | None = genoa.appraise(genoa.report(), revocation_lists=lists, **options).reason
        return reason

    good = revocation_list(genoa, authority_keys, 12345)
    assert appraise(good) is None
    revoked = genoa.certificates()[1].serial_number
    assert "is revoked" in str(appraise(revocation_list(genoa, authority_keys, 12345, revoked)))
    assert "is revoked" in str(appraise(good, revocation_list(genoa, authority_keys, revoked)))
    assert "expired" in str(appraise(revocation_list(genoa, authority_keys, last=AT - timedelta(seconds=1))))
    assert "not valid before" in str(
        appraise(revocation_list(genoa, authority_keys, first=AT + timedelta(1), last=AT + timedelta(2)))
    )
    assert "no list is of this chain" in str(appraise(revocation_list(milan, authority_keys)))
    assert appraise(revocation_list(milan, authority_keys), good) is None
    for changes in ({"key": authority_keys.chip_intermediate}, {"padding": WEAK_PSS}, {"digest": hashes.SHA256()}):
        assert "not signed by the authority" in str(appraise(revocation_list(genoa, authority_keys, **changes)))
    leaf, middle = genoa.certificates()
    of_the_middle = {"issuer": middle.subject, "key": authority_keys.chip_intermediate}
    assert appraise(revocation_list(genoa, authority_keys, **of_the_middle)) is None
    assert "is revoked" in str(appraise(revocation_list(genoa, authority_keys, leaf.serial_number, **of_the_middle)))
    demanding = AppraisalPolicy(allow_emulated=True, snp=SnpPolicy(require_revocation_list=True))
    assert str(appraise(policy=demanding)).startswith("revocation: ")
    assert appraise(good, policy=demanding) is None
    for encoding in (Encoding.PEM, Encoding.DER):
        assert load_revocation_lists(good.public_bytes(encoding)) == [good]
