"""What guests are told about containers and objects."""

from ..bindings.elastic_hal import object_storage as wit
from .access import Access
from .records import Stored

_NANOSECONDS = 1_000_000_000


def object_metadata(container: str, stored: Stored) -> wit.ObjectMetadata:
    """Describe a version of an object."""
    return wit.ObjectMetadata(
        name=stored.name.decode(),
        container=container,
        created_at=_moment(stored.created_ns),
        size=stored.size,
        version=stored.version,
    )


def container_metadata(access: Access) -> wit.ContainerMetadata:
    """Describe a container."""
    description = access.space.describe()
    return wit.ContainerMetadata(
        name=access.name,
        created_at=_moment(description.created_ns),
        protection=description.protection,
        rights=access.rights,
        objects=description.objects,
        size=description.size,
        max_objects=access.bounds.objects,
        max_size=access.bounds.size,
    )


def _moment(nanoseconds: int) -> wit.Datetime:
    seconds, rest = divmod(nanoseconds, _NANOSECONDS)
    return wit.Datetime(seconds, rest)
