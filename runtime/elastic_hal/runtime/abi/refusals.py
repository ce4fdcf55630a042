"""What a host tells its operator of calls that it refused: who, which function, about what, and why.

A guest gets the error of the contract, which says little on purpose: that something is not authentic must not help
whoever forged it. Providers put what they know into notes of the exception (`add_note`), which never hold a secret, and
objects that a guest holds say what they are by `log_name`. Both stay in the host.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from elastic_hal.common.text import shown

MAX_REFUSALS_LOGGED = 10
"""Of one workload; it could fill the log with more."""

MAX_REASON_CHARACTERS = 500

_CASES = ("access-denied", "verification-failed")

_log = logging.getLogger(__name__)


class Refusals:
    """The refusals of one workload, the first of which are logged as warnings; all show where debugging is logged."""

    def __init__(self) -> None:
        self.workload = ""
        self._left = MAX_REFUSALS_LOGGED

    def note(self, function: str, error: BaseException, arguments: Sequence[object]) -> None:
        """Log a refusal that there is something to say about."""
        case = getattr(error, "case", None)
        if case not in _CASES:
            return
        reason = _reason(error)
        if not reason:
            return
        about = getattr(arguments[0], "log_name", None) if arguments else None
        level = logging.WARNING if self._left > 0 else logging.DEBUG
        last = " (more refusals of this workload are not shown)" if self._left == 1 else ""
        self._left -= self._left > 0
        _log.log(
            level,
            "%s%s: %s%s: %s%s",
            f"workload {shown(self.workload)!r}: " if self.workload else "",
            function,
            case,
            f": {shown(about)}" if isinstance(about, str) else "",
            shown(reason, MAX_REASON_CHARACTERS),
            last,
        )


def _reason(error: BaseException) -> str:
    """Return what is known: the text that the guest gets too, and what stays in the host."""
    value = getattr(error, "value", None)
    texts = [value] if isinstance(value, str) and value else []
    return "; ".join([*texts, *getattr(error, "__notes__", ())])
