"""Encryption with a public key (CRY-2) and decryption with the private one (CRY-3): RSAES-OAEP and HPKE."""

from typing import Final

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES, check_size
from . import hpke, rsa_oaep
from .agreements import DhPrivate, DhPublic
from .asymmetric import PrivateHalf, PublicHalf, Scheme
from .hpke import MessagesExhaustedError, OpenError, Suite
from .keys import Key, own, public_half, require_usage
from .rsa_oaep import DecryptionError, OaepPrivate, OaepPublic

MAX_HPKE_BYTES: Final = MAX_DATA_BYTES + 65 + hpke.TAG_BYTES

_Encryption: Final = wit.EncryptionAlgorithm
OAEP: Final[dict[wit.EncryptionAlgorithm, rsa_oaep.OaepScheme]] = {
    _Encryption.RSA_OAEP_SHA_256: rsa_oaep.SHA256,
    _Encryption.RSA_OAEP_SHA_384: rsa_oaep.SHA384,
}
SUITES: Final[dict[wit.EncryptionAlgorithm, Suite]] = {
    _Encryption.HPKE_X25519_SHA_256_AES_128_GCM: hpke.X25519_AES_128_GCM,
    _Encryption.HPKE_X25519_SHA_256_AES_256_GCM: hpke.X25519_AES_256_GCM,
    _Encryption.HPKE_X25519_SHA_256_CHACHA20_POLY1305: hpke.X25519_CHACHA20_POLY1305,
    _Encryption.HPKE_P256_SHA_256_AES_128_GCM: hpke.P256_AES_128_GCM,
    _Encryption.HPKE_P256_SHA_256_AES_256_GCM: hpke.P256_AES_256_GCM,
    _Encryption.HPKE_P256_SHA_256_CHACHA20_POLY1305: hpke.P256_CHACHA20_POLY1305,
}
ENCRYPTIONS: Final[dict[wit.EncryptionAlgorithm, Scheme[PrivateHalf, PublicHalf]]] = {
    **OAEP,
    **{name: suite.kem.group for name, suite in SUITES.items()},
}
"""Every algorithm with the scheme that its keys are made by."""


def oaep_encrypt(key: wit.Key, plaintext: bytes, label: bytes) -> bytes:
    """Encrypt with RSAES-OAEP."""
    public = public_half(key)
    if not isinstance(public, OaepPublic):
        raise types.Error_InvalidArgument("key: is not one for RSAES-OAEP")
    require_usage(own(key), wit.KeyUsage.ENCRYPT)
    check_size("plaintext", plaintext, public.most_plaintext_bytes)
    check_size("label", label)
    return public.encrypt(plaintext, label)


def oaep_decrypt(key: wit.Key, ciphertext: bytes, label: bytes) -> bytes:
    """Decrypt with RSAES-OAEP."""
    held = own(key)
    private = held.material
    if not isinstance(private, OaepPrivate):
        raise types.Error_InvalidArgument("key: is not a private one for RSAES-OAEP")
    require_usage(held, wit.KeyUsage.DECRYPT)
    check_size("ciphertext", ciphertext)
    check_size("label", label)
    try:
        return private.decrypt(ciphertext, label)
    except DecryptionError:
        raise types.Error_VerificationFailed from None


def hpke_encrypt(key: wit.Key, info: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Encrypt one message with HPKE."""
    suite, public = _sending(key)
    check_size("info", info)
    check_size("plaintext", plaintext)
    check_size("associated-data", associated_data)
    encapsulated, context = suite.send(public, info)
    return encapsulated + context.seal(plaintext, associated_data)


def hpke_decrypt(key: wit.Key, info: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
    """Verify and decrypt one message with HPKE."""
    suite, private = _receiving(key)
    check_size("info", info)
    check_size("ciphertext", ciphertext, MAX_DATA_BYTES + suite.kem.encapsulated_bytes + hpke.TAG_BYTES)
    check_size("associated-data", associated_data)
    encapsulated, sealed = ciphertext[: suite.kem.encapsulated_bytes], ciphertext[suite.kem.encapsulated_bytes :]
    try:
        return suite.receive(encapsulated, private, info).open(sealed, associated_data)
    except OpenError:
        raise types.Error_VerificationFailed from None


class HpkeSender(wit.HpkeSender):
    """The sending end of several messages. It outlives its key."""

    def __init__(self, key: wit.Key, info: bytes) -> None:
        suite, public = _sending(key)
        check_size("info", info)
        self._encapsulated, self._context = suite.send(public, info)

    def encapsulated(self) -> bytes:
        """Give what the recipient needs."""
        return self._encapsulated

    def encrypt(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Encrypt the next message."""
        check_size("plaintext", plaintext)
        check_size("associated-data", associated_data)
        try:
            return self._context.seal(plaintext, associated_data)
        except MessagesExhaustedError:
            raise _exhausted() from None


class HpkeRecipient(wit.HpkeRecipient):
    """The receiving end of several messages. It outlives its key."""

    def __init__(self, key: wit.Key, encapsulated: bytes, info: bytes) -> None:
        suite, private = _receiving(key)
        check_size("encapsulated", encapsulated)
        check_size("info", info)
        try:
            self._context = suite.receive(encapsulated, private, info)
        except OpenError:
            raise types.Error_VerificationFailed from None

    def decrypt(self, ciphertext: bytes, associated_data: bytes) -> bytes:
        """Verify and decrypt the next message."""
        check_size("ciphertext", ciphertext, MAX_DATA_BYTES + hpke.TAG_BYTES)
        check_size("associated-data", associated_data)
        try:
            return self._context.open(ciphertext, associated_data)
        except OpenError:
            raise types.Error_VerificationFailed from None
        except MessagesExhaustedError:
            raise _exhausted() from None


def _sending(key: wit.Key) -> tuple[Suite, DhPublic]:
    held = own(key)
    suite = _suite(held)
    public = public_half(held)
    if not isinstance(public, DhPublic):
        raise TypeError("a key for HPKE is of another scheme")
    require_usage(held, wit.KeyUsage.ENCRYPT)
    return suite, public


def _receiving(key: wit.Key) -> tuple[Suite, DhPrivate]:
    held = own(key)
    suite = _suite(held)
    if not isinstance(held.material, DhPrivate):
        raise types.Error_InvalidArgument("key: a public key cannot decrypt")
    require_usage(held, wit.KeyUsage.DECRYPT)
    return suite, held.material


def _suite(held: Key) -> Suite:
    algorithm = held.algorithm()
    if not isinstance(algorithm, wit.KeyAlgorithm_Encryption) or algorithm.value not in SUITES:
        raise types.Error_InvalidArgument("key: is not one for HPKE")
    return SUITES[algorithm.value]


def _exhausted() -> types.Error_LimitExceeded:
    return types.Error_LimitExceeded(f"the context has had {hpke.MAX_MESSAGES} messages")
