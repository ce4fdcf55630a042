"""Signing and verification with a key (CRY-4, CRY-5)."""

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .asymmetric import PrivateHalf
from .keys import Key, own, public_half, require_usage


def sign(key: wit.Key, message: bytes) -> bytes:
    """Sign `message` with a private key."""
    held = _signature_key(key)
    private = held.material
    if not isinstance(private, PrivateHalf):
        raise types.Error_InvalidArgument("key: a public key cannot sign")
    require_usage(held, wit.KeyUsage.SIGN)
    check_size("message", message)
    return private.sign(message)


def verify(key: wit.Key, message: bytes, signature: bytes) -> None:
    """Verify a signature with a public or private key."""
    held = _signature_key(key)
    require_usage(held, wit.KeyUsage.VERIFY)
    check_size("message", message)
    check_size("signature", signature)
    if not public_half(held).verify(message, signature):
        raise types.Error_VerificationFailed


def _signature_key(key: wit.Key) -> Key:
    held = own(key)
    if not isinstance(held.algorithm(), wit.KeyAlgorithm_Signature):
        raise types.Error_InvalidArgument("key: is not one for signatures")
    return held
