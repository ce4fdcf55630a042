"""Revocation lists of AMD's hierarchy: signed by the root, they name the intermediate certificates that are void."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import SignatureAlgorithmOID

from elastic_hal.reference_impl.verify.appraisal import Check, Verdict
from elastic_hal.reference_impl.verify.chain import ChainError, has_whole_signature

from .chain import Chain, verify_pss

REVOCATION = "revocation"


def check_revocation(
    chain: Chain, lists: Sequence[x509.CertificateRevocationList], at: datetime, required: bool
) -> Check:
    """Judge the chain by the lists that its root or its intermediate certificate signed."""
    if not lists:
        verdict = Verdict.FAIL if required else Verdict.NOT_CHECKED
        return Check(REVOCATION, verdict, None, None, "no revocation list was given")
    expected = "a valid list that does not name the chain"
    try:
        looked_at = sum(_clears(chain, entry, at) for entry in lists)
    except ChainError as error:
        return Check(REVOCATION, Verdict.FAIL, None, expected, str(error))
    except Exception as error:  # parts of a list are parsed when they are first looked at
        detail = f"a revocation list cannot be read ({type(error).__name__})"
        return Check(REVOCATION, Verdict.FAIL, None, expected, detail)
    if not looked_at:
        return Check(REVOCATION, Verdict.FAIL, None, expected, "no list is of this chain's root")
    return Check(REVOCATION, Verdict.PASS, f"not revoked, by {looked_at} of {len(lists)} lists", expected)


def _clears(chain: Chain, revoked: x509.CertificateRevocationList, at: datetime) -> bool:
    """Tell whether a list speaks for this chain. Raises `ChainError` where it revokes it, or is not valid."""
    below = {chain.root: chain.intermediate, chain.intermediate: chain.signer}
    for issuer, subject in below.items():
        if revoked.issuer != issuer.subject:
            continue
        if not _is_signed(revoked, issuer):
            raise ChainError("the revocation list is not signed by the authority that it names")
        _check_time(revoked, at)
        if revoked.get_revoked_certificate_by_serial_number(subject.serial_number) is not None:
            raise ChainError(f"the certificate with serial number {subject.serial_number:#x} is revoked")
        return True
    return False


def _is_signed(revoked: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    stated_well = revoked.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS and isinstance(
        revoked.signature_hash_algorithm, hashes.SHA384
    )
    if not stated_well or not has_whole_signature(revoked):
        return False
    if not verify_pss(issuer, revoked.signature, revoked.tbs_certlist_bytes):
        return False
    # This also compares the two places where a list states its algorithm, of which one is not signed.
    return revoked.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]


def _check_time(revoked: x509.CertificateRevocationList, at: datetime) -> None:
    first, last = revoked.last_update_utc, revoked.next_update_utc
    if at < first:
        raise ChainError(f"the revocation list is not valid before {first:%Y-%m-%dT%H:%M:%SZ}")
    if last is not None and at > last:
        raise ChainError(f"the revocation list expired on {last:%Y-%m-%dT%H:%M:%SZ}")
