"""Reading the keys of a case that are lists or numbers: catalogue ids, needs, the time-out, and who runs beside it."""

from __future__ import annotations

from elastic_hal.conformance.catalogue import is_catalogue_id
from elastic_hal.conformance.document import Mapping, Node, as_sequence, as_text, as_whole_number

LONGEST_TIMEOUT = 600


def ids_of(node: Node) -> tuple[str, ...]:
    """Catalogue ids."""
    found = []
    for item in as_sequence(node, "catalogue ids"):
        text = as_text(item, "a catalogue id")
        if not is_catalogue_id(text):
            raise item.place.problem(f"{text!r} is not a catalogue id", "such as CRY-11")
        found.append(text)
    return tuple(found)


def needs_of(node: Node) -> tuple[str, ...]:
    """Capabilities that a case needs."""
    found = []
    for item in as_sequence(node, "needs"):
        text = as_text(item, "needs")
        if not is_catalogue_id(text.partition("/")[0]):
            raise item.place.problem(f"{text!r} is not a capability", "such as CRY-11 or CRY-6/blake3")
        found.append(text)
    return tuple(found)


def beside_of(node: Node) -> dict[str, str]:
    """Workload name → id of the case that it runs."""
    if not isinstance(node, Mapping) or not node.entries:
        raise node.place.problem("beside is a mapping from the name of a workload to the id of its case")
    return {name: as_text(case, "the id of a case") for name, case in node.entries.items()}


def timeout_of(node: Node | None) -> float:
    """Seconds."""
    return 10.0 if node is None else float(as_whole_number(node, "timeout", 1, LONGEST_TIMEOUT))
