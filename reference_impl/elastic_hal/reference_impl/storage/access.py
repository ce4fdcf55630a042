"""What one handle of a container may do: the workload's rights, the container's bounds, and the key once it has one."""

from typing import Final

from elastic_hal.runtime.storage_grants import ContainerGrant

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import object_storage as wit
from ..crypto.keys import SecretBytes, own
from .backend import Association, Space, Vault
from .open_chunks import OpenChunks
from .records import Bounds

KEY_ALGORITHM: Final = crypto.AeadAlgorithm.AES_256_GCM
_USES: Final = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT


class Access:
    """A handle's way to its container. Handles of one container have the same `place`."""

    def __init__(self, space: Space, identity: str, grant: ContainerGrant, open_chunks: OpenChunks) -> None:
        self.space = space
        self.open_chunks = open_chunks
        self.place = (grant.storage, identity)
        self.name = grant.name
        self.bounds = Bounds(grant.objects, grant.quota_bytes)
        self.rights = wit.Rights(0)
        for right in wit.Rights:
            if str(right.name).lower() in grant.rights:
                self.rights |= right
        self._must_be_protected = grant.protected
        self._uses = crypto.KeyUsage(0)
        self._vault: Vault | None = None

    def require(self, *rights: wit.Rights) -> None:
        """Raise `access-denied` where the workload has none of these rights."""
        if not any(right in self.rights for right in rights):
            names = " or ".join(str(right.name).lower() for right in rights)
            raise types.Error_AccessDenied(
                f"the policy does not grant this workload to {names} in container {self.name!r}"
            )

    def vault(self, use: crypto.KeyUsage | None = None) -> Vault:
        """Give the objects. `use` is what the key is needed for, where there is one."""
        if self._vault is not None:
            if use is not None and use not in self._uses:
                raise types.Error_AccessDenied(f"the key of container {self.name!r} may not {str(use.name).lower()}")
            return self._vault
        if self._must_be_protected:
            raise types.Error_InvalidState("the policy demands protection: associate a key first")
        return self.space.plain()

    def associate(self, key: crypto.Key, protection: wit.Protection) -> None:
        """Associate the key."""
        held = own(key)
        material = held.material
        if held.algorithm() != crypto.KeyAlgorithm_Aead(KEY_ALGORITHM) or not isinstance(material, SecretBytes):
            raise types.Error_InvalidArgument(f"key: is not one for {KEY_ALGORITHM.value}")
        if protection is wit.Protection.NONE:
            raise types.Error_InvalidArgument("protect: is none")
        if self._vault is not None:
            raise types.Error_InvalidState("this handle of the container has its key")
        uses = held.usage() & _USES
        if not uses:
            raise types.Error_AccessDenied("the key may neither encrypt nor decrypt")
        may_begin = crypto.KeyUsage.ENCRYPT in uses and wit.Rights.WRITE in self.rights
        self._vault = self.space.associate(Association(bytes(material.value), protection, may_begin))
        self._uses = uses

    def forget(self) -> None:
        """Let the key go."""
        self._vault = None
