"""Signing and verification with a key (CRY-4, CRY-5)."""

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .asymmetric import SigningHalf, VerifyingHalf
from .keys import Key, own, public_half, require_usage


def sign(key: wit.Key, message: bytes) -> bytes:
    """Sign `message` with a private key."""
    held = signature_key(key)
    private = held.material
    if not isinstance(private, SigningHalf):
        raise types.Error_InvalidArgument("key: a public key cannot sign")
    require_usage(held, wit.KeyUsage.SIGN)
    check_size("message", message)
    return private.sign(message)


def verify(key: wit.Key, message: bytes, signature: bytes) -> None:
    """Verify a signature with a public or private key."""
    held = signature_key(key)
    require_usage(held, wit.KeyUsage.VERIFY)
    check_size("message", message)
    check_size("signature", signature)
    public = public_half(held)
    if not isinstance(public, VerifyingHalf):
        raise TypeError("a key for signatures is of another scheme")
    if not public.verify(message, signature):
        raise types.Error_VerificationFailed


def signature_key(key: wit.Key) -> Key:
    """Narrow a key to one for signatures."""
    held = own(key)
    if not isinstance(held.algorithm(), wit.KeyAlgorithm_Signature):
        raise types.Error_InvalidArgument("key: is not one for signatures")
    return held
