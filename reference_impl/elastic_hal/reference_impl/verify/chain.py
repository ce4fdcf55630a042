"""Validation of a certificate chain against given anchors (RFC 5280 section 6, the part that attestation keys need).

The order of the chain is the sender's: no path is searched. Names, signatures, validity at the stated time, basic
constraints, path length, key usage and unknown critical extensions are checked; revocation is not.
"""

import itertools
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

MAX_CERTIFICATES: Final = 8

_STRONG_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_STRONG_CURVES: Final = {"secp256r1", "secp384r1", "secp521r1"}
_LEAST_RSA_BITS: Final = 2048
_HANDLED_EXTENSIONS: Final = {x509.BasicConstraints.oid, x509.KeyUsage.oid}

_E = TypeVar("_E", bound=x509.ExtensionType)


class ChainError(Exception):
    """The chain does not lead from the signing key to an anchor. The text says why."""


def validate_chain(
    encoded: Sequence[bytes], anchors: Sequence[x509.Certificate], at: datetime
) -> tuple[x509.Certificate, x509.Certificate]:
    """Validate DER certificates, the signing key's first, and give its certificate and the anchor that vouches for it.

    Raises `ChainError`, and nothing else, for whatever is wrong with the certificates.
    """
    try:
        return _validate(encoded, anchors, at)
    except ChainError:
        raise
    # Parts of a certificate are parsed when they are first looked at, and a hostile one can fail in any of them.
    except Exception as error:
        raise ChainError(f"a certificate cannot be read ({type(error).__name__})") from None


def _validate(
    encoded: Sequence[bytes], anchors: Sequence[x509.Certificate], at: datetime
) -> tuple[x509.Certificate, x509.Certificate]:
    if not 1 <= len(encoded) <= MAX_CERTIFICATES:
        raise ChainError(f"there are {len(encoded)} certificates, not 1 to {MAX_CERTIFICATES}")
    path = [x509.load_der_x509_certificate(der) for der in encoded]
    anchor_encodings = {anchor.public_bytes(Encoding.DER) for anchor in anchors}
    if len(path) > 1 and path[-1].public_bytes(Encoding.DER) in anchor_encodings:
        path.pop()
    anchor = _find_anchor(path[-1], anchors)
    path.append(anchor)
    for certificate in path:
        check_validity(certificate, at)
        check_critical_extensions(certificate)
    for subject, issuer in itertools.pairwise(path):
        _check_issued(subject, issuer)
    for below, authority in enumerate(path[1:]):
        check_authority(authority, below)
    _check_signer(path[0])
    return path[0], anchor


def _find_anchor(last: x509.Certificate, anchors: Sequence[x509.Certificate]) -> x509.Certificate:
    named = [anchor for anchor in anchors if anchor.subject == last.issuer]
    for anchor in named:
        if is_issued(last, anchor):
            return anchor
    if named:
        raise ChainError(
            f"unknown root: the issuer has the name of a trusted one, {shown_name(last.issuer)}, but not its key"
        )
    raise ChainError(f"unknown root: {shown_name(last.issuer)} is none of the {len(anchors)} trusted anchors")


def is_issued(subject: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether a certificate has the name and the signature of an issuer; never raises."""
    try:
        subject.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return has_whole_signature(subject)


def has_whole_signature(signed: x509.Certificate | x509.CertificateRevocationList) -> bool:
    """Tell whether no bit of the signature's last byte is declared unused.

    That number stands before the signature and is not signed. Where the last bits are zero, it could be changed, and
    there would be a second certificate, other than the one that was issued and just as valid.
    """
    return signed.public_bytes(Encoding.DER).endswith(b"\0" + signed.signature)


def _check_issued(subject: x509.Certificate, issuer: x509.Certificate) -> None:
    if not is_issued(subject, issuer):
        raise ChainError(
            f"the certificate of {shown_name(subject.subject)} is not signed by {shown_name(issuer.subject)}"
        )
    key = issuer.public_key()
    strong_key = (
        isinstance(key, ed25519.Ed25519PublicKey)
        or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _STRONG_CURVES)
        or (isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS)
    )
    digest = subject.signature_hash_algorithm
    strong_digest = isinstance(digest, _STRONG_HASHES) or (digest is None and isinstance(key, ed25519.Ed25519PublicKey))
    if not strong_key or not strong_digest:
        raise ChainError(
            f"the certificate of {shown_name(subject.subject)} is signed with an algorithm that is not allowed"
        )


def check_validity(certificate: x509.Certificate, at: datetime) -> None:
    """Check that a certificate is valid at the time."""
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= at <= last:
        state = "not valid yet" if at < first else "expired"
        period = f"{first:%Y-%m-%dT%H:%M:%SZ} to {last:%Y-%m-%dT%H:%M:%SZ}"
        raise ChainError(f"the certificate of {shown_name(certificate.subject)} is {state} (valid from {period})")


def check_critical_extensions(certificate: x509.Certificate) -> None:
    """Check that nothing which is marked as critical is left unread."""
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _HANDLED_EXTENSIONS:
            name, oid = shown_name(certificate.subject), extension.oid.dotted_string
            raise ChainError(f"the certificate of {name} has the critical extension {oid}, which is not understood")


def check_authority(certificate: x509.Certificate, authorities_below: int) -> None:
    """Check that a certificate may issue others, `authorities_below` of which lie between it and the signing key's."""
    name = shown_name(certificate.subject)
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is None or not basic.critical or not basic.value.ca:
        raise ChainError(f"the certificate of {name} is not one of an authority (basic constraints)")
    if basic.value.path_length is not None and authorities_below > basic.value.path_length:
        raise ChainError(f"the certificate of {name} does not allow {authorities_below} authorities below it")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.value.key_cert_sign:
        raise ChainError(f"the certificate of {name} may not sign certificates (key usage)")


def _check_signer(certificate: x509.Certificate) -> None:
    name = shown_name(certificate.subject)
    basic = _extension(certificate, x509.BasicConstraints)
    if basic is None or basic.value.ca:
        raise ChainError(f"the certificate of {name} is not one of a signing key (basic constraints)")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is None or not usage.value.digital_signature:
        raise ChainError(f"the certificate of {name} may not sign evidence (key usage)")


def _extension(certificate: x509.Certificate, kind: type[_E]) -> x509.Extension[_E] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def shown_name(name: x509.Name) -> str:
    """Show a name that a stranger may have chosen, on one short line."""
    return ascii(name.rfc4514_string()[:100])
