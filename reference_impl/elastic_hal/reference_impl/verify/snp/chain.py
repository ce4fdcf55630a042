"""The way from a report's signing key to AMD: VCEK or VLEK, its signing key (ASK or ASVK), and the root key (ARK).

The certificates may come from anywhere and in any order. What counts is the root: one of AMD's, which are pinned here
by the digests of their keys, or one that the relying party names.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import SignatureAlgorithmOID

from elastic_hal.reference_impl.verify.chain import (
    ChainError,
    check_authority,
    check_critical_extensions,
    check_validity,
    has_whole_signature,
    shown_name,
)
from elastic_hal.reference_impl.verify.emulated import is_emulated

from .certificates import common_name, is_signing_key, read_signing_key
from .errors import SnpError
from .tcb import Product

ROOTS: Final = {
    "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9": Product.MILAN,
    "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831": Product.GENOA,
    "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08": Product.TURIN,
}
"""SHA-256 of the SubjectPublicKeyInfo of AMD's root keys."""

MAX_CERTIFICATES: Final = 64
MAX_CERTIFICATE_BYTES: Final = 16_384
"""AMD's have less than 2,000. What is remembered of chains holds their certificates, which strangers may have sent."""
_RSA_BITS: Final = 4096
_SALT_BYTES: Final = 48
_KINDS: Final = {"vcek": "SEV-", "vlek": "SEV-VLEK-"}


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain whose signatures are good, from the key that signs reports up to a root that is trusted.

    `by_amd` tells a pinned root from one that the relying party named; `emulated` that some certificate says so.
    """

    signer: x509.Certificate
    intermediate: x509.Certificate
    root: x509.Certificate
    by_amd: bool
    emulated: bool


def validate_chain(
    kind: str,
    certificates: Iterable[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
    signed: Callable[[x509.Certificate], bool],
) -> Chain:
    """Find the chain for a key of `kind` (`vcek` or `vlek`) and validate it. Raises `ChainError`, and nothing else.

    Where there are certificates of several such keys, `signed` tells the one whose key signed the report.
    """
    try:
        every = _distinct([*certificates, *anchors])
        return _validate(kind, _signer(kind, every, signed), every, anchors, at)
    except ChainError:
        raise
    except SnpError as error:
        raise ChainError(str(error)) from None
    # Parts of a certificate are parsed when they are first looked at, and a hostile one can fail in any of them.
    except Exception as error:
        raise ChainError(f"a certificate cannot be read ({type(error).__name__})") from None


def verify_pss(issuer: x509.Certificate, signature: bytes, signed: bytes) -> bool:
    """Tell whether an authority's key made a signature in the one way that AMD's do."""
    key = issuer.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size != _RSA_BITS:
        raise ChainError(f"the key of {shown_name(issuer.subject)} is not RSA with {_RSA_BITS} bits")
    way = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=_SALT_BYTES)
    try:
        key.verify(signature, signed, way, hashes.SHA384())
    # A signature of the wrong length fails in another way than a wrong one.
    except Exception:
        return False
    return True


def _distinct(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    distinct = {certificate.public_bytes(Encoding.DER): certificate for certificate in certificates}
    if any(len(encoded) > MAX_CERTIFICATE_BYTES for encoded in distinct):
        raise ChainError(f"a certificate has more than {MAX_CERTIFICATE_BYTES} bytes")
    if len(distinct) > MAX_CERTIFICATES:
        raise ChainError(f"there are {len(distinct)} certificates, more than {MAX_CERTIFICATES}")
    return list(distinct.values())


def _validate(
    kind: str,
    signer: x509.Certificate,
    certificates: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
) -> Chain:
    intermediate = _issuer(signer, certificates)
    root = _issuer(intermediate, certificates)
    if intermediate == root:
        raise ChainError(f"the root key of {shown_name(root.subject)} signed the {kind.upper()} itself")
    _check_signed(root, root)
    by_amd = _check_root(root, anchors)
    for certificate in (signer, intermediate, root):
        check_validity(certificate, at)
        check_critical_extensions(certificate)
    check_authority(intermediate, 0)
    check_authority(root, 1)
    _check_names(kind, signer, intermediate, root)
    return Chain(signer, intermediate, root, by_amd, any(map(is_emulated, (signer, intermediate, root))))


def _signer(
    kind: str, certificates: Sequence[x509.Certificate], signed: Callable[[x509.Certificate], bool]
) -> x509.Certificate:
    found = [
        certificate
        for certificate in certificates
        if is_signing_key(certificate) and read_signing_key(certificate).kind == kind
    ]
    if not found:
        raise ChainError(f"the certificate of the {kind.upper()} is missing; give it along with the evidence")
    if len(found) == 1:
        return found[0]
    for certificate in found:
        if signed(certificate):
            return certificate
    raise ChainError(f"none of the {len(found)} certificates of a {kind.upper()} is of the key that signed")


def _issuer(subject: x509.Certificate, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    named = [certificate for certificate in certificates if certificate.subject == subject.issuer]
    if not named:
        raise ChainError(f"the certificate of {shown_name(subject.issuer)} is missing; give it along with the evidence")
    failures: list[ChainError] = []
    for issuer in named:
        try:
            _check_signed(subject, issuer)
        except ChainError as error:
            failures.append(error)
        else:
            return issuer
    raise failures[0]


def _check_signed(subject: x509.Certificate, issuer: x509.Certificate) -> None:
    fault = _fault_of_signature(subject, issuer)
    if fault is not None:
        raise ChainError(fault)


@lru_cache(maxsize=256)
def _fault_of_signature(subject: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Say why `issuer` did not sign with RSA-4096 PSS, SHA-384 for both hashes, and a salt of 48 bytes.

    The answer stays the same for the same two certificates, and most of them come again and again.
    """
    name = shown_name(subject.subject)
    parameters = subject.signature_algorithm_parameters
    stated_well = (
        subject.signature_algorithm_oid == SignatureAlgorithmOID.RSASSA_PSS
        and isinstance(parameters, padding.PSS)
        and isinstance(subject.signature_hash_algorithm, hashes.SHA384)
    )
    if not stated_well:
        return f"the certificate of {name} is not signed with RSA PSS and SHA-384"
    if not (has_whole_signature(subject) and verify_pss(issuer, subject.signature, subject.tbs_certificate_bytes)):
        return f"the certificate of {name} is not signed by {shown_name(issuer.subject)}"
    try:
        # This also compares the two places where a certificate states its algorithm, of which one is not signed.
        subject.verify_directly_issued_by(issuer)
    except Exception:
        return f"the certificate of {name} states another algorithm than it is signed with"
    return None


