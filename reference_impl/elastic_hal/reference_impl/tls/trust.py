"""How the other end has to prove who it is: what OpenSSL verifies by, and what is looked at besides.

Every kind of trust has OpenSSL demand a certificate and the proof that the other end holds its key. With roots, OpenSSL
builds the chain and checks dates, purpose and constraints (RFC 5280), and the name is checked by RFC 9525 before the
handshake goes on. With public keys or with anybody, nothing of that counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from OpenSSL import SSL, crypto
from service_identity.cryptography import verify_certificate_hostname, verify_certificate_ip_address

from elastic_hal.runtime.network_grants import IpAddress

from ..bindings.elastic_hal import tls as wit
from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES, check_size
from .bounds import MOST_PUBLIC_KEYS, MOST_ROOTS
from .certificates import public_key_digest

_DIGEST_BYTES: Final = 32

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_FOLDERS: Final = ("/etc/ssl/certs", "/etc/pki/tls/certs")

_Verify: TypeAlias = Callable[[SSL.Connection, crypto.X509, int, int, int], bool]


def demand_proof(context: SSL.Context, trust: wit.Trust, name: str | IpAddress | None) -> None:
    """Set a context up to demand a certificate of the other end, for that name where there is one."""
    match trust:
        case wit.Trust_System():
            _use_system_roots(context)
            verify = _for_name(name)
        case wit.Trust_Roots(value=roots):
            _use_roots(context, roots)
            verify = _for_name(name)
        case wit.Trust_PublicKeys(value=digests):
            verify = _for_public_keys(digests)
        case _:
            verify = _anyone
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)


def _anyone(_tls: SSL.Connection, _certificate: crypto.X509, _error: int, _depth: int, _ok: int) -> bool:
    return True


def _for_name(name: str | IpAddress | None) -> _Verify:
    def verify(_tls: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, ok: int) -> bool:
        return bool(ok) and (depth > 0 or name is None or _is_for(certificate, name))

    return verify


def _is_for(certificate: crypto.X509, name: str | IpAddress) -> bool:
    try:
        presented = certificate.to_cryptography()
        if isinstance(name, str):
            verify_certificate_hostname(presented, name)
        else:
            verify_certificate_ip_address(presented, str(name))
    except Exception:
        # The certificate is anybody's bytes: one that does not fit, or that a parser chokes on, is for no name.
        return False
    return True


def _for_public_keys(digests: list[bytes]) -> _Verify:
    if not 1 <= len(digests) <= MOST_PUBLIC_KEYS:
        raise types.Error_InvalidArgument(f"trust: has {len(digests)} public keys, not 1 to {MOST_PUBLIC_KEYS}")
    if any(len(digest) != _DIGEST_BYTES for digest in digests):
        raise types.Error_InvalidArgument(f"trust: a digest of a public key has {_DIGEST_BYTES} bytes")
    trusted = frozenset(digests)

    def verify(_tls: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, _ok: int) -> bool:
        return depth > 0 or public_key_digest(crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)) in trusted

    return verify


def _use_roots(context: SSL.Context, roots: list[bytes]) -> None:
    if not 1 <= len(roots) <= MOST_ROOTS:
        raise types.Error_InvalidArgument(f"trust: has {len(roots)} roots, not 1 to {MOST_ROOTS}")
    # Each connection has its own copy, so that all of them together count.
    total = sum(map(len, roots))
    if total > MAX_DATA_BYTES:
        largest = max(range(len(roots)), key=lambda number: len(roots[number]))
        check_size(f"trust: root {largest}", roots[largest])
        raise types.Error_LimitExceeded(f"trust: the roots have {total} bytes, more than {MAX_DATA_BYTES} in all")
    store = _store(context)
    # Whoever is named as a root is one (RFC 5280, section 6.1.1), whether its certificate signs itself or not.
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for number, root in enumerate(roots):
        try:
            store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(root)))
        except (ValueError, crypto.Error):
            raise types.Error_InvalidArgument(f"trust: root {number} is no certificate in DER") from None


def _use_system_roots(context: SSL.Context) -> None:
    """Use the places that OpenSSL's own variables name, else the first that a Linux distribution uses."""
    bundle, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if bundle is None and folder is None:
        # A folder is preferred: OpenSSL looks up in it what it needs, while it reads the whole of a bundle.
        folder = next((place for place in _FOLDERS if _has_hashed_names(place)), None)
        bundle = next((place for place in _BUNDLES if Path(place).is_file()), None) if folder is None else None
    bundle = bundle if bundle is not None and Path(bundle).is_file() else None
    folder = folder if folder is not None and _has_hashed_names(folder) else None
    if bundle is None and folder is None:
        raise types.Error_Unsupported("trust in the system's roots: the host has none")
    try:
        context.load_verify_locations(bundle, folder)
    except SSL.Error:
        raise types.Error_Unsupported("trust in the system's roots: the host's cannot be read") from None


def _has_hashed_names(folder: str) -> bool:
    """Tell whether a folder holds certificates under the names by which OpenSSL finds them."""
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False


def _store(context: SSL.Context) -> crypto.X509Store:
    store = context.get_cert_store()
    if store is None:
        raise RuntimeError("a context of OpenSSL has no store of certificates")
    return store
