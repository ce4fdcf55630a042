"""Copying and moving objects, in the host, a piece at a time."""

from elastic_hal.runtime.control import Control

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import object_storage as wit
from ..bounds import MAX_DATA_BYTES
from .container import Container
from .names import object_name
from .reader import open_reader
from .records import ALWAYS, Condition, condition_of
from .writer import ObjectWriter


def copy(
    source: Container,
    source_name: str,
    destination: Container,
    destination_name: str,
    condition: wit.WriteCondition,
    control: Control,
) -> tuple[wit.ObjectMetadata, str]:
    """Copy an object; give what is known about the copy, and the version that was copied."""
    known, wanted = object_name("source-name", source_name), condition_of(condition)
    target = object_name("destination-name", destination_name)
    source.access.require(wit.Rights.READ)
    destination.access.require(wit.Rights.WRITE)
    vault = source.access.vault(crypto.KeyUsage.DECRYPT)
    target_vault = destination.access.vault(crypto.KeyUsage.ENCRYPT)
    reader = open_reader(source.access, vault, known, (0, None), control)
    try:
        wanted.check(target_vault.find(target))
        writer = ObjectWriter(destination.access, target_vault, target, wanted, control)
        try:
            while piece := reader.read(MAX_DATA_BYTES):
                if control.stopping:
                    raise types.Error_TimedOut
                writer.write(piece)
            return writer.finish(), reader.object_info().version
        finally:
            writer.drop()
    finally:
        reader.drop()


def move(
    source: Container,
    source_name: str,
    destination: Container,
    destination_name: str,
    condition: wit.WriteCondition,
    control: Control,
) -> wit.ObjectMetadata:
    """Copy an object, then delete the one that was copied."""
    known = object_name("source-name", source_name)
    object_name("destination-name", destination_name)
    wanted = condition_of(condition)
    for container, right in ((source, wit.Rights.READ), (source, wit.Rights.DELETE), (destination, wit.Rights.WRITE)):
        container.access.require(right)
    if source.access.place == destination.access.place and source_name == destination_name:
        return _checked(source, known, source_name, wanted)
    vault = source.access.vault(crypto.KeyUsage.ENCRYPT)
    copied, version = copy(source, source_name, destination, destination_name, condition, control)
    try:
        vault.remove([known], Condition(version=version))
    except types.Error_NotFound:
        raise types.Error_InvalidState("the source was deleted meanwhile") from None
    return copied


def _checked(container: Container, known: bytes, name: str, wanted: Condition) -> wit.ObjectMetadata:
    current = container.access.vault(crypto.KeyUsage.DECRYPT).find(known)
    if current is None:
        raise types.Error_NotFound("there is no object of that name")
    if wanted != ALWAYS:
        wanted.check(current)
    return container.object_info(name)
