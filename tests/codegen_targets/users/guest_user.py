"""What somebody writes who calls an interface from a guest: an editor knows every type."""

# pyright: strict
from __future__ import annotations

from typing import assert_type

from handles_guest import Err, Ok
from handles_guest.test_handles import nodes, users


def walk(start: int) -> int:
    with nodes.Node(start) as node:
        assert_type(node, nodes.Node)
        found = nodes.Node.find(start + 1)
        assert_type(found, nodes.Node | None)
        try:
            linked = node.link(found or node)
        except nodes.WhyException as error:
            assert_type(error.code, nodes.Why)
            return error.code.value.count("e")
        kept = users.keep(linked, nodes.Pair(nodes.Node(1), None))
        assert_type(kept, nodes.Node)
        answer = nodes.results(Err(nodes.Why.REFUSED))
        assert_type(answer, Ok[nodes.Node] | Err[nodes.Bare])
        assert_type(nodes.lend([node, kept]), int)
        return users.peek(kept)
