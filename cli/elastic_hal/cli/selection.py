"""The options that select cases, alike in every command of the suite: `-k` by words, `--case` by the whole id. Each may
be given more than once; a case runs that any of them selects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from elastic_hal.cli.failures import CommandError
from elastic_hal.common.errors import USAGE
from elastic_hal.common.text import shown

if TYPE_CHECKING:
    from elastic_hal.codegen.targets.suite.cases import SuiteCase

F = TypeVar("F", bound=Callable[..., Any])


def selection_options(command: F) -> F:
    """Add the options, which become `expressions` and `exact`."""
    command = click.option(
        "--case",
        "exact",
        multiple=True,
        metavar="ID",
        help="Exactly this case, by its id or by interface#id; may be given more than once.",
    )(command)
    return click.option(
        "-k",
        "expressions",
        multiple=True,
        metavar="EXPR",
        help="Only cases that match, such as 'hash and not boundary'; may be given more than once and adds up.",
    )(command)


def selection_of(
    expressions: Sequence[str], exact: Sequence[str], cases: Callable[[], Iterable[tuple[str, SuiteCase]]]
) -> str | None:
    """Return one expression for what the options select, None where they select nothing in particular.

    `cases` gives all cases of the suite with their interfaces. Raises ExpressionError, UnknownCaseError, and
    CommandError for a `-k` that no case matches.
    """
    from elastic_hal.conformance import any_of, exact_ids
    from elastic_hal.conformance.expression import case_words, compile_expression

    if not expressions and not exact:
        return None
    predicates = [(text, compile_expression(text)) for text in expressions]
    known = list(cases())
    for text, predicate in predicates:
        if not any(predicate(case_words(interface, case)) for interface, case in known):
            hint = "`elastic-hal conformance list` shows the cases"
            raise CommandError(f"no case matches -k {shown(text)!r}", USAGE, hint)
    return any_of(expressions, exact_ids(exact, known))