def _check_root(root: x509.Certificate, anchors: Sequence[x509.Certificate]) -> bool:
    """Tell AMD's root (True) from one that the relying party names (False), and refuse any other."""
    encoded = root.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    product = ROOTS.get(hashlib.sha256(encoded).hexdigest())
    if product is not None:
        if common_name(root.subject) != f"ARK-{product.value}":
            raise ChainError(f"{shown_name(root.subject)} is not the name of the root of {product.value}")
        return True
    if root not in anchors:
        hint = "emulated, and not named as trusted" if is_emulated(root) else "neither AMD's nor named as trusted"
        raise ChainError(f"unknown root: {shown_name(root.subject)} is {hint}")
    return False


def _check_names(kind: str, signer: x509.Certificate, intermediate: x509.Certificate, root: x509.Certificate) -> None:
    """Check that all three speak of one product, and that the middle one is there for this kind of key."""
    product = read_signing_key(signer).product.value
    if common_name(root.subject) != f"ARK-{product}":
        raise ChainError(f"the {kind.upper()} is of {product}, the root {shown_name(root.subject)} is not")
    expected = f"{_KINDS[kind]}{product}"
    if common_name(intermediate.subject) != expected:
        raise ChainError(f"{shown_name(intermediate.subject)} is not {expected}, which certifies such a key")
