"""The container resource (OBJ-1 to OBJ-4): bounds on arguments, then rights, then what the vault says."""

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import object_storage as wit
from .access import Access
from .metadata import container_metadata, object_metadata
from .names import MAX_NAMES, MAX_PAGE, cursor_after, name_in_cursor, object_name, prefix_of_names
from .reader import ObjectReader, open_reader
from .records import ALWAYS, condition_of
from .writer import ObjectWriter

_READ, _WRITE, _LIST, _DELETE = wit.Rights.READ, wit.Rights.WRITE, wit.Rights.LIST, wit.Rights.DELETE
_ENCRYPT, _DECRYPT = crypto.KeyUsage.ENCRYPT, crypto.KeyUsage.DECRYPT


class Container(wit.Container):
    """A handle of a container."""

    def __init__(self, access: Access, control: Control) -> None:
        self.access = access
        self._control = control

    @property
    def log_name(self) -> str:
        """What it is called in the host's log."""
        return f"container {self.access.name!r}"

    def name(self) -> str:
        """Give the name under which it was opened."""
        return self.access.name

    def info(self) -> wit.ContainerMetadata:
        """Describe the container."""
        return container_metadata(self.access)

    def associate_key(self, key: crypto.Key, protect: wit.Protection) -> None:
        """Associate the key."""
        self.access.associate(key, protect)

    def get_data(self, name: str, start: int, end: int | None) -> ObjectReader:
        """Open an object for reading."""
        known = object_name("name", name)
        if end is not None and start > end:
            raise types.Error_InvalidArgument(f"start: {start} is after end, {end}")
        self.access.require(_READ)
        return open_reader(self.access, self.access.vault(_DECRYPT), known, (start, end), self._control)

    def write_data(self, name: str, condition: wit.WriteCondition) -> ObjectWriter:
        """Begin to write an object."""
        known, wanted = object_name("name", name), condition_of(condition)
        self.access.require(_WRITE)
        vault = self.access.vault(_ENCRYPT)
        current = vault.find(known)
        wanted.check(current)
        if current is None:
            self.access.bounds.check_objects(self.access.space.describe().objects + 1)
        return ObjectWriter(self.access, vault, known, wanted, self._control)

    def list_objects(self, prefix: str, cursor: str | None, most: int) -> wit.ObjectPage:
        """List names."""
        beginning = prefix_of_names(prefix)
        after = b"" if cursor is None else name_in_cursor(cursor)
        if not 0 < most <= MAX_PAGE:
            raise types.Error_InvalidArgument(f"most: is {most}, not 1 to {MAX_PAGE}")
        self.access.require(_LIST)
        names = self.access.vault().page(beginning, after, most + 1)
        shown = names[:most]
        following = cursor_after(shown[-1]) if len(names) > most else None
        return wit.ObjectPage(names=[name.decode() for name in shown], cursor=following)

    def has_object(self, name: str) -> bool:
        """Tell whether there is an object of that name."""
        known = object_name("name", name)
        self.access.require(_READ, _LIST)
        return self.access.vault().find(known) is not None

    def object_info(self, name: str) -> wit.ObjectMetadata:
        """Describe an object."""
        known = object_name("name", name)
        self.access.require(_READ, _LIST)
        stored = self.access.vault().find(known)
        if stored is None:
            raise types.Error_NotFound("there is no object of that name")
        return object_metadata(self.access.name, stored)

    def delete_object(self, name: str, condition: wit.WriteCondition) -> None:
        """Delete an object."""
        known, wanted = object_name("name", name), condition_of(condition)
        if wanted.absent:
            raise types.Error_InvalidArgument("condition: absent is for writing")
        self.access.require(_DELETE)
        self.access.vault(_ENCRYPT).remove([known], wanted)

    def delete_objects(self, names: list[str]) -> None:
        """Delete some objects."""
        if not names:
            raise types.Error_InvalidArgument("names: is empty")
        if len(names) > MAX_NAMES:
            raise types.Error_LimitExceeded(f"names: has {len(names)}, more than {MAX_NAMES}")
        known = [object_name(f"names[{index}]", name) for index, name in enumerate(names)]
        self.access.require(_DELETE)
        self.access.vault(_ENCRYPT).remove(known, ALWAYS)

    def clear(self) -> None:
        """Delete all objects."""
        self.access.require(_DELETE)
        self.access.vault(_ENCRYPT).remove(None, ALWAYS)

    def drop(self) -> None:
        """Let the key go. Readers and writers hold what they need."""
        self.access.forget()
