"""A private key with its certificates, as either end of a connection shows them (SOC-7, SOC-8)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from elastic_hal.common import clock

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import tls as wit
from ..crypto.asymmetric import SigningHalf
from ..crypto.keys import own, require_usage
from .bounds import MOST_NAME_BYTES, MOST_VALID_SECONDS
from .certificate_keys import CertificateKey

_NAME: Final = re.compile(r"[A-Za-z0-9.-]+")
_VALID_BEFORE: Final = datetime.timedelta(hours=1)


class KeyContext(wit.KeyContext):
    """The key stays in the `cryptography` library, and in the contexts of OpenSSL that are made of it."""

    def __init__(self, key: CertificateKey, chain: list[x509.Certificate]) -> None:
        self._key: CertificateKey | None = key
        self._chain = chain
        self.dropped: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"<TLS key with {len(self._chain)} certificates>"

    def __reduce__(self) -> str:
        raise TypeError("a key cannot be pickled or copied")

    @property
    def key(self) -> CertificateKey:
        """The private key, for connections."""
        if self._key is None:
            raise types.Error_InvalidState("the key was dropped")
        return self._key

    @property
    def chain(self) -> list[x509.Certificate]:
        """The certificates, that of the key first."""
        return self._chain

    def certificates(self) -> list[bytes]:
        """Give them in DER."""
        return [certificate.public_bytes(Encoding.DER) for certificate in self._chain]

    def drop(self) -> None:
        """Let the key go; connections and listeners have their own."""
        self._key = None
        self.dropped()


def self_signed(key: crypto.Key, name: str, seconds: int) -> KeyContext:
    """Make a certificate that a key of the host signs itself."""
    held = own(key)
    private = held.material
    library_key = private.library_key if isinstance(private, SigningHalf) else None
    if not isinstance(library_key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) or (
        isinstance(library_key, ec.EllipticCurvePrivateKey) and library_key.curve.name not in _HASHES
    ):
        raise types.Error_InvalidArgument("key: is no private key of ECDSA on P-256 or P-384, or of Ed25519")
    require_usage(held, crypto.KeyUsage.SIGN)
    if not _NAME.fullmatch(name) or len(name) > MOST_NAME_BYTES:
        raise types.Error_InvalidArgument(
            f"name: must have 1 to {MOST_NAME_BYTES} letters, digits, hyphens and dots, all of ASCII"
        )
    if not 1 <= seconds <= MOST_VALID_SECONDS:
        raise types.Error_InvalidArgument(f"seconds: is {seconds}, not 1 to {MOST_VALID_SECONDS}")
    return KeyContext(library_key, [_certificate(library_key, name, seconds)])


_HASHES: Final[dict[str, hashes.SHA256 | hashes.SHA384]] = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384()}


def _certificate(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, name: str, seconds: int
) -> x509.Certificate:
    try:
        now = clock.now()
    except clock.ClockError as error:
        raise types.Error_Internal(f"no certificate can be dated: {error}") from None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    public = key.public_key()
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE)
        .not_valid_after(now + datetime.timedelta(seconds=seconds))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )
    return builder.sign(key, _HASHES[key.curve.name] if isinstance(key, ec.EllipticCurvePrivateKey) else None)


def own_context(keys: wit.KeyContext) -> KeyContext:
    """Narrow a key context of the contract to one of this implementation; the handle table holds no others."""
    if not isinstance(keys, KeyContext):
        raise TypeError("the key context was made by another provider")
    return keys
