"""Certificates by their bytes: the public key that is in one, and the order in which they lead towards a root."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from .der import FIRST_TAGGED, SEQUENCE, DerError, first_element, only_element

_FIELDS_BEFORE_KEY: Final = 5


def public_key_digest(certificate: bytes) -> bytes | None:
    """Give SHA-256 of a certificate's SubjectPublicKeyInfo; None where it has none."""
    key = public_key_info(certificate)
    return None if key is None else hashlib.sha256(key).digest()


def public_key_info(certificate: bytes) -> bytes | None:
    """Give a certificate's SubjectPublicKeyInfo, as its bytes are there; None where it has none."""
    try:
        signed = first_element(only_element(certificate).expect(SEQUENCE).content).expect(SEQUENCE)
        fields = list(signed.children())
    except DerError:
        return None
    # The version stands first where it is not 1; then number, algorithm, issuer, dates, subject, and the key.
    position = _FIELDS_BEFORE_KEY + (bool(fields) and fields[0].tag == FIRST_TAGGED)
    if len(fields) <= position or fields[position].tag != SEQUENCE:
        return None
    return fields[position].whole


def in_order(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Put a certificate first, and after it those of the others that lead from it towards a root."""
    chain, left = [leaf], list(others)
    while chain[-1].issuer != chain[-1].subject:
        issuer = next((other for other in left if _issued(other, chain[-1])), None)
        if issuer is None:
            break
        left.remove(issuer)
        chain.append(issuer)
    return chain


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
