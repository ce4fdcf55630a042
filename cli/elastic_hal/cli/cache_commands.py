"""`elastic-hal cache`: what is kept so that it need not be made again, and removing it."""

from __future__ import annotations

import time

import click

from elastic_hal.cli.console import line, print_json
from elastic_hal.common import cache_folder
from elastic_hal.common.quantities import parse_size


@click.group()
def cache() -> None:
    """Show or remove compiled components and built suite guests.

    Everything in the cache is made again when it is needed. It holds at most $ELASTIC_HAL_CACHE_SIZE (4GiB where that
    is not set); what was not used for longest goes first.
    """


@cache.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(*, as_json: bool) -> None:
    """Print where the cache is, what it may hold and what it holds."""
    root, found, most = (
        cache_folder.cache_root(),
        cache_folder.entries(cache_folder.cache_root()),
        cache_folder.max_bytes(),
    )
    if as_json:
        print_json(
            {
                "directory": str(root),
                "bytes": sum(entry.size for entry in found),
                "max-bytes": most,
                "entries": [
                    {"path": str(entry.path), "kind": entry.kind, "bytes": entry.size, "used": round(entry.used, 3)}
                    for entry in found
                ],
            }
        )
        return
    line(f"{root}: {_rounded(sum(entry.size for entry in found))} of {_rounded(most)}")
    for kind in cache_folder.KINDS:
        of_kind = [entry for entry in found if entry.kind == kind]
        last = f", last used {_ago(max(entry.used for entry in of_kind))}" if of_kind else ""
        line(f"  {kind + 's':<20} {len(of_kind):>5} {_rounded(sum(entry.size for entry in of_kind)):>10}{last}")


@cache.command()
@click.option("--keep", metavar="SIZE", default="0B", help="Keep what was used last, up to that size, such as 1GiB.")
def clean(*, keep: str) -> None:
    """Remove everything that no running process holds."""
    removed = cache_folder.prune(cache_folder.cache_root(), parse_size(keep))
    line(f"removed {_counted(removed.entries)}, {_rounded(removed.size)}")
    if removed.in_use:
        line(f"{_counted(removed.in_use)} in use by a running process stayed")


def _counted(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _rounded(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB" if size >= 1024**3 else f"{size / 1024**2:.1f} MiB"


def _ago(moment: float) -> str:
    seconds = max(0.0, time.time() - moment)
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'' if count == 1 else 's'} ago"
    return "less than a minute ago"
