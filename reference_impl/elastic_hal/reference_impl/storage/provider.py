"""The `object-storage` interface for one run of a workload: which containers there are for it, and where."""

from collections.abc import Iterable

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.storage_grants import ContainerGrant

from ..bindings.elastic_hal import object_storage as wit
from ..bindings.elastic_hal import types
from . import copying
from .access import Access
from .container import Container
from .names import check_container_name
from .open_chunks import OpenChunks
from .storages import Storages


class ObjectStorageProvider:
    """The containers that the policy grants to the workload; no others exist for it."""

    def __init__(
        self, storages: Storages, identity: Identity, grants: Iterable[ContainerGrant], control: Control
    ) -> None:
        self._storages = storages
        self._workload = identity.name
        self._grants = {grant.name: grant for grant in grants}
        self._control = control
        self._open_chunks = OpenChunks()

    def container_exists(self, name: str) -> bool:
        """Tell whether the workload may open a container of that name."""
        return name in self._grants

    def get_container(self, name: str) -> Container:
        """Open a container."""
        check_container_name(name)
        grant = self._grants.get(name)
        if grant is None:
            raise types.Error_AccessDenied(f"the policy does not grant this workload a container {name!r}")
        identity = identity_of(self._workload, grant)
        space = self._storages.of(grant).space(identity, anchored=grant.anchored)
        return Container(Access(space, identity, grant, self._open_chunks), self._control)

    def copy_object(
        self,
        source: wit.Container,
        source_name: str,
        destination: wit.Container,
        destination_name: str,
        condition: wit.WriteCondition,
    ) -> wit.ObjectMetadata:
        """Copy an object."""
        held = own(source), source_name, own(destination), destination_name
        return copying.copy(*held, condition, self._control)[0]

    def move_object(
        self,
        source: wit.Container,
        source_name: str,
        destination: wit.Container,
        destination_name: str,
        condition: wit.WriteCondition,
    ) -> wit.ObjectMetadata:
        """Move an object."""
        held = own(source), source_name, own(destination), destination_name
        return copying.move(*held, condition, self._control)


def identity_of(workload: str, grant: ContainerGrant) -> str:
    """Give the name of the container in the storage: shared where the policy says so, else the workload's own."""
    if grant.shared is not None:
        return f"shared/{grant.shared}"
    return f"private/{len(workload)}/{workload}/{grant.name}"


def own(container: wit.Container) -> Container:
    """Narrow a container of the contract to one of this implementation; the handle table holds no others."""
    if not isinstance(container, Container):
        raise TypeError("the container was made by another provider")
    return container
