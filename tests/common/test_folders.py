"""Folders for secrets: nobody else can exchange what is on the path to one, and none is made that others can use."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from elastic_hal.common.errors import ENVIRONMENT
from elastic_hal.common.folders import FolderError, check_path, check_private, make_path, make_private

Check = Callable[[Path], object]
EVERY_CHECK = pytest.mark.parametrize("check", [make_private, check_private, check_path, make_path])
OTHER = 1234


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def give_away(path: Path) -> None:
    """Make something another user's, which only the superuser can."""
    if os.geteuid():
        pytest.skip("only root can give files to another user")
    os.chown(path, OTHER, OTHER, follow_symlinks=False)


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o277, 0o777])
def test_folders_are_made_for_their_owner_alone_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    with umask(mask):
        make_private(tmp_path / "a" / "b" / "c")
    assert [mode(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_a_folder_in_one_that_gives_its_group_away_is_the_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o2755)
    make_private(tmp_path / "shared" / "a" / "b")
    assert mode(tmp_path / "shared" / "a" / "b") == 0o700


@EVERY_CHECK
@pytest.mark.parametrize("written", [0o777, 0o775, 0o757, 0o722, 0o702])
@pytest.mark.parametrize("place", ["a", "a/b"])
def test_a_folder_on_the_path_that_others_can_write_to_is_refused(
    tmp_path: Path, check: Check, written: int, place: str
) -> None:
    make_private(tmp_path / "a" / "b" / "c")
    (tmp_path / place).chmod(written)
    with pytest.raises(FolderError, match=rf"{place}: has mode {written:04o}.*chmod go-w") as raised:
        check(tmp_path / "a" / "b" / "c")
    assert raised.value.exit_status == ENVIRONMENT


def test_nothing_is_made_below_a_folder_that_others_can_write_to(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a").chmod(0o777)
    with pytest.raises(FolderError):
        make_private(tmp_path / "a" / "b")
    assert not (tmp_path / "a" / "b").exists()


@EVERY_CHECK
def test_a_sticky_folder_is_no_danger_to_what_is_ours_in_it(tmp_path: Path, check: Check) -> None:
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    make_private(tmp_path / "sticky" / "a" / "b")
    check(tmp_path / "sticky" / "a" / "b")


@EVERY_CHECK
@pytest.mark.parametrize("place", ["a", "a/b"])
def test_a_folder_of_another_user_on_the_path_is_refused(tmp_path: Path, check: Check, place: str) -> None:
    make_private(tmp_path / "a" / "b" / "c")
    give_away(tmp_path / place)
    with pytest.raises(FolderError, match=rf"{place}: belongs to another user \(1234\)"):
        check(tmp_path / "a" / "b" / "c")


@EVERY_CHECK
def test_a_sticky_folder_of_another_user_is_refused_as_its_owner_may_move_everything(
    tmp_path: Path, check: Check
) -> None:
    make_private(tmp_path / "sticky" / "a")
    (tmp_path / "sticky").chmod(0o1777)
    give_away(tmp_path / "sticky")
    with pytest.raises(FolderError, match="sticky: belongs to another user"):
        check(tmp_path / "sticky" / "a")


def test_a_folder_that_another_user_put_into_a_sticky_one_beforehand_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sticky" / "a").mkdir(parents=True)
    (tmp_path / "sticky").chmod(0o1777)
    give_away(tmp_path / "sticky" / "a")
    with pytest.raises(FolderError, match="belongs to another user"):
        make_private(tmp_path / "sticky" / "a" / "b")


@EVERY_CHECK
@pytest.mark.parametrize("relative", [False, True])
def test_a_link_on_the_path_is_followed_to_what_is_checked_too(tmp_path: Path, check: Check, relative: bool) -> None:
    make_private(tmp_path / "real" / "deep" / "c")
    (tmp_path / "link").symlink_to("real/deep" if relative else tmp_path / "real" / "deep")
    check(tmp_path / "link" / "c")
    (tmp_path / "real").chmod(0o777)
    with pytest.raises(FolderError, match="real: has mode 0777"):
        check(tmp_path / "link" / "c")


@EVERY_CHECK
def test_dots_after_a_link_lead_where_the_system_goes(tmp_path: Path, check: Check) -> None:
    make_private(tmp_path / "real" / "deep")
    make_private(tmp_path / "real" / "c")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    check(Path(f"{tmp_path}/link/../c"))
    (tmp_path / "real").chmod(0o777)
    with pytest.raises(FolderError, match="real: has mode 0777"):
        check(Path(f"{tmp_path}/link/../c"))


@EVERY_CHECK
def test_a_link_of_another_user_is_refused(tmp_path: Path, check: Check) -> None:
    make_private(tmp_path / "real" / "c")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    give_away(tmp_path / "link")
    with pytest.raises(FolderError, match="link: is a link of another user"):
        check(tmp_path / "link" / "c")


@EVERY_CHECK
def test_links_that_lead_in_a_circle_come_to_an_end(tmp_path: Path, check: Check) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(FolderError, match="too many links"):
        check(tmp_path / "one" / "c")


@EVERY_CHECK
def test_what_is_no_folder_is_refused(tmp_path: Path, check: Check) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="file: is not a directory"):
        check(tmp_path / "file" / "c")
    with pytest.raises(FolderError, match="file: is not a directory"):
        check(tmp_path / "file")


@pytest.mark.parametrize("check", [make_private, check_private])
def test_the_folder_itself_is_no_link_and_the_owners_alone(tmp_path: Path, check: Check) -> None:
    make_private(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(FolderError, match="not a directory but a link"):
        check(tmp_path / "link")
    (tmp_path / "real").chmod(0o750)
    with pytest.raises(FolderError, match=r"real: has mode 0750.*chmod 700"):
        check(tmp_path / "real")


def test_a_relative_path_is_checked_from_the_root_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_private(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path / "a" / "b")
    make_private(Path("c"))
    (tmp_path / "a").chmod(0o777)
    with pytest.raises(FolderError, match="a: has mode 0777"):
        make_private(Path("c"))


@pytest.mark.parametrize("check", [check_private, check_path])
def test_a_check_makes_nothing(tmp_path: Path, check: Callable[[Path], bool]) -> None:
    assert not check(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())
    make_private(tmp_path / "a" / "b")
    assert check(tmp_path / "a" / "b")


def test_a_path_with_a_nul_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match="NUL"):
        make_private(tmp_path / "a\0b")


def test_descriptors_are_given_back(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        make_private(tmp_path / "a" / "b")
        with pytest.raises(FolderError):
            make_private(tmp_path / "a" / "b\0")
        assert not check_path(tmp_path / "x" / "y")
    assert len(os.listdir("/proc/self/fd")) == before
