"""Authenticated encryption and decryption with a key (CRY-11, CRY-12)."""

from typing import Final

from cryptography.exceptions import InvalidTag

from elastic_hal.common.text import counted

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import MAX_DATA_BYTES, check_size
from .aeads import AEADS, TAG_BYTES, Cipher
from .keys import SecretBytes, own, require_usage
from .nonces import NONCE_BYTES, NonceAllowance, NonceReusedError, NoncesExhaustedError

MAX_CIPHERTEXT_BYTES: Final = MAX_DATA_BYTES + TAG_BYTES


def encrypt(key: wit.Key, plaintext: bytes, associated_data: bytes) -> wit.Encrypted:
    """Encrypt under a nonce of the host's choice."""
    secret, cipher = _cipher(key, wit.KeyUsage.ENCRYPT)
    check_size("plaintext", plaintext)
    check_size("associated-data", associated_data)
    try:
        nonce = secret.nonces.draw()
    except NoncesExhaustedError as error:
        raise types.Error_LimitExceeded(str(error)) from None
    return wit.Encrypted(nonce=nonce, ciphertext=cipher.encrypt(nonce, plaintext, associated_data))


def encrypt_with_nonce(
    key: wit.Key, nonce: bytes, plaintext: bytes, associated_data: bytes, allowance: NonceAllowance
) -> bytes:
    """Encrypt under a nonce of the caller's choice, once."""
    secret, cipher = _cipher(key, wit.KeyUsage.ENCRYPT)
    check_size("plaintext", plaintext)
    check_size("associated-data", associated_data)
    _check_nonce(nonce)
    try:
        secret.nonces.claim(nonce, allowance)
    except NonceReusedError:
        raise types.Error_InvalidArgument("nonce: was used with this key before") from None
    except NoncesExhaustedError as error:
        raise types.Error_LimitExceeded(str(error)) from None
    return cipher.encrypt(nonce, plaintext, associated_data)


def decrypt(key: wit.Key, nonce: bytes, ciphertext: bytes, associated_data: bytes) -> bytes:
    """Verify and decrypt."""
    _, cipher = _cipher(key, wit.KeyUsage.DECRYPT)
    check_size("ciphertext", ciphertext, MAX_CIPHERTEXT_BYTES)
    check_size("associated-data", associated_data)
    _check_nonce(nonce)
    if len(ciphertext) < TAG_BYTES:
        raise types.Error_VerificationFailed
    try:
        return cipher.decrypt(nonce, ciphertext, associated_data)
    except InvalidTag:
        raise types.Error_VerificationFailed from None


def _cipher(key: wit.Key, usage: wit.KeyUsage) -> tuple[SecretBytes, Cipher]:
    """Give the secret and its cipher, which lives for one call so that no copy of the key outlives it."""
    held = own(key)
    algorithm, material = held.algorithm(), held.material
    if not isinstance(algorithm, wit.KeyAlgorithm_Aead) or not isinstance(material, SecretBytes):
        raise types.Error_InvalidArgument("key: is not one for authenticated encryption")
    require_usage(held, usage)
    return material, AEADS[algorithm.value].cipher(material.value)


def _check_nonce(nonce: bytes) -> None:
    check_size("nonce", nonce)
    if len(nonce) != NONCE_BYTES:
        raise types.Error_InvalidArgument(f"nonce: has {counted(len(nonce), 'byte')}, not {NONCE_BYTES}")
