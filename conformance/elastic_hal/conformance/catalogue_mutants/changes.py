"""What can be done to a function of a provider without knowing the provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.target import Change

VERIFICATION_FAILED = "Error_VerificationFailed"


def with_argument(position: int, replace: Callable[[Any], Any]) -> Change:
    """The function, called with another value for one argument, counted from zero."""

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            changed = [*arguments]
            changed[position] = replace(changed[position])
            return function(*changed)

        return call

    return change


def with_answer(replace: Callable[[Any], Any]) -> Change:
    """The function, with another answer made of its own."""

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            return replace(function(*arguments))

        return call

    return change


def without(error: str, answer: Any) -> Change:
    """The function, with an answer in place of that error of the contract, by the name of its class."""

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except Exception as raised:
                if type(raised).__name__ != error:
                    raise
                return answer

        return call

    return change


def first_answer_again() -> Change:
    """The function, which gives what it gave the first time for ever after."""

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        kept: list[Any] = []

        def call(*arguments: Any) -> Any:
            if not kept:
                kept.append(function(*arguments))
            return kept[0]

        return call

    return change


def does_nothing(answer: Any = None) -> Change:
    """A function that only answers."""

    def change(_function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *_arguments: answer

    return change
