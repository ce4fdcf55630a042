"""Prints views with the templates. A template only prints: all that it is given is text, and identifiers are of their
own types.
"""

from __future__ import annotations

import functools

import jinja2


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("elastic_hal.codegen", "templates"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  Python is printed here, no HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def print_template(template: str, **views: object) -> str:
    """The text of a template with exactly one line break at its end."""
    return _environment().get_template(template).render(**views).rstrip() + "\n"
