"""Python identifiers for WIT names, as string types of their own.

A template takes these types only, so a raw WIT name cannot reach generated code as an identifier. What a name means,
and in which module it stands, is decided by the targets.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import Self, TypeVar


class Identifier(str):
    """A string that is known to be a Python identifier and no keyword."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Takes the text, or raises ValueError where it is no identifier."""
        if not text.isidentifier() or keyword.iskeyword(text):
            raise ValueError(f"{text!r} is no Python identifier")
        return super().__new__(cls, text)


class SnakeName(Identifier):
    """The name of a function, parameter, field or module."""

    __slots__ = ()


class ClassName(Identifier):
    """The name of a class or type alias."""

    __slots__ = ()


class ConstantName(Identifier):
    """The name of an enum member or of a module constant."""

    __slots__ = ()


class PrivateName(Identifier):
    """A name that starts with an underscore. No WIT name does, so it can hide nothing of the contract's."""

    __slots__ = ()


AnyIdentifier = TypeVar("AnyIdentifier", bound=Identifier)


def snake(wit_name: str) -> SnakeName:
    """`get-data` → `get_data`; a keyword gets an underscore at its end."""
    return SnakeName(_no_keyword("_".join(_words(wit_name))))


def pascal(wit_name: str) -> ClassName:
    """`aes-128-gcm` → `Aes128Gcm`; a keyword (`None`, `True`, `False`) gets an underscore at its end."""
    return ClassName(_no_keyword(_joined_capitals(wit_name)))


def upper(wit_name: str) -> ConstantName:
    """`aes-128-gcm` → `AES_128_GCM`."""
    return ConstantName("_".join(_words(wit_name)).upper())


def case_class(owner: ClassName, wit_case: str) -> ClassName:
    """The class of one case of a variant: `KeyAlgorithm` and `mac` → `KeyAlgorithm_Mac`."""
    return ClassName(f"{owner}_{_joined_capitals(wit_case)}")


def private(*parts: str) -> PrivateName:
    """`("codec", "key-type")` → `_codec_key_type`."""
    return PrivateName("_" + "_".join(word for part in parts for word in _words(part.replace("_", "-"))))


def package_folder(namespace: str, name: str, version: str | None = None) -> SnakeName:
    """The folder of a package's modules: `elastic_hal`, or `elastic_hal_0_2_0` where the version is part of it."""
    parts = [namespace.replace(":", "-"), name.replace("/", "-")]
    if version is not None:
        parts.append("".join(character if character.isalnum() else "-" for character in version))
    return snake("-".join(parts))


class Scope:
    """The names of one Python scope. It hands each name out once; a second wish gets an underscore at its end."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def claim(self, wanted: AnyIdentifier) -> AnyIdentifier:
        """The wanted name, or the first free one with underscores after it."""
        name = wanted
        while name in self._taken:
            name = type(wanted)(f"{name}_")
        self._taken.add(name)
        return name

    def __contains__(self, name: object) -> bool:
        return name in self._taken


def _words(wit_name: str) -> list[str]:
    return [word.lower() for word in wit_name.split("-") if word]


def _joined_capitals(wit_name: str) -> str:
    return "".join(word[0].upper() + word[1:] for word in _words(wit_name))


def _no_keyword(text: str) -> str:
    return f"{text}_" if keyword.iskeyword(text) else text
