"""Chains of certificates as quotes and collateral carry them: PEM, the signer's first, the root last or left out.

Chains are not covered by the signatures that they explain, so that a changed one could pass unseen. Therefore each is
read strictly: the text must be the one way to write its certificates down, and each certificate must be signed.
"""

import functools
import hashlib
import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elastic_hal.reference_impl.verify.certificate_files import CertificateFileError, load_certificates
from elastic_hal.reference_impl.verify.chain import (
    ChainError,
    check_authority,
    check_critical_extensions,
    check_validity,
    is_issued,
    shown_name,
)

INTEL_ROOT_KEY: Final = bytes.fromhex("a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e")
"""SHA-256 of the SubjectPublicKeyInfo of Intel's root of SGX and TDX."""

_MOST_CERTIFICATES: Final = 4
_MOST_BYTES: Final = 32_768
_REMEMBERED: Final = 64
"""Many machines share what stands above their own certificate; what was found to be signed stays so."""
_is_issued: Final = functools.lru_cache(4 * _REMEMBERED)(is_issued)


@functools.lru_cache(_REMEMBERED)
def read_chain(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read a chain, or raise `ChainError`."""
    if len(pem) > _MOST_BYTES:
        raise ChainError(f"the chain has more than {_MOST_BYTES} bytes")
    try:
        chain = load_certificates(pem) if b"-----BEGIN" in pem else []
    except CertificateFileError as error:
        raise ChainError(str(error)) from None
    if not 2 <= len(chain) <= _MOST_CERTIFICATES:
        raise ChainError(f"there are {len(chain)} certificates, not 2 to {_MOST_CERTIFICATES}")
    written = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    # The end of the last line is often lost; then nothing may stand in its place.
    if pem.replace(b"\r\n", b"\n") not in (written, written[:-1], written + b"\0"):
        raise ChainError("there is something beside the certificates, or one is written in an unusual way")
    return tuple(chain)


def find_root(chains: Sequence[Sequence[x509.Certificate]], anchors: Sequence[x509.Certificate]) -> x509.Certificate:
    """Find the root that is trusted and that the first chain ends at: Intel's or an anchor; else raise `ChainError`."""
    last = chains[0][-1]
    named = {anchor.public_bytes(Encoding.DER) for anchor in anchors}
    for candidate in (*(chain[-1] for chain in chains), *anchors):
        trusted = candidate.public_bytes(Encoding.DER) in named or is_intel_root(candidate)
        if trusted and _is_issued(candidate, candidate) and _is_issued(last, candidate):
            return candidate
    raise ChainError(f"unknown root: {shown_name(last.issuer)} is neither Intel's nor one that you named")


def is_intel_root(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is of the key of Intel's root."""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(key).digest() == INTEL_ROOT_KEY


def check_chain(chain: Sequence[x509.Certificate], root: x509.Certificate, at: datetime, *, authority: bool) -> None:
    """Check that a chain leads to the root at a time, or raise `ChainError`.

    `authority` says whether the first certificate is that of an authority, or of a key that signs other things.
    """
    path = list(chain)
    if path[-1].public_bytes(Encoding.DER) != root.public_bytes(Encoding.DER):
        path.append(root)
    for certificate in path:
        check_validity(certificate, at)
        check_critical_extensions(certificate)
    for subject, issuer in itertools.pairwise(path):
        _check_issued(subject, issuer)
    first = 0 if authority else 1
    for below, issuer in enumerate(path[first:]):
        check_authority(issuer, below)


def _check_issued(subject: x509.Certificate, issuer: x509.Certificate) -> None:
    if not _is_issued(subject, issuer):
        names = f"the certificate of {shown_name(subject.subject)} is not signed by {shown_name(issuer.subject)}"
        raise ChainError(names)
