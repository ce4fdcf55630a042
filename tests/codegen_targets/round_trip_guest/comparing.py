"""Whether a value is the one that was expected. Host and guest of the round trip both use it."""

import dataclasses


class Like:
    """Stands for any object of a resource's class."""

    def __init__(self, cls: type[object]) -> None:
        self.cls = cls

    def __repr__(self) -> str:
        return f"<a {self.cls.__name__}>"


def same(actual: object, expected: object) -> bool:
    if isinstance(expected, Like):
        return isinstance(actual, expected.cls)
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, list | tuple):
        assert isinstance(actual, list | tuple)
        return len(actual) == len(expected) and all(map(same, actual, expected))
    if isinstance(expected, dict):
        assert isinstance(actual, dict)
        return actual.keys() == expected.keys() and all(same(actual[key], expected[key]) for key in expected)
    if isinstance(expected, Exception):
        assert isinstance(actual, Exception)
        return same(actual.args, expected.args)
    if dataclasses.is_dataclass(expected):
        names = [field.name for field in dataclasses.fields(expected)]
        return all(same(getattr(actual, name), getattr(expected, name)) for name in names)
    return actual == expected
