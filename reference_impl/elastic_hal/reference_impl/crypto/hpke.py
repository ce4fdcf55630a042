"""HPKE in base mode (RFC 9180): the KEM, the key schedule and the numbered messages of a context.

`cryptography` offers messages without associated data and no contexts; `pyhpke` has both, but counts a message that
failed, after which a forged one has cut the connection. So the schedule is here, on the primitives of `cryptography`,
and the tests hold it against both and against the vectors of the RFC.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from .agreements import ECDH_P256, X25519, DhPrivate, DhPublic
from .asymmetric import MaterialError, Scheme

TAG_BYTES: Final = 16
MAX_MESSAGES: Final = 1 << 32
"""Far below the 2^96 of the RFC, and what one key of AES-GCM may encrypt (SP 800-38D)."""

_NONCE_BYTES: Final = 12
_SECRET_BYTES: Final = 32
_BASE_MODE: Final = b"\x00"
_KDF_ID: Final = b"\x00\x01"  # HKDF-SHA256, RFC 9180 section 7.2


class OpenError(Exception):
    """A message or encapsulated secret is not authentic. It has no text."""


class MessagesExhaustedError(Exception):
    """The context has had as many messages as it may."""


@dataclass(frozen=True, slots=True)
class Kem:
    """DHKEM with HKDF-SHA256 over one group (RFC 9180, section 4.1)."""

    identifier: bytes
    group: Scheme[DhPrivate, DhPublic]
    encapsulated_bytes: int

    def encapsulate(self, recipient: DhPublic) -> tuple[bytes, bytes]:
        """Make a secret for the owner of a key; give it, and what is sent."""
        ephemeral = self.group.generate()
        encapsulated = ephemeral.public().raw()
        return self._secret(ephemeral.exchange(recipient), encapsulated, recipient), encapsulated

    def decapsulate(self, encapsulated: bytes, recipient: DhPrivate) -> bytes:
        """Give the secret that was sent, or raise `OpenError` for what is no point of the group."""
        if len(encapsulated) != self.encapsulated_bytes:
            raise OpenError
        try:
            ephemeral = self.group.from_raw(encapsulated, private=False)
        except MaterialError:
            raise OpenError from None
        if not isinstance(ephemeral, DhPublic):
            raise OpenError
        return self._secret(recipient.exchange(ephemeral), encapsulated, recipient.public())

    def _secret(self, exchanged: bytes, encapsulated: bytes, recipient: DhPublic) -> bytes:
        suite = b"KEM" + self.identifier
        pseudorandom = _extract(suite, b"", b"eae_prk", exchanged)
        return _expand(suite, pseudorandom, b"shared_secret", encapsulated + recipient.raw(), _SECRET_BYTES)


@dataclass(frozen=True, slots=True)
class Suite:
    """A KEM together with an AEAD; the KDF is HKDF-SHA256 throughout."""

    kem: Kem
    aead_identifier: bytes
    key_bytes: int
    cipher: type[AESGCM] | type[ChaCha20Poly1305]

    def send(self, recipient: DhPublic, info: bytes) -> tuple[bytes, "Context"]:
        """Start to send; give what the recipient needs, and the context."""
        secret, encapsulated = self.kem.encapsulate(recipient)
        return encapsulated, self._context(secret, info)

    def receive(self, encapsulated: bytes, recipient: DhPrivate, info: bytes) -> "Context":
        """Start to receive, or raise `OpenError`."""
        return self._context(self.kem.decapsulate(encapsulated, recipient), info)

    def _context(self, shared_secret: bytes, info: bytes) -> "Context":
        """Run the key schedule (section 5.1) without a pre-shared key."""
        suite = b"HPKE" + self.kem.identifier + _KDF_ID + self.aead_identifier
        no_key_hash = _extract(suite, b"", b"psk_id_hash", b"")
        schedule = _BASE_MODE + no_key_hash + _extract(suite, b"", b"info_hash", info)
        secret = _extract(suite, shared_secret, b"secret", b"")
        key = _expand(suite, secret, b"key", schedule, self.key_bytes)
        return Context(self.cipher(key), _expand(suite, secret, b"base_nonce", schedule, _NONCE_BYTES))


class Context:
    """One direction of messages, numbered from zero (section 5.2). Only a message that went well is counted."""

    def __init__(self, cipher: AESGCM | ChaCha20Poly1305, base_nonce: bytes) -> None:
        self._cipher = cipher
        self._base_nonce = int.from_bytes(base_nonce, "big")
        self._next = 0

    def seal(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypt the next message."""
        sealed = self._cipher.encrypt(self._nonce(), plaintext, associated_data)
        self._next += 1
        return sealed

    def open(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Verify and decrypt the next message, or raise `OpenError`."""
        nonce = self._nonce()
        if len(ciphertext) < TAG_BYTES:
            raise OpenError
        try:
            plaintext = self._cipher.decrypt(nonce, ciphertext, associated_data)
        except InvalidTag:
            raise OpenError from None
        self._next += 1
        return plaintext

    def _nonce(self) -> bytes:
        if self._next >= MAX_MESSAGES:
            raise MessagesExhaustedError
        return (self._base_nonce ^ self._next).to_bytes(_NONCE_BYTES, "big")


def _extract(suite: bytes, salt: bytes, label: bytes, data: bytes) -> bytes:
    """LabeledExtract of section 4."""
    calculation = hmac.HMAC(salt or bytes(_SECRET_BYTES), hashes.SHA256())
    calculation.update(b"HPKE-v1" + suite + label + data)
    return calculation.finalize()


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand of section 4."""
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return HKDFExpand(hashes.SHA256(), length, labelled).derive(key)


_X25519_KEM: Final = Kem(b"\x00\x20", X25519, 32)
_P256_KEM: Final = Kem(b"\x00\x10", ECDH_P256, 65)

X25519_AES_128_GCM: Final = Suite(_X25519_KEM, b"\x00\x01", 16, AESGCM)
X25519_AES_256_GCM: Final = Suite(_X25519_KEM, b"\x00\x02", 32, AESGCM)
X25519_CHACHA20_POLY1305: Final = Suite(_X25519_KEM, b"\x00\x03", 32, ChaCha20Poly1305)
P256_AES_128_GCM: Final = Suite(_P256_KEM, b"\x00\x01", 16, AESGCM)
P256_AES_256_GCM: Final = Suite(_P256_KEM, b"\x00\x02", 32, AESGCM)
P256_CHACHA20_POLY1305: Final = Suite(_P256_KEM, b"\x00\x03", 32, ChaCha20Poly1305)
