"""Object storage, OBJ-1 to OBJ-4."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import does_nothing, with_answer, with_argument, without
from elastic_hal.conformance.catalogue_mutants.target import Target

_PROVIDER = "elastic_hal_object_storage"
_GRANTED = "plain"


def _in_any_case(condition: Any) -> Any:
    """The condition that always holds, of the same bindings."""
    return sys.modules[type(condition).__module__].WriteCondition_Always()


def _opens_another(function: Callable[..., Any]) -> Callable[..., Any]:
    """Opens a container that is granted in place of one that is not."""

    def call(name: str) -> Any:
        try:
            return function(name)
        except Exception as raised:
            if type(raised).__name__ != "Error_AccessDenied":
                raise
            return function(_GRANTED)

    return call


MUTANTS = (
    Target("obj-1-opens-what-is-not-granted", _PROVIDER, {"get_container": _opens_another}, "get-container"),
    Target("obj-1-tells-of-anything", _PROVIDER, {"container_exists": does_nothing(True)}, "container-exists"),
    Target("obj-1-ignores-prefixes", _PROVIDER, {"Container.list_objects": with_argument(0, lambda _: "")}, "list"),
    Target("obj-2-ignores-where-to-start", _PROVIDER, {"Container.get_data": with_argument(1, lambda _: 0)}, "range"),
    Target("obj-2-changes-a-bit", _PROVIDER, {"ObjectReader.read": with_answer(lambda data: data[::-1])}, "read"),
    Target("obj-3-loses-what-is-written", _PROVIDER, {"ObjectWriter.write": does_nothing()}, "write-and-read"),
    Target(
        "obj-3-ignores-conditions", _PROVIDER, {"Container.write_data": with_argument(1, _in_any_case)}, "condition"
    ),
    Target("obj-3-deletes-nothing", _PROVIDER, {"Container.delete_object": does_nothing()}, "delete-object"),
    Target(
        "obj-4-takes-any-key",
        _PROVIDER,
        {"Container.associate_key": without("Error_VerificationFailed", None)},
        "wrong-key",
    ),
    Target("obj-4-leaves-it-in-the-open", _PROVIDER, {"Container.associate_key": does_nothing()}, "protected"),
)
