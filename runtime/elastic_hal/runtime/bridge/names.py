"""The names that an adapter and the host agree on.

An adapter imports, beside an interface itself, a *bridge instance* with the functions of that interface in which
every ``list<u8>`` is an address and a length, and one instance of the runtime. Their names are built here, for the
side that composes components and for the side that links them. No two interfaces or functions share a name.
"""

import re

NAMESPACE = "elastic-hal-bridge"
RUNTIME_INTERFACE = f"{NAMESPACE}:runtime/window@1.0.0"
WORLD_BRIDGE = f"{NAMESPACE}:world/functions"

_PACKAGED = re.compile(r"(?P<namespace>[a-z0-9-]+):(?P<package>[a-z0-9-]+)/(?P<rest>[A-Za-z0-9-]+(@[^@/:]+)?)")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*")
_NUMBERED = re.compile(r"n[0-9]+")
_MEMBER = re.compile(r"\[(?P<kind>method|static)\](?P<resource>[A-Za-z0-9-]+)\.(?P<name>[A-Za-z0-9-]+)")
_CONSTRUCTOR = re.compile(r"\[constructor\](?P<resource>[A-Za-z0-9-]+)")


def bridge_name(import_name: str) -> str:
    """The bridge instance of an imported interface, packaged or with a plain name.

    Raises ValueError for names of another form: such imports cannot be bridged.
    """
    if packaged := _PACKAGED.fullmatch(import_name):
        namespace, package = packaged["namespace"], packaged["package"]
        # "a-b:c" and "a:b-c" are different packages: the length of the first part says where it ends.
        ambiguous = "-" in namespace or _NUMBERED.fullmatch(namespace)
        prefix = f"n{len(namespace)}-" if ambiguous else ""
        return f"{NAMESPACE}:{prefix}{namespace}-{package}/{packaged['rest']}"
    if _PLAIN.fullmatch(import_name):
        return f"{NAMESPACE}:inline/{import_name}"
    raise ValueError(f"no bridge can stand beside the import {import_name!r}")


def function_name(wit_name: str) -> str:
    """What a function is called in the bridge instance; raises ValueError for unknown kinds of functions."""
    if member := _MEMBER.fullmatch(wit_name):
        letter, resource = member["kind"][0], member["resource"]
        return f"{letter}{len(resource)}-{resource}-{member['name']}"
    if constructor := _CONSTRUCTOR.fullmatch(wit_name):
        return f"c-{constructor['resource']}"
    if _PLAIN.fullmatch(wit_name):
        return f"f-{wit_name}"
    raise ValueError(f"no bridge function can be named after {wit_name!r}")


def is_member(wit_name: str) -> bool:
    """Whether a function belongs to a resource: a method, a static function or a constructor."""
    return wit_name.startswith("[")


def is_bridge_name(import_name: str) -> bool:
    """Whether an import lies in the namespace reserved for adapters: guests must not import such names."""
    return import_name.startswith(f"{NAMESPACE}:")
