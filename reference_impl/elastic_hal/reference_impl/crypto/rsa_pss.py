"""RSASSA-PSS (RFC 8017 section 8.1), MGF1 with the same hash and a salt as long as the digest."""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InternalError, InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from .asymmetric import MaterialError, PrivateHalf, PublicHalf, Scheme

LEAST_MODULUS_BITS: Final = 2048
MOST_MODULUS_BITS: Final = 8192
GENERATED_MODULUS_BITS: Final = 3072
_PUBLIC_EXPONENT: Final = 65537


@dataclass(frozen=True, slots=True)
class RsaPssScheme(Scheme):
    """RSASSA-PSS with one hash."""

    hash: hashes.HashAlgorithm

    def generate(self) -> "RsaPrivate":
        """Make a new key pair."""
        return RsaPrivate(self, rsa.generate_private_key(_PUBLIC_EXPONENT, GENERATED_MODULUS_BITS))

    def from_raw(self, material: bytes, *, may_sign: bool) -> "RsaPrivate | RsaPublic":
        """Refuse: RSA keys have no raw encoding."""
        del material, may_sign
        raise MaterialError("RSA keys have no raw encoding")

    def adopt_private(self, key: PrivateKeyTypes) -> "RsaPrivate":
        """Take an RSA private key of allowed size whose parts belong together, as one signature proves."""
        if not isinstance(key, rsa.RSAPrivateKey):
            raise MaterialError("the material is a private key, but not of RSA")
        numbers = key.private_numbers()
        _check_public_numbers(numbers.public_numbers)
        private = RsaPrivate(self, key)
        if not _is_consistent(numbers) or not _signs_for_itself(private):
            raise MaterialError("the RSA private key is not consistent")
        return private

    def adopt_public(self, key: PublicKeyTypes) -> "RsaPublic":
        """Take an RSA public key of allowed size."""
        if not isinstance(key, rsa.RSAPublicKey):
            raise MaterialError("the material is a public key, but not of RSA")
        _check_public_numbers(key.public_numbers())
        return RsaPublic(self, key)

    def padding(self) -> padding.PSS:
        """Give the padding of this scheme."""
        return padding.PSS(padding.MGF1(self.hash), self.hash.digest_size)


class RsaPublic(PublicHalf):
    """An RSA public key."""

    def __init__(self, scheme: RsaPssScheme, key: rsa.RSAPublicKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPublicKey:
        """The key as the library has it."""
        return self._key

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is valid."""
        try:
            self._key.verify(signature, message, self._scheme.padding(), self._scheme.hash)
        except InvalidSignature:
            return False
        return True

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise MaterialError("RSA keys have no raw encoding")


class RsaPrivate(PrivateHalf):
    """An RSA private key."""

    def __init__(self, scheme: RsaPssScheme, key: rsa.RSAPrivateKey) -> None:
        self._scheme = scheme
        self._key = key

    @property
    def library_key(self) -> rsa.RSAPrivateKey:
        """The key as the library has it."""
        return self._key

    def sign(self, message: bytes) -> bytes:
        """Sign under a fresh random salt."""
        return self._key.sign(message, self._scheme.padding(), self._scheme.hash)

    def public(self) -> RsaPublic:
        """Give the public half."""
        return RsaPublic(self._scheme, self._key.public_key())

    def raw(self) -> bytes:
        """Refuse: RSA keys have no raw encoding."""
        raise MaterialError("RSA keys have no raw encoding")


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


def _signs_for_itself(private: "RsaPrivate") -> bool:
    """Sign a message and verify it: with factors that are not prime this fails but by a negligible chance."""
    try:
        return private.public().verify(b"", private.sign(b""))
    except (ValueError, InternalError):
        return False


def _check_public_numbers(numbers: rsa.RSAPublicNumbers) -> None:
    """Bound the modulus as the contract says and the exponent as FIPS 186-5 section 5.1 does."""
    bits = numbers.n.bit_length()
    if not LEAST_MODULUS_BITS <= bits <= MOST_MODULUS_BITS:
        raise MaterialError(f"the RSA modulus has {bits} bits; {LEAST_MODULUS_BITS} to {MOST_MODULUS_BITS} are allowed")
    if numbers.e % 2 == 0 or not 1 << 16 < numbers.e < 1 << 256:
        raise MaterialError("the RSA public exponent is even or not between 2^16 and 2^256")


SHA256: Final = RsaPssScheme(hashes.SHA256())
SHA384: Final = RsaPssScheme(hashes.SHA384())
