"""The semantics of configfs-tsm (`Documentation/ABI/testing/configfs-tsm-report`) without a file system under them.

An item is what `mkdir` makes: it keeps the input of one report and counts every change of it, so that a reader who
shares the item with others notices when the report is not of its own input.
"""

import errno
from dataclasses import dataclass, field
from typing import Final

from .errors import CallError
from .guest import REPORT_DATA_BYTES, EmulatedGuest, SignedReport

MOST_PRIVILEGE: Final = 3
_PRIVILEGE_FLOOR: Final = 0
_WRITABLE: Final = ("inblob", "privlevel")


@dataclass(slots=True)
class ReportItem:
    """One directory: its input, how often that was written, and the report that was made of which writing."""

    guest: EmulatedGuest
    _input: bytes = b""
    _privilege: int = 0
    _written: int = 0
    _made_of: int = 0
    _made: SignedReport | None = field(default=None)

    def read(self, name: str) -> bytes:
        """Give the content of an attribute."""
        if name == "generation":
            return b"%d\n" % self._written
        if name == "provider":
            return f"{self.guest.provider}\n".encode()
        if name == "privlevel_floor":
            return b"%d\n" % _PRIVILEGE_FLOOR
        made = self._report()
        content = made.report if name == "outblob" else made.auxiliary
        return content or b""

    def write_input(self, content: bytes) -> None:
        """Take what a reader of `outblob` will find signed; as in the kernel its length is judged there."""
        self._change()
        self._input = content

    def write_privilege(self, text: bytes) -> None:
        """Take a privilege level as the text of a number."""
        try:
            level = int(text.decode("ascii").strip(), 0)
        except ValueError:
            raise CallError(errno.EINVAL) from None
        if not _PRIVILEGE_FLOOR <= level <= MOST_PRIVILEGE:
            raise CallError(errno.EINVAL)
        self._change()
        self._privilege = level

    def _change(self) -> None:
        self._written += 1

    def _report(self) -> SignedReport:
        if len(self._input) != REPORT_DATA_BYTES:
            raise CallError(errno.EINVAL)
        if self._made is None or self._made_of != self._written:
            self._made = self.guest.sign(self._input, self._privilege)
            self._made_of = self._written
        return self._made


def attributes(guest: EmulatedGuest) -> dict[str, bool]:
    """Name the attributes of an item, with whether they are for writing; the others are for reading."""
    names = ["inblob", "outblob", "generation", "provider"]
    if guest.has_privilege_levels:
        names += ["auxblob", "privlevel", "privlevel_floor"]
    return {name: name in _WRITABLE for name in names}
