"""The key resource: what it is bound to, what it may be used for, and how its material comes and goes (CRY-1).

Secret bytes live in a `bytearray` that is zeroed when the key is dropped; private keys live in the `cryptography`
library, which clears them when the last reference goes. Copies that the interpreter made on the way in are out of
reach.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar, assert_never

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from .asymmetric import MaterialError, PrivateHalf, PublicHalf
from .nonces import NonceLedger

AUTHENTICATES: Final = wit.KeyUsage.SIGN | wit.KeyUsage.VERIFY
ENCRYPTS: Final = wit.KeyUsage.ENCRYPT | wit.KeyUsage.DECRYPT
DERIVES: Final = wit.KeyUsage.DERIVE_KEY | wit.KeyUsage.DERIVE_BITS


@dataclass(slots=True, eq=False)
class SecretBytes:
    """A symmetric key and, for authenticated encryption, the nonces it was used with."""

    value: bytearray = field(repr=False)
    nonces: NonceLedger = field(default_factory=NonceLedger, repr=False)

    def erase(self) -> None:
        """Overwrite the key with zeros, and forget its nonces."""
        self.value[:] = bytes(len(self.value))
        self.nonces.forget()


Material: TypeAlias = SecretBytes | PrivateHalf | PublicHalf
_M = TypeVar("_M", SecretBytes, PrivateHalf, PublicHalf)


class Key(wit.Key):
    """A key. No way leads to its material but `export_key` and the operations of this package."""

    def __init__(
        self, algorithm: wit.KeyAlgorithm, usage: wit.KeyUsage, material: Material, *, exportable: bool
    ) -> None:
        self._algorithm = algorithm
        self._usage = usage
        self._material: Material | None = material
        self._exportable = exportable or isinstance(material, PublicHalf)

    def __repr__(self) -> str:
        return f"<{self.key_type().value} key for {self._algorithm.value.value}>" if self._material else "<dropped key>"

    def __reduce__(self) -> str:
        raise TypeError("a key cannot be pickled or copied")

    @property
    def material(self) -> Material:
        """The material, for the operations of this package."""
        if self._material is None:
            raise types.Error_InvalidState("the key was dropped")
        return self._material

    def algorithm(self) -> wit.KeyAlgorithm:
        """Give the algorithm that the key is bound to."""
        return self._algorithm

    def key_type(self) -> wit.KeyType:
        """Tell a secret, a private and a public key apart."""
        match self.material:
            case SecretBytes():
                return wit.KeyType.SECRET
            case PrivateHalf():
                return wit.KeyType.PRIVATE
            case PublicHalf():
                return wit.KeyType.PUBLIC
            case unreachable:
                assert_never(unreachable)

    def usage(self) -> wit.KeyUsage:
        """Give what the key may be used for."""
        return self._usage

    def exportable(self) -> bool:
        """Tell whether `export_key` gives the key."""
        return self._exportable

    def public_key(self) -> "Key":
        """Give a new handle to the public part, with the uses that a public key has."""
        return Key(self._algorithm, public_uses(self._algorithm), public_half(self), exportable=True)

    def export_key(self, format: wit.KeyFormat) -> bytes:
        """Give the material in `format`."""
        material = self.material
        if not self._exportable:
            raise types.Error_AccessDenied("the key was not made exportable")
        try:
            if format is wit.KeyFormat.RAW:
                return bytes(material.value) if isinstance(material, SecretBytes) else material.raw()
            if format is wit.KeyFormat.PKCS8 and isinstance(material, PrivateHalf):
                return material.pkcs8()
            if format is wit.KeyFormat.SPKI and isinstance(material, PublicHalf):
                return material.spki()
        except MaterialError as error:
            raise types.Error_InvalidArgument(f"format: {error}") from None
        raise types.Error_InvalidArgument(f"format: a {self.key_type().value} key has no {format.value} encoding")

    def drop(self) -> None:
        """Erase the material. Contexts and public handles made of the key hold their own."""
        if isinstance(self._material, SecretBytes):
            self._material.erase()
        self._material = None


def public_uses(algorithm: wit.KeyAlgorithm) -> wit.KeyUsage:
    """Give what public keys of an algorithm can be used for; those of agreement have no use of their own."""
    match algorithm:
        case wit.KeyAlgorithm_Signature():
            return wit.KeyUsage.VERIFY
        case wit.KeyAlgorithm_Encryption():
            return wit.KeyUsage.ENCRYPT
    return wit.KeyUsage(0)


def require_usage(key: Key, needed: wit.KeyUsage) -> None:
    """Raise `access-denied` where the key may not be used so. `needed` is a single use."""
    if needed not in key.usage():
        raise types.Error_AccessDenied(f"the key may not {str(needed.name).lower().replace('_', '-')}")


def public_half(key: wit.Key) -> PublicHalf:
    """Give the public part of a key, or raise `invalid-argument` where it has none."""
    material = own(key).material
    if isinstance(material, SecretBytes):
        raise types.Error_InvalidArgument("key: a secret key has no public part")
    return material.public() if isinstance(material, PrivateHalf) else material


def own(key: wit.Key) -> Key:
    """Narrow a key of the contract to one of this implementation; the handle table holds no others."""
    if not isinstance(key, Key):
        raise TypeError("the key was made by another provider")
    return key
