"""Values of options that several commands take, read strictly: a misspelt one is a mistake in how we were called."""

from __future__ import annotations

from datetime import UTC, datetime

from elastic_hal.cli.failures import CommandError
from elastic_hal.common.errors import USAGE


def hexadecimal(text: str, option: str) -> bytes:
    """Bytes, written as hexadecimal digits."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise CommandError(
            f"{option} {text!r} is not hexadecimal", USAGE, "write two digits for each byte, such as 00ff"
        ) from None


def point_in_time(text: str, option: str) -> datetime:
    """A time, written as RFC 3339 or as Unix seconds."""
    try:
        time = datetime.fromtimestamp(int(text), UTC) if text.lstrip("-").isdigit() else datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise CommandError(
            f"{option} {text!r} is no time", USAGE, "write it like 2026-01-31T12:00:00Z, or as Unix seconds"
        ) from None
