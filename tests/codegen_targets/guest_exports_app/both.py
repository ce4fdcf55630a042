"""The resource of the interface `both` that the guest implements."""

from wit_world.exports import both


class Thing(both.Thing):
    def __init__(self, size):
        self._size = size

    def size(self):
        return self._size
