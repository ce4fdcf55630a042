"""What workloads may do, read from a TOML file. What is not granted is denied.

    version = 1

    [workload.collector]                            # by name; the name is whatever the workload is started under
    digest = "sha256:…"                             # and by content, where given
    limits = { memory = "256MiB", deadline = "30s", handles = 10000 }
    attestation = ["platform", "workload"]          # targets that it may have evidence of
    environment = ["TZ"]                            # variables of the host's environment that it sees
    directories = [{ host = "data", guest = "/data", writable = false }]
    bytes_bridge = true                             # false: nothing between the component and the host

Reading is strict: an unknown key, a wrong type or a wrong value is refused with its place, because a misspelt key
would silently deny or grant.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from elastic_hal.runtime.errors import AdmissionError, LimitError, PolicyError
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits, parse_duration, parse_size

VERSION = 1
ATTESTATION_TARGETS = ("platform", "workload")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DirectoryGrant:
    """A directory of the host that a guest sees under a path of its own."""

    host: Path
    guest: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What one workload may do. Without `bytes_bridge` it runs exactly as it was built, with nothing between it and the
    host.
    """

    attestation: frozenset[str] = frozenset()
    environment: tuple[str, ...] = ()
    directories: tuple[DirectoryGrant, ...] = ()
    limits: Limits = field(default_factory=Limits)
    bytes_bridge: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a policy: a grant, and the digest that it is tied to, if any."""

    grant: Grant
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The grants of all workloads of a host, by name. The empty policy grants nothing beyond default limits."""

    rules: Mapping[str, Rule] = field(default_factory=dict)

    @staticmethod
    def load(path: Path) -> Policy:
        """Reads a policy file. Relative host directories are relative to it.

        Raises:
            PolicyError: the file cannot be read, or something in it is wrong.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise PolicyError(f"{path}: the policy cannot be read: {reason}") from error
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            # Numbers with thousands of digits and deep nesting are refused by Python, not by the TOML reader.
            raise PolicyError(f"{path}: not TOML: {error}") from error
        return _Reader(path).policy(document)

    def grant_for(self, identity: Identity) -> Grant:
        """What a workload may do: nothing but default limits where no rule matches both its name and its digest."""
        rule = self.rules.get(identity.name)
        if rule is None or (rule.digest is not None and rule.digest != identity.digest):
            return Grant()
        return rule.grant

    def bytes_bridge(self, name: str) -> bool:
        """Whether a workload's component is to be loaded with the bytes bridge, by its name: that is to be known before
        its digest is.
        """
        rule = self.rules.get(name)
        return rule is None or rule.grant.bytes_bridge

    def admit(self, identity: Identity) -> Grant:
        """What a workload may do, for a host that starts only what its policy names.

        Raises:
            AdmissionError: no rule has its name, or the rule is tied to another component.
        """
        rule = self.rules.get(identity.name)
        if rule is None:
            named = ", ".join(self.rules) or "none"
            raise AdmissionError(
                f"the policy does not admit workload {identity.name!r}",
                f"it names: {named}; add a table [workload.{identity.name}] or start it under another name",
            )
        if rule.digest is not None and rule.digest != identity.digest:
            raise AdmissionError(
                f"the policy ties workload {identity.name!r} to {rule.digest}, but the component is {identity.digest}",
                "was it built again? Check it, then change the digest in the policy",
            )
        return rule.grant


class _Reader:
    """Reads one file; every complaint names the file and the place in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def policy(self, document: Mapping[str, Any]) -> Policy:
        self._known(document, "", ("version", "workload"))
        version = document.get("version")
        if version != VERSION or isinstance(version, bool):
            raise self._wrong("version", f"must be {VERSION}", f"start the file with version = {VERSION}")
        workloads = self._typed(document.get("workload", {}), dict, "workload", "a table")
        return Policy({name: self._rule(f"workload.{name}", entry) for name, entry in workloads.items()})

    def _rule(self, place: str, entry: object) -> Rule:
        table = self._typed(entry, dict, place, "a table")
        self._known(table, place, ("digest", "limits", "attestation", "environment", "directories", "bytes_bridge"))
        digest = table.get("digest")
        if digest is not None and not (isinstance(digest, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", digest)):
            raise self._wrong(f"{place}.digest", "must be sha256: and 64 lower-case hexadecimal digits")
        grant = Grant(
            attestation=frozenset(self._names(table, place, "attestation", ATTESTATION_TARGETS)),
            environment=tuple(self._names(table, place, "environment")),
            directories=self._directories(table.get("directories", []), f"{place}.directories"),
            limits=self._limits(table.get("limits", {}), f"{place}.limits"),
            bytes_bridge=self._typed(table.get("bytes_bridge", True), bool, f"{place}.bytes_bridge", "true or false"),
        )
        return Rule(grant, digest)

    def _limits(self, value: object, place: str) -> Limits:
        table = self._typed(value, dict, place, "a table")
        self._known(table, place, ("memory", "deadline", "handles"))
        defaults = Limits()
        memory, deadline, handles = table.get("memory"), table.get("deadline"), table.get("handles", defaults.handles)
        at = place
        try:
            at = f"{place}.memory"
            memory_bytes = parse_size(self._text(memory, at)) if memory is not None else defaults.memory_bytes
            at = f"{place}.deadline"
            seconds = parse_duration(self._text(deadline, at)) if deadline is not None else None
            at = f"{place}.handles"
            if isinstance(handles, bool) or not isinstance(handles, int):
                raise self._wrong(at, "must be a whole number")
            at = place
            return Limits(memory_bytes, seconds, handles)
        except LimitError as error:
            raise self._wrong(at, error.message, error.hint) from error

    def _directories(self, value: object, place: str) -> tuple[DirectoryGrant, ...]:
        entries = self._typed(value, list, place, "an array of tables")
        return tuple(self._directory(entry, f"{place}[{index}]") for index, entry in enumerate(entries))

    def _directory(self, value: object, place: str) -> DirectoryGrant:
        table = self._typed(value, dict, place, "a table")
        self._known(table, place, ("host", "guest", "writable"))
        host = Path(self._text(table.get("host"), f"{place}.host"))
        guest = self._text(table.get("guest"), f"{place}.guest")
        if not guest.startswith("/"):
            raise self._wrong(f"{place}.guest", "must be an absolute path such as /data")
        writable = self._typed(table.get("writable", False), bool, f"{place}.writable", "true or false")
        return DirectoryGrant(self._path.resolve().parent / host, guest, writable)

    def _names(self, table: Mapping[str, Any], place: str, key: str, allowed: Collection[str] = ()) -> list[str]:
        at = f"{place}.{key}"
        values = self._typed(table.get(key, []), list, at, "an array of strings")
        names = [self._text(value, f"{at}[{index}]") for index, value in enumerate(values)]
        for index, name in enumerate(names):
            if allowed and name not in allowed:
                raise self._wrong(
                    f"{at}[{index}]", f"{name!r} is none of {', '.join(allowed)}", _suggestion(name, allowed)
                )
        return names

    def _known(self, table: Mapping[str, Any], place: str, keys: Collection[str]) -> None:
        for key in table:
            if key not in keys:
                hint = _suggestion(key, keys) or f"known keys here: {', '.join(keys)}"
                raise self._wrong(f"{place}.{key}" if place else key, "unknown key", hint)

    def _text(self, value: object, place: str) -> str:
        text = self._typed(value, str, place, "a string")
        if not text or "\0" in text:
            raise self._wrong(place, "must be a string that is neither empty nor holds a NUL")
        return text

    def _typed(self, value: object, wanted: type[T], place: str, what: str) -> T:
        if not isinstance(value, wanted):
            raise self._wrong(place, f"must be {what}")
        return value

    def _wrong(self, place: str, problem: str, hint: str = "") -> PolicyError:
        return PolicyError(f"{self._path}: {place}: {problem}", hint)


def _suggestion(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else ""
