"""RSA keys as every scheme takes them: bounds on their numbers, and whether the parts of a private key fit."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from .asymmetric import MaterialError

LEAST_MODULUS_BITS: Final = 2048
MOST_MODULUS_BITS: Final = 8192
GENERATED_MODULUS_BITS: Final = 3072
_PUBLIC_EXPONENT: Final = 65537


def generate() -> rsa.RSAPrivateKey:
    """Make a new key pair."""
    return rsa.generate_private_key(_PUBLIC_EXPONENT, GENERATED_MODULUS_BITS)


def checked_private(key: PrivateKeyTypes) -> rsa.RSAPrivateKey:
    """Take an RSA private key of allowed size whose numbers fit each other. The scheme then tries it: that its factors
    are prime shows in use.
    """
    if not isinstance(key, rsa.RSAPrivateKey):
        raise MaterialError("the material is a private key, but not of RSA")
    numbers = key.private_numbers()
    _check_public_numbers(numbers.public_numbers)
    if not _is_consistent(numbers):
        raise inconsistent()
    return key


def checked_public(key: PublicKeyTypes) -> rsa.RSAPublicKey:
    """Take an RSA public key of allowed size."""
    if not isinstance(key, rsa.RSAPublicKey):
        raise MaterialError("the material is a public key, but not of RSA")
    _check_public_numbers(key.public_numbers())
    return key


def inconsistent() -> MaterialError:
    """Give the error for a private key whose parts do not belong together."""
    return MaterialError("the RSA private key is not consistent")


def no_raw_encoding() -> MaterialError:
    """Give the error for the encoding that RSA keys do not have."""
    return MaterialError("RSA keys have no raw encoding")


def _is_consistent(numbers: rsa.RSAPrivateNumbers) -> bool:
    """Check the equations between the parts of a key (RFC 8017 section 3.2), and that neither prime is short.

    The library's own validation tests the primes too, for seconds in which no other workload runs.
    """
    p, q, d, n = numbers.p, numbers.q, numbers.d, numbers.public_numbers.n
    if p * q != n or p == q or min(p, q).bit_length() < n.bit_length() // 2 - 8 or not 1 < d < n:
        return False
    product = d * numbers.public_numbers.e
    return (
        product % (p - 1) == 1
        and product % (q - 1) == 1
        and numbers.dmp1 == d % (p - 1)
        and numbers.dmq1 == d % (q - 1)
        and 0 < numbers.iqmp < p
        and numbers.iqmp * q % p == 1
    )


def _check_public_numbers(numbers: rsa.RSAPublicNumbers) -> None:
    """Bound the modulus as the contract says and the exponent as FIPS 186-5 section 5.1 does."""
    bits = numbers.n.bit_length()
    if not LEAST_MODULUS_BITS <= bits <= MOST_MODULUS_BITS:
        raise MaterialError(f"the RSA modulus has {bits} bits; {LEAST_MODULUS_BITS} to {MOST_MODULUS_BITS} are allowed")
    if numbers.e % 2 == 0 or not 1 << 16 < numbers.e < 1 << 256:
        raise MaterialError("the RSA public exponent is even or not between 2^16 and 2^256")
