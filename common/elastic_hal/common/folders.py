"""Folders for secrets: on the whole path to one, nobody else may put another folder, file or link in its place.

Whoever can write to a folder can rename what is in it, whatever the rights of that are. So every folder from `/` on
belongs to this user or to root, and nobody else may write to it, unless it is sticky as `/tmp` is, where the entry of
an owner can be moved by nobody but the owner, the owner of the folder, and root. Access control lists are covered: what
they give to others is bounded by the bits of the group (acl(5)).
"""

from __future__ import annotations

import os
import shlex
import stat
from collections import deque
from pathlib import Path
from typing import Final

from .errors import ENVIRONMENT, ElasticHalError
from .text import shown

MAX_LINKS: Final = 40
"""As many symbolic links as Linux follows on one path."""

_PRIVATE: Final = 0o700
_OTHERS: Final = 0o077
_OTHERS_WRITE: Final = 0o022
_ROOT: Final = 0
_PATH_SHOWN: Final = 500
_FLAGS: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderError(ElasticHalError):
    """A folder cannot be used. `errno` is the system's reason, 0 where it is ours."""

    exit_status = ENVIRONMENT

    def __init__(self, path: Path, reason: str, errno: int = 0) -> None:
        super().__init__(f"{shown(path, _PATH_SHOWN)}: {reason}")
        self.errno = errno


def make_private(folder: Path) -> None:
    """Make the folder, with those above that are missing, mode 0700 whatever the umask; or check the one that is there.

    It must be this user's alone, and the path to it trustworthy. Raises `FolderError`.
    """
    with _Walk(folder) as walk:
        status = walk.to_the_end(make=True)
        _require_private(walk.place, status)


def make_path(folder: Path) -> None:
    """Make the folder, with those above that are missing, mode 0700; one that is there may be looked into by others.

    The path to it must be trustworthy. Raises `FolderError`.
    """
    with _Walk(folder, last_may_be_link=True) as walk:
        walk.to_the_end(make=True)


def check_private(folder: Path) -> bool:
    """Check a folder as `make_private` does, and make none: return False where there is none. Raises `FolderError`."""
    with _Walk(folder) as walk:
        status = walk.to_the_end(make=False)
        if status is None:
            return False
        _require_private(walk.place, status)
        return True


def check_path(folder: Path) -> bool:
    """Check that nobody else can exchange the folder, which others may look into; return False where there is none.

    Raises `FolderError`.
    """
    with _Walk(folder, last_may_be_link=True) as walk:
        return walk.to_the_end(make=False) is not None


class _Walk:
    """The way from `/` to a folder, by descriptors: what was checked is what the next step starts from."""

    def __init__(self, folder: Path, *, last_may_be_link: bool = False) -> None:
        try:
            absolute = folder.absolute()
        except OSError as error:
            raise FolderError(folder, f"the current directory is gone: {error.strerror}", error.errno or 0) from None
        self._names = deque(absolute.parts[1:])
        self._last_may_be_link = last_may_be_link
        self._links = 0
        self._start()

    def __enter__(self) -> _Walk:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._here)

    def to_the_end(self, *, make: bool) -> os.stat_result | None:
        """Go all the way and return what the folder is; None where one is missing and none is to be made."""
        try:
            _require_trustworthy(self.place, os.fstat(self._here))
            while self._names:
                if not self._step(self._names.popleft(), make=make):
                    return None
            return os.fstat(self._here)
        except OSError as error:
            raise FolderError(self.place, f"cannot use the folder: {error.strerror}", error.errno or 0) from None
        except ValueError:
            raise FolderError(self.place, "cannot use the folder: a path holds no NUL") from None

    def _start(self) -> None:
        self.place = Path("/")
        self._here = os.open("/", _FLAGS)

    def _step(self, name: str, *, make: bool) -> bool:
        place = self.place.parent if name == ".." else self.place / name
        above, self.place = self._here, place
        try:
            status = os.stat(name, dir_fd=above, follow_symlinks=False)
        except FileNotFoundError:
            if not make:
                return False
            status = _made(place, above)
        if stat.S_ISLNK(status.st_mode):
            self._follow(name, status)
            return True
        if not stat.S_ISDIR(status.st_mode):
            raise FolderError(place, "is not a directory; move it away")
        self._here = os.open(name, _FLAGS, dir_fd=above)
        os.close(above)
        _require_trustworthy(place, os.fstat(self._here))
        return True

    def _follow(self, name: str, status: os.stat_result) -> None:
        if not self._names and not self._last_may_be_link:
            raise FolderError(self.place, "is not a directory but a link; move it away")
        if status.st_uid not in {_ROOT, os.geteuid()}:
            raise FolderError(
                self.place, f"is a link of another user ({status.st_uid}), who can make it lead elsewhere"
            )
        self._links += 1
        if self._links > MAX_LINKS:
            raise FolderError(self.place, "has too many links on the way")
        target = os.readlink(name, dir_fd=self._here)
        self._names.extendleft(reversed(Path(target).parts[1:] if target.startswith("/") else Path(target).parts))
        self.place = self.place.parent
        if target.startswith("/"):
            here = self._here
            self._start()
            os.close(here)


def _made(place: Path, above: int) -> os.stat_result:
    name = place.name
    try:
        os.mkdir(name, _PRIVATE, dir_fd=above)
        # A umask may have taken rights of the owner's away too.
        os.chmod(name, _PRIVATE, dir_fd=above)
    except FileExistsError:  # made meanwhile by somebody, whose right to that is checked as for one that was there
        pass
    except OSError as error:
        raise FolderError(place, f"cannot create the directory: {error.strerror}", error.errno or 0) from None
    return os.stat(name, dir_fd=above, follow_symlinks=False)


def _require_trustworthy(place: Path, status: os.stat_result) -> None:
    if status.st_uid not in {_ROOT, os.geteuid()}:
        raise FolderError(
            place,
            f"belongs to another user ({status.st_uid}), who can exchange everything in it; "
            "choose a directory of your own",
        )
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        raise FolderError(
            place,
            f"has mode {mode:04o}, so that others can exchange what is in it; "
            f"if all is right so far, run: chmod go-w {_quoted(place)}",
        )


def _require_private(place: Path, status: os.stat_result | None) -> None:
    if status is None:
        raise RuntimeError("a walk that makes folders comes to its end")
    if status.st_uid != os.geteuid():
        raise FolderError(place, "belongs to another user; choose a directory of your own")
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        raise FolderError(
            place,
            f"has mode {mode:04o}, which lets others at it; if that is all right so far, "
            f"run: chmod 700 {_quoted(place)}",
        )


def _quoted(place: Path) -> str:
    return shlex.quote(str(place))
