"""The files behind one granted verification policy: read when a workload starts, and again when one of them changes.

A wrong file keeps the workload from starting. An operator who changes one later, such as by taking a reference value
out of it, is obeyed by the next appraisal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509

from elastic_hal.common.files import FileError, read_file
from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.errors import PolicyError

from .verify import (
    AppraisalPolicy,
    AppraisalPolicyError,
    CertificateFileError,
    load_certificates,
    load_revocation_lists,
)
from .verify.tdx.collateral import MAX_COLLATERAL_BYTES, parse_collateral
from .verify.tdx.errors import TdxError

MAX_FILE_BYTES: Final = 1 << 20

T = TypeVar("T")


class AppraisalGrantError(PolicyError):
    """A file of a granted verification policy cannot be used. The text names its place in the policy and the file."""


@dataclass(frozen=True, slots=True)
class Demands:
    """What the files say: the demands, and what the relying party brings besides."""

    policy: AppraisalPolicy
    trust_roots: tuple[x509.Certificate, ...] = ()
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()
    collateral: bytes | None = None


@dataclass(frozen=True, slots=True)
class _File:
    """One of the files, and where a policy names it."""

    place: str
    path: Path
    most_bytes: int = MAX_FILE_BYTES


class AppraisalFiles:
    """The files of one grant; `place` is where a policy grants them. Raises `AppraisalGrantError` for a wrong one."""

    def __init__(self, place: str, grant: AppraisalGrant) -> None:
        self._policy = _File(f"{place}.policy", grant.policy)
        self._trust_roots = _numbered(f"{place}.trust_roots", grant.trust_roots)
        self._revocation_lists = _numbered(f"{place}.revocation_lists", grant.revocation_lists)
        self._collateral = (
            None if grant.collateral is None else _File(f"{place}.collateral", grant.collateral, MAX_COLLATERAL_BYTES)
        )
        self._contents = self._read()
        self._demands = self._parse(self._contents)

    def current(self) -> Demands:
        """What the files say now. Raises `AppraisalGrantError` where one can no longer be used."""
        # Contents are compared and not times of change: of two changes within one tick of the clock, none is missed.
        contents = self._read()
        if contents != self._contents:
            self._demands = self._parse(contents)
            self._contents = contents
        return self._demands

    def _read(self) -> dict[_File, bytes]:
        files = [self._policy, *self._trust_roots, *self._revocation_lists]
        return {file: _content(file) for file in (files if self._collateral is None else [*files, self._collateral])}

    def _parse(self, contents: dict[_File, bytes]) -> Demands:
        return Demands(
            _policy(self._policy, contents[self._policy]),
            tuple(each for file in self._trust_roots for each in _loaded(file, contents[file], load_certificates)),
            tuple(
                each for file in self._revocation_lists for each in _loaded(file, contents[file], load_revocation_lists)
            ),
            None if self._collateral is None else _checked_collateral(self._collateral, contents[self._collateral]),
        )


def _numbered(place: str, paths: tuple[Path, ...]) -> tuple[_File, ...]:
    return tuple(_File(f"{place}[{index}]", path) for index, path in enumerate(paths))


def _content(file: _File) -> bytes:
    try:
        return read_file(file.path, file.most_bytes)
    except FileError as error:
        raise _wrong(file, error.reason, error.hint or "paths are relative to the policy file") from None


def _policy(file: _File, content: bytes) -> AppraisalPolicy:
    try:
        return AppraisalPolicy.parse(content.decode(), str(file.path))
    except UnicodeDecodeError:
        raise _wrong(file, "is not UTF-8") from None
    except AppraisalPolicyError as error:
        raise AppraisalGrantError(f"{file.place}: {error}", "see docs/verification.md") from None


def _loaded(file: _File, content: bytes, load: Callable[[bytes], list[T]]) -> list[T]:
    try:
        return load(content)
    except CertificateFileError as error:
        raise _wrong(file, str(error), "it must be PEM or DER") from None


def _checked_collateral(file: _File, content: bytes) -> bytes:
    try:
        parse_collateral(content)
    except TdxError as error:
        raise _wrong(file, f"is no collateral: {error}", "see docs/verification.md") from None
    return content


def _wrong(file: _File, problem: str, hint: str = "") -> AppraisalGrantError:
    return AppraisalGrantError(f"{file.place}: {file.path}: {problem}", hint)
