"""The resources of the interface `counters`; componentize-py looks for them here."""

from componentize_py_types import Err
from wit_world.exports import counters, echo


class Counter(counters.Counter):
    def __init__(self, start):
        self.count = start

    def add(self, amount):
        if amount == 0:
            raise Err(echo.Failure_Refused())
        self.count += amount
        return self.count

    def value(self):
        return self.count

    def close(self):
        return True

    @classmethod
    def sum(cls, first, second):
        return cls(first.count + (second.count if second else 0))

    @classmethod
    def take(cls, counter):
        return counter.count


class Failing(counters.Failing):
    def __init__(self, start):
        if start == 0:
            raise Err(echo.Failure_NotFound("zero"))
