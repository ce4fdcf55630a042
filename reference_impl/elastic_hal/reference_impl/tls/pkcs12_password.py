"""What a password opens: the MAC of a PKCS#12 file, and what is encrypted in it (RFC 7292, RFC 8018, RFC 9579).

The file says how many rounds of hashing it takes. Whoever made it may want the host to hash for hours, so that the
rounds of one file are counted, wherever in it they are asked for.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.padding import PKCS7

from .der import OCTET_STRING, SEQUENCE, DerError, Element, whole_number
from .pkcs12_structure import Algorithm, Encrypted, Mac, read_algorithm

MOST_ROUNDS: Final = 2_000_000
_PBES2: Final = "1.2.840.113549.1.5.13"
_PBKDF2: Final = "1.2.840.113549.1.5.12"
_PBMAC1: Final = "1.2.840.113549.1.5.14"
_TRIPLE_DES: Final = "1.2.840.113549.3.7"
_HASHES: Final = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
}
_HMACS: Final = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_AES_KEY_BYTES: Final = {
    "2.16.840.1.101.3.4.1.2": 16,
    "2.16.840.1.101.3.4.1.22": 24,
    "2.16.840.1.101.3.4.1.42": 32,
}
# The ways of RFC 7292, appendix C: the cipher, and the bytes of its key. Ciphers of 40 bits are left out.
_OLD_CIPHERS: Final[dict[str, tuple[type[TripleDES] | type[RC2], int]]] = {
    "1.2.840.113549.1.12.1.3": (TripleDES, 24),
    "1.2.840.113549.1.12.1.4": (TripleDES, 16),
    "1.2.840.113549.1.12.1.5": (RC2, 16),
}
_KEY_PURPOSE, _VECTOR_PURPOSE, _MAC_PURPOSE = 1, 2, 3
_OLD_BLOCK_BYTES: Final = 8

T = TypeVar("T")


class Password:
    """One way to spell a password, for one file."""

    def __init__(self, text: str, *, terminated: bool = True) -> None:
        self._plain = text.encode()
        # An empty password is spelled in two ways by those who make files: as the end of a text, and as nothing.
        self._wide = text.encode("utf-16-be") + (b"\0\0" if terminated else b"")
        self._rounds_left = MOST_ROUNDS

    def opens(self, mac: Mac, content: bytes) -> bool:
        """Tell whether the MAC is that of the content."""
        if mac.algorithm.identifier == _PBMAC1:
            derivation, scheme = map(read_algorithm, _fields(mac.algorithm))
            name = _known(_HMACS, scheme.identifier)
            key = self._derive(derivation, None)
        else:
            name = _known(_HASHES, mac.algorithm.identifier)
            key = self._derive_old(name, _MAC_PURPOSE, mac.salt, mac.rounds, hashlib.new(name).digest_size)
        return hmac.compare_digest(hmac.digest(key, content, name), mac.digest)

    def decrypt(self, encrypted: Encrypted) -> bytes:
        """Decrypt, or raise `DerError` where that makes no sense."""
        cipher, block_bytes = self._cipher(encrypted.algorithm)
        try:
            decryptor, padding = cipher.decryptor(), PKCS7(8 * block_bytes).unpadder()
            padded = decryptor.update(encrypted.ciphertext) + decryptor.finalize()
            return padding.update(padded) + padding.finalize()
        except (ValueError, UnsupportedAlgorithm):
            raise DerError("a ciphertext of another length or key, or a cipher that is not served") from None

    def _cipher(self, algorithm: Algorithm) -> tuple[Cipher[modes.CBC], int]:
        if algorithm.identifier in _OLD_CIPHERS:
            return self._old_cipher(algorithm)
        if algorithm.identifier != _PBES2:
            raise DerError("an encryption that is not known")
        derivation, scheme = map(read_algorithm, _fields(algorithm))
        vector = scheme.required().expect(OCTET_STRING).content
        kind: BlockCipherAlgorithm
        if scheme.identifier == _TRIPLE_DES:
            kind, block_bytes = TripleDES(self._derive(derivation, 24)), _OLD_BLOCK_BYTES
        else:
            kind, block_bytes = AES(self._derive(derivation, _known(_AES_KEY_BYTES, scheme.identifier))), 16
        return _in_blocks(kind, vector), block_bytes

    def _old_cipher(self, algorithm: Algorithm) -> tuple[Cipher[modes.CBC], int]:
        kind, key_bytes = _OLD_CIPHERS[algorithm.identifier]
        salt, rounds = _fields(algorithm)
        given = salt.expect(OCTET_STRING).content, whole_number(rounds)
        key = self._derive_old("sha1", _KEY_PURPOSE, *given, key_bytes)
        vector = self._derive_old("sha1", _VECTOR_PURPOSE, *given, _OLD_BLOCK_BYTES)
        whole = key + key[:8] if kind is TripleDES and key_bytes == 16 else key  # two keys, the first of them twice
        return _in_blocks(kind(whole), vector), _OLD_BLOCK_BYTES

    def _derive(self, algorithm: Algorithm, size: int | None) -> bytes:
        """PBKDF2 (RFC 8018, section 5.2). Where `size` is not known, the file says it."""
        if algorithm.identifier != _PBKDF2:
            raise DerError("a way from the password to a key that is not known")
        salt, rounds, *others = _fields(algorithm, most=4)
        stated = whole_number(others.pop(0)) if others and others[0].tag != SEQUENCE else None
        name = _known(_HMACS, read_algorithm(others[0]).identifier) if others else "sha1"
        wanted = size or stated
        if wanted is None or (stated is not None and stated != wanted) or not 1 <= wanted <= 64:
            raise DerError("a key of another length")
        count = whole_number(rounds)
        self._spend(count * -(-wanted // hashlib.new(name).digest_size))
        return hashlib.pbkdf2_hmac(name, self._plain, salt.expect(OCTET_STRING).content, count, wanted)

    def _derive_old(self, name: str, purpose: int, salt: bytes, rounds: int, size: int) -> bytes:
        """The derivation of RFC 7292, appendix B.2."""
        block = hashlib.new(name).block_size
        count = -(-size // hashlib.new(name).digest_size)
        self._spend(rounds * count)
        mixed = bytearray(_filled(salt, block) + _filled(self._wide, block))
        derived = b""
        for _ in range(count):
            digest = hashlib.new(name, bytes([purpose]) * block + mixed).digest()
            for _ in range(rounds - 1):
                digest = hashlib.new(name, digest).digest()
            derived += digest
            added = int.from_bytes(_filled(digest, block), "big") + 1
            for at in range(0, len(mixed), block):
                total = int.from_bytes(mixed[at : at + block], "big") + added
                mixed[at : at + block] = (total % (1 << 8 * block)).to_bytes(block, "big")
        return derived[:size]

    def _spend(self, rounds: int) -> None:
        if rounds < 1:
            raise DerError("no round of hashing")
        self._rounds_left -= rounds
        if self._rounds_left < 0:
            raise DerError(f"more than {MOST_ROUNDS} rounds of hashing")


def _fields(algorithm: Algorithm, most: int = 2) -> list[Element]:
    fields = list(algorithm.required().expect(SEQUENCE).children())
    if not 2 <= len(fields) <= most:
        raise DerError("parameters of another algorithm")
    return fields


def _known(table: Mapping[str, T], identifier: str) -> T:
    if identifier not in table:
        raise DerError("an algorithm that is not known")
    return table[identifier]


def _in_blocks(kind: BlockCipherAlgorithm, vector: bytes) -> Cipher[modes.CBC]:
    try:
        return Cipher(kind, modes.CBC(vector))
    except (ValueError, UnsupportedAlgorithm):
        raise DerError("a vector of another length, or a cipher that is not served") from None


def _filled(data: bytes, block: int) -> bytes:
    """Repeat bytes until they fill whole blocks."""
    size = -(-len(data) // block) * block
    return (data * -(-size // len(data)))[:size] if data else b""
