"""A log of what guests bring about: none of them can fill it, or write lines of its own into it."""

import logging
from typing import Final

DEFAULT_ENTRIES: Final = 10
_MOST_CHARACTERS: Final = 500


class BoundedLog:
    """Writes the first entries of one run as warnings; those behind them show only where debugging is logged."""

    def __init__(self, logger: logging.Logger, entries: int = DEFAULT_ENTRIES) -> None:
        self._logger = logger
        self._left = entries

    def write(self, message: str, *values: object) -> None:
        """Write one entry; the texts among `values` may be a stranger's."""
        shown = [_shown(value) if isinstance(value, str) else value for value in values]
        if self._left == 0:
            self._logger.debug(message, *shown)
            return
        self._left -= 1
        self._logger.warning(message if self._left else f"{message} (more of these are not shown)", *shown)


def _shown(text: str) -> str:
    """Show a text on one line, cut where it is long."""
    cut = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    return "".join(character if character.isprintable() else "?" for character in cut)
