"""What somebody writes who implements an interface: an editor knows every type."""

# pyright: strict
from __future__ import annotations

from typing import assert_type

from handles_host import Providers, add_to_linker
from handles_host.test_handles import nodes, users

from elastic_hal.runtime import abi


class Node(nodes.Node):
    def __init__(self, number: int) -> None:
        self.number = number

    def value(self) -> int:
        return self.number

    def link(self, other: nodes.Node) -> nodes.Node:
        assert_type(other.value(), int)
        if other is self:
            raise nodes.Why_Refused
        return Node(self.number + other.value())


class Users:
    def keep(self, value: users.Node, pair: users.Pair) -> users.Renamed:
        assert_type(pair.right, nodes.Node | None)
        return pair.left if value.value() == 0 else value

    def peek(self, value: users.Renamed) -> int:
        return value.value()


def provider_of(slot: nodes.Slot) -> users.Users:
    match slot:
        case nodes.Slot_Many(pairs):
            assert_type(pairs, list[nodes.Pair])
        case nodes.Slot_Full(node):
            assert_type(node, nodes.Node)
        case nodes.Slot_Empty():
            pass
    return Users()


def link(linker: abi.Linker, nodes_provider: nodes.Nodes) -> None:
    providers = Providers(test_handles_nodes=nodes_provider, test_handles_users=provider_of(nodes.Slot_Empty()))
    assert_type(providers.test_handles_users, users.Users)
    add_to_linker(linker, providers)
