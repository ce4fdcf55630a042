"""`elastic-hal generate bridge`: adapter components from WIT alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from elastic_hal.cli.bridge_items import interface_items
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.files import write_whole
from elastic_hal.codegen.model import Interface, InterfaceItem, World
from elastic_hal.codegen.targets.errors import OutputError
from elastic_hal.codegen.targets.labels import with_labels_apart
from elastic_hal.codegen.targets.output import MARKER
from elastic_hal.common.errors import USAGE
from elastic_hal.common.files import read_file
from elastic_hal.runtime.bridge.errors import BridgeError
from elastic_hal.runtime.bridge.reader import sections
from elastic_hal.runtime.bridge.standalone import COMMENT_SECTION, adapter_component


def adapters(
    world: World, wanted: tuple[str, ...], external: tuple[str, ...], *, together: bool = False
) -> dict[str, bytes]:
    """File names and components: the adapters of the interfaces that were asked for, else of all that a world imports
    and that pass bytes, but for those of packages that something else links. `together` makes one for all of them.

    Raises:
        CommandError: the world imports no such interface, or one that was asked for passes no bytes.
        GenerationError: one uses what an adapter cannot carry.
    """
    interfaces = {
        name: interface
        for name, interface in _imported(world).items()
        if not any(fnmatchcase(part, pattern) for part in _spellings(name) for pattern in external)
    }
    chosen = dict.fromkeys(_choose(name, interfaces, world) for name in wanted) if wanted else dict.fromkeys(interfaces)
    made = {}
    for name in chosen:
        content = _adapter({name: interfaces[name]}, world)
        if content is not None:
            made[name] = content
        elif wanted:
            raise CommandError(f"the interface `{name}` passes no bytes, so no adapter would make it faster", USAGE)
    if not made:
        raise CommandError(f"no interface that the world `{world.name}` imports passes bytes", USAGE)
    if together:
        whole = _adapter({name: interfaces[name] for name in made}, world)
        return {} if whole is None else {f"{world.name}.wasm": whole}
    return dict(zip(_file_names(made), made.values(), strict=True))


def _adapter(interfaces: Mapping[str, Interface], world: World) -> bytes | None:
    try:
        return adapter_component(
            interface_items(interfaces), list(interfaces), f"{MARKER} from {world.package.name}. Do not edit."
        )
    except BridgeError as error:
        names = ", ".join(f"`{name}`" for name in interfaces)
        raise CommandError(f"{names} cannot have an adapter: {error}") from error


MAX_ADAPTER_BYTES = 16 << 20


def write_adapters(files: Mapping[str, bytes], out: Path) -> int:
    """Writes components into a folder and says how many changed. Files that were not generated stay as they are.

    Raises:
        OutputError: such a file is in the way, or the system refuses to write.
    """
    changed = 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            target = out / name
            old = read_file(target, MAX_ADAPTER_BYTES) if target.exists() or target.is_symlink() else None
            if old is not None and not _is_generated(old):
                raise OutputError(target, "is in the way and was not generated", "move it, or choose another folder")
            if old != content:
                write_whole(target, content)
                changed += 1
    except OSError as error:
        place = Path(error.filename) if isinstance(error.filename, str) else out
        raise OutputError(place, error.strerror or str(error), "choose a folder that you may write to") from error
    return changed


def _imported(world: World) -> dict[str, Interface]:
    """The interfaces that a world imports, each under its name or its label."""
    items = with_labels_apart(world).imports
    return {name: item.interface for name, item in items.items() if isinstance(item, InterfaceItem)}


def _choose(wanted: str, interfaces: Mapping[str, Interface], world: World) -> str:
    """The import that a user means: by its name, without version, or by the interface's name alone."""
    matches = [name for name in interfaces if wanted in (name, _unversioned(name), _short(name))]
    if len(matches) == 1:
        return matches[0]
    reason = "imports several interfaces" if matches else "imports no interface"
    choices = ", ".join(f"`{name}`" for name in matches or interfaces)
    hint = f"choose from {choices}" if choices else "choose a world that imports interfaces"
    raise CommandError(f"the world `{world.name}` {reason} `{wanted}`", USAGE, hint)


def _file_names(names: Iterable[str]) -> list[str]:
    """The interface's name alone where that is enough, else as much of the whole as is."""
    every = list(names)
    for shorten in (_short, _unversioned):
        shortened = [shorten(name) for name in every]
        if len(set(shortened)) == len(every):
            every = shortened
            break
    return [f"{name.replace(':', '-').replace('/', '-').replace('@', '-')}.wasm" for name in every]


def _spellings(name: str) -> tuple[str, str, str]:
    """What a glob may match: the name, without its version, or its package alone."""
    return name, _unversioned(name), name.partition("/")[0]


def _unversioned(name: str) -> str:
    return name.partition("@")[0]


def _short(name: str) -> str:
    return _unversioned(name).rpartition("/")[2]


def _is_generated(content: bytes) -> bool:
    try:
        custom = [section.reader() for section in sections(content) if section.number == 0]
        return any(reader.name() == COMMENT_SECTION for reader in custom)
    except BridgeError:
        return False
