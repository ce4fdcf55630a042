"""The certificates that lie in a quote, as text behind its signature: those of the machine's provisioning key."""

from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"
_MOST: Final = 8


def certificates_of_quote(quote: bytes) -> tuple[bytes, ...]:
    """Give them as DER, from the signing key's towards the root's; none where the quote has none that can be read.

    They are a convenience: a verifier takes them from the quote, whose signature is what makes them count.
    """
    start, end = quote.find(_BEGIN), quote.rfind(_END)
    if start < 0 or end < start:
        return ()
    try:
        certificates = x509.load_pem_x509_certificates(quote[start : end + len(_END)] + b"\n")
    except ValueError:
        return ()
    return tuple(certificate.public_bytes(Encoding.DER) for certificate in certificates[:_MOST])
