"""Orders things so that each comes after what it depends on, and finds the cycles that make that impossible."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def in_dependency_order(
    nodes: Iterable[Node], dependencies: Callable[[Node], Iterable[Node]]
) -> tuple[list[Node], list[list[Node]]]:
    """The nodes with dependencies first, otherwise in the given order, and the cycles found.

    A cycle is a list in which each node depends on the next and the last on the first. It works without recursion,
    because texts may chain thousands of names.
    """
    order: list[Node] = []
    cycles: list[list[Node]] = []
    finished: set[Node] = set()
    place: dict[Node, int] = {}
    for root in nodes:
        if root in finished:
            continue
        path: list[Node] = [root]
        pending: list[Iterator[Node]] = [iter(dependencies(root))]
        place[root] = 0
        while path:
            following = next(pending[-1], None)
            if following is None:
                done = path.pop()
                pending.pop()
                del place[done]
                finished.add(done)
                order.append(done)
            elif following in place:
                cycles.append(path[place[following] :])
            elif following not in finished:
                place[following] = len(path)
                path.append(following)
                pending.append(iter(dependencies(following)))
    return order, cycles
