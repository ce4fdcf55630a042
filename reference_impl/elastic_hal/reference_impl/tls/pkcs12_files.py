"""Keys with their certificates from PKCS#12 files (RFC 7292).

Whether the password fits is settled by the file's MAC before anything else is believed: what is wrong after that is
wrong with the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..bindings.elastic_hal import types
from ..bounds import check_size
from ..crypto.asymmetric import MaterialError
from ..crypto.der_keys import read_pkcs8
from ..crypto.rsa_keys import checked_private
from ..unproven import unproven
from .bounds import MOST_CERTIFICATES, MOST_FILE_BYTES, MOST_PASSWORD_BYTES
from .certificate_keys import CertificateKey, certificate_key
from .certificates import in_order
from .der import DerError
from .key_contexts import KeyContext
from .pkcs12_password import Password
from .pkcs12_structure import (
    CERTIFICATE_BAG,
    KEY_BAG,
    SHROUDED_KEY_BAG,
    Bag,
    Encrypted,
    File,
    bags,
    read_encrypted,
    read_file,
)


def load_pkcs12(data: bytes, password: str) -> KeyContext:
    """Load the private key, and the certificates that lead from its own towards a root."""
    check_size("data", data, MOST_FILE_BYTES)
    if len(password.encode()) > MOST_PASSWORD_BYTES:
        raise types.Error_InvalidArgument(f"password: has more than {MOST_PASSWORD_BYTES} bytes")
    try:
        file = read_file(data)
        opened = _opened(file, password)
        if opened is None:
            raise unproven("the password does not open the PKCS#12 file, or the file was changed")
        found = [bag for part in file.parts() for bag in bags(_in_the_open(part, opened))]
        return _context(_key(found, opened), _certificates(found))
    except DerError as error:
        raise types.Error_InvalidArgument(f"data: is no PKCS#12 file that can be loaded: {error}") from None


def _opened(file: File, password: str) -> Password | None:
    """Give the spelling of the password that fits; None where none does."""
    if file.mac is None:
        raise DerError("it has no MAC, so that nobody can tell whether it was changed")
    spellings = [Password(password)] if password else [Password(password), Password(password, terminated=False)]
    return next((each for each in spellings if each.opens(file.mac, file.content)), None)


def _in_the_open(part: bytes | Encrypted, password: Password) -> bytes:
    return password.decrypt(part) if isinstance(part, Encrypted) else part


def _key(found: list[Bag], password: Password) -> CertificateKey:
    encoded = next(_keys(found, password), None)
    if encoded is None:
        raise DerError("it has no private key")
    try:
        # The library's own validation looks for primes in numbers of any size, while nothing else of the host runs.
        read = read_pkcs8(encoded)
        key = certificate_key(checked_private(read) if isinstance(read, rsa.RSAPrivateKey) else read)
    except MaterialError as error:
        raise DerError(f"its private key is of no kind that is used for connections: {error}") from None
    if key is None:
        raise DerError("its private key is of a kind that is not used for connections")
    return key


def _keys(found: list[Bag], password: Password) -> Iterator[bytes]:
    for bag in found:
        if bag.kind == KEY_BAG:
            yield bag.value.whole
        elif bag.kind == SHROUDED_KEY_BAG:
            yield password.decrypt(read_encrypted(bag.value))


def _certificates(found: list[Bag]) -> list[x509.Certificate]:
    encoded = [bag.certificate() for bag in found if bag.kind == CERTIFICATE_BAG]
    if len(encoded) > MOST_CERTIFICATES:
        raise DerError(f"it has more than {MOST_CERTIFICATES} certificates")
    try:
        return [x509.load_der_x509_certificate(each) for each in encoded if each is not None]
    except ValueError:
        raise DerError("one of its certificates cannot be read") from None


def _context(key: CertificateKey, certificates: list[x509.Certificate]) -> KeyContext:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = next((each for each in certificates if _public_key(each) == public), None)
    if own is None:
        raise DerError("it has not the certificate of its private key")
    try:
        return KeyContext(key, in_order(own, [each for each in certificates if each is not own]))
    except ValueError:  # names of certificates are read when somebody asks for them
        raise DerError("one of its certificates cannot be read") from None


def _public_key(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None
