"""What workloads may do, read from a TOML file. What is not granted is denied.

    version = 1

    [workload.collector]                            # by name; the name is whatever the workload is started under
    digest = "sha256:…"                             # and by content, where given
    limits = { memory = "256MiB", deadline = "30s", handles = 10000, cpu = 0.5, output = "1GiB" }
    resources = { memory = "1GiB", cpu = 1.0 }      # the most that it may ask for while it runs
    attestation = ["platform", "workload"]          # targets that it may have evidence of
    sealing = true                                  # secrets sealed to the platform under its name
    environment = ["TZ"]                            # variables of the host's environment that it sees
    directories = [{ host = "data", guest = "/data", writable = false }]
    bytes_bridge = true                             # false: nothing between the component and the host
    channels = [{ name = "readings", to = "analyser" }]   # ends that it may open; see `channel_grants.py`
    containers = { ledger = { rights = ["read", "write"], quota = "1GiB" } }   # see `storage_grants.py`
    tls = { connect = ["api.example.org:443"], listen = ["127.0.0.1:8443"] }   # see `network_grants.py`
    appraisal = { analyser = { policy = "analyser.toml" } }   # see `appraisal_grants.py`

Reading is strict: an unknown key, a wrong type or a wrong value is refused with its place, because a misspelt key
would silently deny or grant.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from elastic_hal.runtime.appraisal_grants import AppraisalGrant, read_appraisal_grants
from elastic_hal.runtime.channel_grants import ChannelGrant, read_channel_grants
from elastic_hal.runtime.errors import AdmissionError, LimitError, PolicyError
from elastic_hal.runtime.identity import Identity, name_problem
from elastic_hal.runtime.limits import MAX_HANDLES, Limits, parse_duration, parse_share, parse_size
from elastic_hal.runtime.network_grants import TlsGrant, read_tls_grant
from elastic_hal.runtime.storage_grants import ContainerGrant, StorageGrants
from elastic_hal.runtime.strict_toml import StrictReader, suggestion

VERSION = 1
UNBOUNDED = "unbounded"
ATTESTATION_TARGETS = ("platform", "workload")


@dataclass(frozen=True, slots=True)
class DirectoryGrant:
    """A directory of the host that a guest sees under a path of its own."""

    host: Path
    guest: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class ResourceGrant:
    """The most that a workload may ask for while it runs; 0 is no more than its limits give it."""

    memory_bytes: int = 0
    cpu_thousandths: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """What one workload may do. Without `bytes_bridge` it runs exactly as it was built, with nothing between it and the
    host.
    """

    attestation: frozenset[str] = frozenset()
    environment: tuple[str, ...] = ()
    directories: tuple[DirectoryGrant, ...] = ()
    limits: Limits = field(default_factory=Limits)
    resources: ResourceGrant = field(default_factory=ResourceGrant)
    channels: tuple[ChannelGrant, ...] = ()
    containers: tuple[ContainerGrant, ...] = ()
    appraisal: Mapping[str, AppraisalGrant] = field(default_factory=dict)
    tls: TlsGrant = field(default_factory=TlsGrant)
    sealing: bool = False
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
        reader = _Reader(path, PolicyError)
        return reader.policy(reader.document("policy"))

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


_KEYS = (
    "digest",
    "limits",
    "resources",
    "attestation",
    "sealing",
    "environment",
    "directories",
    "channels",
    "containers",
    "appraisal",
    "tls",
    "bytes_bridge",
)


class _Reader(StrictReader):
    """Reads one file."""

    def policy(self, document: Mapping[str, Any]) -> Policy:
        self.known(document, "", ("version", "workload", "storage"))
        self.version(document, VERSION)
        workloads = self.typed(document.get("workload", {}), dict, "workload", "a table")
        storages = StorageGrants.read(self, document.get("storage", {}))
        return Policy({name: self._rule(name, entry, storages) for name, entry in workloads.items()})

    def _rule(self, name: str, entry: object, storages: StorageGrants) -> Rule:
        place = f"workload.{name}"
        table = self.typed(entry, dict, place, "a table")
        problem = name_problem(name)
        if problem:
            raise self.wrong(place, f"no workload can have this name: {problem}")
        self.known(table, place, _KEYS)
        digest = self.digest(table.get("digest"), f"{place}.digest")
        grant = Grant(
            attestation=frozenset(self._names(table, place, "attestation", ATTESTATION_TARGETS)),
            sealing=self.typed(table.get("sealing", False), bool, f"{place}.sealing", "true or false"),
            environment=tuple(self._names(table, place, "environment")),
            directories=self._directories(table.get("directories", []), f"{place}.directories"),
            limits=self._limits(table.get("limits", {}), f"{place}.limits"),
            resources=self._resources(table.get("resources", {}), f"{place}.resources"),
            channels=read_channel_grants(self, table.get("channels", []), f"{place}.channels"),
            containers=storages.containers(table.get("containers", {}), f"{place}.containers"),
            appraisal=read_appraisal_grants(self, table.get("appraisal", {}), f"{place}.appraisal"),
            tls=read_tls_grant(self, table.get("tls", {}), f"{place}.tls"),
            bytes_bridge=self.typed(table.get("bytes_bridge", True), bool, f"{place}.bytes_bridge", "true or false"),
        )
        return Rule(grant, digest)

    def _limits(self, value: object, place: str) -> Limits:
        table = self.typed(value, dict, place, "a table")
        self.known(table, place, ("memory", "deadline", "handles", "cpu", "output"))
        defaults = Limits()
        memory, deadline, handles = table.get("memory"), table.get("deadline"), table.get("handles", defaults.handles)
        at = place
        try:
            at = f"{place}.memory"
            memory_bytes = (
                parse_size(self.amount(memory, at, "256MiB")) if memory is not None else defaults.memory_bytes
            )
            at = f"{place}.deadline"
            seconds = parse_duration(self.amount(deadline, at, "30s")) if deadline is not None else None
            at = f"{place}.handles"
            handles = self.whole_number(handles, at, range(1, MAX_HANDLES + 1), defaults.handles)
            at = f"{place}.cpu"
            share = parse_share(table["cpu"]) if "cpu" in table else defaults.cpu_thousandths
            at = f"{place}.output"
            output_bytes = self._output(table["output"], at) if "output" in table else defaults.output_bytes
            at = place
            return Limits(memory_bytes, seconds, handles, share, output_bytes)
        except LimitError as error:
            raise self.wrong(at, error.message, error.hint) from error

    def _output(self, value: object, place: str) -> int | None:
        text = self.amount(value, place, "1GiB")
        return None if text == UNBOUNDED else parse_size(text)

    def _resources(self, value: object, place: str) -> ResourceGrant:
        table = self.typed(value, dict, place, "a table")
        self.known(table, place, ("memory", "cpu"))
        at = f"{place}.memory"
        try:
            memory_bytes = parse_size(self.amount(table["memory"], at, "1GiB")) if "memory" in table else 0
            at = f"{place}.cpu"
            return ResourceGrant(memory_bytes, parse_share(table["cpu"]) if "cpu" in table else 0)
        except LimitError as error:
            raise self.wrong(at, error.message, error.hint) from error

    def _directories(self, value: object, place: str) -> tuple[DirectoryGrant, ...]:
        entries = self.typed(value, list, place, "an array of tables")
        grants = [self._directory(entry, f"{place}[{index}]") for index, entry in enumerate(entries)]
        seen: dict[str, int] = {}
        for index, grant in enumerate(grants):
            other = seen.setdefault(grant.guest, index)
            if other != index:
                raise self.wrong(
                    f"{place}[{index}].guest",
                    f"is the same path as that of {place}[{other}], so that the guest would see one of them only",
                    "give each directory a path of its own",
                )
        return tuple(grants)

    def _directory(self, value: object, place: str) -> DirectoryGrant:
        table = self.typed(value, dict, place, "a table")
        self.known(table, place, ("host", "guest", "writable"))
        host = self.beside(table.get("host"), f"{place}.host")
        guest = self._guest_path(self.text(table.get("guest"), f"{place}.guest"), f"{place}.guest")
        writable = self.typed(table.get("writable", False), bool, f"{place}.writable", "true or false")
        return DirectoryGrant(host, guest, writable)

    def _guest_path(self, path: str, place: str) -> str:
        """A path as guests see it, in its one spelling: `/data/` and `//data` are `/data`."""
        if not path.startswith("/"):
            raise self.wrong(place, "must be an absolute path such as /data")
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") for part in parts):
            raise self.wrong(place, "must not hold . or .. as a part", "write the path that is meant")
        return "/" + "/".join(parts)

    def _names(self, table: Mapping[str, Any], place: str, key: str, allowed: Collection[str] = ()) -> list[str]:
        at = f"{place}.{key}"
        values = self.typed(table.get(key, []), list, at, "an array of strings")
        names = [self.text(value, f"{at}[{index}]") for index, value in enumerate(values)]
        for index, name in enumerate(names):
            if allowed and name not in allowed:
                raise self.wrong(
                    f"{at}[{index}]", f"{name!r} is none of {', '.join(allowed)}", suggestion(name, allowed)
                )
        return names
