"""Encryption without authentication, at once and in parts (CRY-7, CRY-8)."""

from typing import Final

from elastic_hal.common.text import counted

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES, check_size
from .ciphers import CIPHERS, IV_BYTES, MAX_MESSAGE_BYTES, BareScheme, PaddingError, Stream
from .keys import SecretBytes, own, require_usage
from .nonces import NonceAllowance, NonceReusedError, NoncesExhaustedError

MAX_CIPHERTEXT_BYTES: Final = MAX_DATA_BYTES + 16


def encrypt(key: wit.Key, plaintext: bytes) -> wit.CipherEncrypted:
    """Encrypt under an IV of the host's choice."""
    secret, scheme = _cipher(key, wit.KeyUsage.ENCRYPT)
    check_size("plaintext", plaintext)
    iv = _choose_iv(secret, scheme)
    stream = scheme.encryptor(secret.value, iv)
    return wit.CipherEncrypted(iv=iv, ciphertext=stream.update(plaintext) + stream.finalize())


def encrypt_with_iv(key: wit.Key, iv: bytes, plaintext: bytes, allowance: NonceAllowance) -> bytes:
    """Encrypt under an IV of the caller's choice, once."""
    secret, scheme = _cipher(key, wit.KeyUsage.ENCRYPT)
    check_size("plaintext", plaintext)
    _check_iv(iv)
    if len(plaintext) > scheme.most_bytes(iv):
        raise _counter_overflows()
    _claim_iv(secret, scheme, iv, allowance)
    stream = scheme.encryptor(secret.value, iv)
    return stream.update(plaintext) + stream.finalize()


def decrypt(key: wit.Key, iv: bytes, ciphertext: bytes) -> bytes:
    """Decrypt. A padding that is not proper is `verification-failed`, with no word on what is wrong with it."""
    secret, scheme = _cipher(key, wit.KeyUsage.DECRYPT)
    check_size("ciphertext", ciphertext, MAX_CIPHERTEXT_BYTES)
    _check_iv(iv)
    stream = scheme.decryptor(secret.value, iv)
    try:
        return stream.update(ciphertext) + stream.finalize()
    except PaddingError:
        raise types.Error_VerificationFailed from None


class Encryptor(wit.Encryptor):
    """A message that is encrypted in several parts. It outlives its key."""

    def __init__(self, key: wit.Key, iv: bytes | None, allowance: NonceAllowance) -> None:
        secret, scheme = _cipher(key, wit.KeyUsage.ENCRYPT)
        if iv is None:
            iv = _choose_iv(secret, scheme)
        else:
            _check_iv(iv)
            _claim_iv(secret, scheme, iv, allowance)
        self._iv = iv
        self._room = min(scheme.most_bytes(iv), MAX_MESSAGE_BYTES)
        self._stream: Stream | None = scheme.encryptor(secret.value, iv)

    def iv(self) -> bytes:
        """Give the IV that decryption needs."""
        return self._iv

    def update(self, data: bytes) -> bytes:
        """Add a part of the plaintext."""
        check_size("data", data)
        stream = _running(self._stream, "encryptor")
        if len(data) > self._room:
            raise _counter_overflows()
        self._room -= len(data)
        return stream.update(data)

    def finish(self) -> bytes:
        """End the message."""
        stream = _running(self._stream, "encryptor")
        self._stream = None
        return stream.finalize()

    def drop(self) -> None:
        """Forget the state of the cipher."""
        self._stream = None


class Decryptor(wit.Decryptor):
    """A message that is decrypted in several parts. It outlives its key."""

    def __init__(self, key: wit.Key, iv: bytes) -> None:
        secret, scheme = _cipher(key, wit.KeyUsage.DECRYPT)
        _check_iv(iv)
        self._stream: Stream | None = scheme.decryptor(secret.value, iv)

    def update(self, data: bytes) -> bytes:
        """Add a part of the ciphertext."""
        check_size("data", data)
        return _running(self._stream, "decryptor").update(data)

    def finish(self) -> bytes:
        """End the message."""
        stream = _running(self._stream, "decryptor")
        self._stream = None
        try:
            return stream.finalize()
        except PaddingError:
            raise types.Error_VerificationFailed from None

    def drop(self) -> None:
        """Forget the state of the cipher."""
        self._stream = None


def _cipher(key: wit.Key, usage: wit.KeyUsage) -> tuple[SecretBytes, BareScheme]:
    held = own(key)
    algorithm, material = held.algorithm(), held.material
    if not isinstance(algorithm, wit.KeyAlgorithm_Cipher) or not isinstance(material, SecretBytes):
        raise types.Error_InvalidArgument("key: is not one for ciphers without authentication")
    require_usage(held, usage)
    return material, CIPHERS[algorithm.value]


def _choose_iv(secret: SecretBytes, scheme: BareScheme) -> bytes:
    try:
        return scheme.choose_iv(secret.nonces)
    except NoncesExhaustedError as error:
        raise types.Error_LimitExceeded(str(error)) from None


def _claim_iv(secret: SecretBytes, scheme: BareScheme, iv: bytes, allowance: NonceAllowance) -> None:
    try:
        scheme.claim_iv(secret.nonces, iv, allowance)
    except NonceReusedError:
        raise types.Error_InvalidArgument("iv: was used with this key before") from None
    except NoncesExhaustedError as error:
        raise types.Error_LimitExceeded(str(error)) from None


def _check_iv(iv: bytes) -> None:
    check_size("iv", iv)
    if len(iv) != IV_BYTES:
        raise types.Error_InvalidArgument(f"iv: has {counted(len(iv), 'byte')}, not {IV_BYTES}")


def _counter_overflows() -> types.Error_LimitExceeded:
    return types.Error_LimitExceeded(
        f"a message has at most {MAX_MESSAGE_BYTES} bytes, and no more than 4 bytes of counter are enough for"
    )


def _running(stream: Stream | None, name: str) -> Stream:
    if stream is None:
        raise types.Error_InvalidState(f"the {name} has finished")
    return stream
