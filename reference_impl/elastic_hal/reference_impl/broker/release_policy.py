"""Which evidence gets which secret, read from one TOML file, and read again when a file that it names has changed.

    version = 1
    [secrets."thermostat/database"]
    policy = "thermostat.toml"          # an appraisal policy, as `elastic-hal verify --policy` takes it
    [trust]                             # optional: what helps to judge, each a list of files
    roots = ["simulated-root.pem"]      # roots to trust besides the ones of AMD and Intel
    certificates = ["vcek.pem"]
    revocation_lists = ["amd.crl"]
    collateral = "collateral.json"      # what TDX quotes are judged by

Paths are relative to the file. While any of the files cannot be used, nothing is released.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509

from elastic_hal.common.files import FileError, read_file
from elastic_hal.common.toml_text import TomlError, read_toml
from elastic_hal.reference_impl.verify import (
    AppraisalPolicy,
    AppraisalPolicyError,
    CertificateFileError,
    load_certificates,
    load_revocation_lists,
)

from .errors import BrokerSettingsError
from .messages import is_name

_MAX_FILE_BYTES: Final = 4 * 1024 * 1024
_TRUST: Final = ("roots", "certificates", "revocation_lists", "collateral")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """What is demanded for each secret, and the helpers for all of them."""

    secrets: Mapping[str, AppraisalPolicy]
    roots: tuple[x509.Certificate, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()
    collateral: bytes | None = None
    files: tuple[Path, ...] = field(default=(), repr=False)

    @classmethod
    def load(cls, path: Path) -> "ReleasePolicy":
        """Read the file and all that it names, or raise `BrokerSettingsError`."""
        files = [path]
        try:
            document = read_toml(path, _MAX_FILE_BYTES)
        except FileError as error:
            raise BrokerSettingsError(str(error)) from None
        except TomlError as error:
            raise BrokerSettingsError(f"{path}: not valid TOML: {error}") from None
        try:
            _refuse_unknown(document, ("version", "secrets", "trust"), "")
            if document.get("version") is not True and document.get("version") == 1:
                return _policy_from(document, path, files)
        except BrokerSettingsError as error:
            raise BrokerSettingsError(f"{path}: {error}") from None
        raise BrokerSettingsError(f"{path}: version: must be there and be 1")


class LivePolicy:
    """The policy as its files are now. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read it a first time. Raises `BrokerSettingsError`."""
        self._path = path
        self._lock = threading.Lock()
        self._policy, self._state = _load_with_state(path)

    def current(self) -> ReleasePolicy:
        """Give the policy, read again where a file has changed. Raises `BrokerSettingsError`."""
        with self._lock:
            if _state_of(self._policy.files) != self._state:
                self._policy, self._state = _load_with_state(self._path)
            return self._policy


def _load_with_state(path: Path) -> tuple[ReleasePolicy, dict[Path, tuple[int, ...]]]:
    """Read the policy, with a state of its files from before they were read: a change in between is noticed later."""
    known = ReleasePolicy.load(path)
    while True:
        state = _state_of(known.files)
        policy = ReleasePolicy.load(path)
        if policy.files == known.files:
            return policy, state
        known = policy


def _state_of(files: tuple[Path, ...]) -> dict[Path, tuple[int, ...]]:
    """Tell files' contents apart without reading them."""
    states: dict[Path, tuple[int, ...]] = {}
    for path in files:
        try:
            status = path.stat()
        except OSError:
            states[path] = ()
        else:
            states[path] = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return states


def _policy_from(document: Mapping[str, object], path: Path, files: list[Path]) -> ReleasePolicy:
    secrets: dict[str, AppraisalPolicy] = {}
    for name, entry in _table(document.get("secrets"), "secrets").items():
        place = f"secrets.{name!r}"
        if not is_name(name):
            raise BrokerSettingsError(f"{place}: is no name of a secret")
        table = _table(entry, place)
        _refuse_unknown(table, ("policy",), f"{place}.")
        file = path.parent / _text(table.get("policy"), f"{place}.policy")
        files.append(file)
        try:
            secrets[name] = AppraisalPolicy.load(file)
        except AppraisalPolicyError as error:
            raise BrokerSettingsError(f"{place}.policy: {error}") from None
    trust = _table(document.get("trust", {}), "trust")
    _refuse_unknown(trust, _TRUST, "trust.")
    collateral = None
    if "collateral" in trust:
        files.append(path.parent / _text(trust["collateral"], "trust.collateral"))
        collateral = _read(files[-1])
    return ReleasePolicy(
        secrets,
        _loaded(trust, "roots", path, files, load_certificates),
        _loaded(trust, "certificates", path, files, load_certificates),
        _loaded(trust, "revocation_lists", path, files, load_revocation_lists),
        collateral,
        tuple(files),
    )


def _loaded(
    trust: Mapping[str, object], key: str, path: Path, files: list[Path], load: Callable[[bytes], list[_T]]
) -> tuple[_T, ...]:
    names = trust.get(key, [])
    if not isinstance(names, list):
        raise BrokerSettingsError(f"trust.{key}: must be a list of files")
    loaded: list[_T] = []
    for name in names:
        file = path.parent / _text(name, f"trust.{key}")
        files.append(file)
        try:
            loaded += load(_read(file))
        except CertificateFileError as error:
            raise BrokerSettingsError(f"trust.{key}: {file}: {error}") from None
    return tuple(loaded)


def _read(path: Path) -> bytes:
    try:
        return read_file(path, _MAX_FILE_BYTES)
    except FileError as error:
        raise BrokerSettingsError(str(error)) from None


def _table(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BrokerSettingsError(f"{place}: must be a table")
    return value


def _text(value: object, place: str) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise BrokerSettingsError(f"{place}: must be the path of a file")
    return value


def _refuse_unknown(table: Mapping[str, object], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise BrokerSettingsError(f"{place}{key}: unknown key; known are {', '.join(known)}")
