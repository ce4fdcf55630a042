"""Several workloads of one host, read from a TOML file: which components, under which names, and what links them.

    version = 1
    policy = "policy.toml"                        # optional; it must then name every workload
    stop-on-failure = true                        # optional: the others are stopped when one fails

    [host]                                        # optional: the budget for all workloads together
    memory = "2GiB"
    cpu = 2.0                                     # CPU cores

    [workload.collector]
    component = "collector/build/collector.wasm"  # relative to this file
    arguments = ["--every", "1s"]

    [workload.analyser]
    component = "analyser/build/analyser.wasm"

    [[channel]]                                   # both ends are granted it
    name = "readings"
    from = "collector"
    to = "analyser"

Reading is strict, as it is for policies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elastic_hal.runtime.channel_grants import ChannelGrant, read_channel_name
from elastic_hal.runtime.control import WHOLE_CORE
from elastic_hal.runtime.errors import DeploymentError, LimitError
from elastic_hal.runtime.identity import name_problem
from elastic_hal.runtime.limits import parse_size
from elastic_hal.runtime.strict_toml import StrictReader, suggestion

VERSION = 1
_MOST_CORES = 4096


@dataclass(frozen=True, slots=True)
class Member:
    """One workload of a deployment."""

    name: str
    component: Path
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A channel between two members, by their names."""

    name: str
    sender: str
    receiver: str


@dataclass(frozen=True, slots=True)
class Deployment:
    """What is to run together. Budgets are None where the file has none."""

    members: tuple[Member, ...]
    links: tuple[Link, ...] = ()
    policy: Path | None = None
    stop_on_failure: bool = False
    memory_bytes: int | None = None
    cpu_thousandths: int | None = None

    @staticmethod
    def load(path: Path) -> Deployment:
        """Reads a deployment file.

        Raises:
            DeploymentError: the file cannot be read, or something in it is wrong.
        """
        reader = _Reader(path, DeploymentError)
        return reader.deployment(reader.document("deployment"))

    def channels_of(self, name: str, digests: Mapping[str, str]) -> tuple[ChannelGrant, ...]:
        """The ends that links give to a member, each tied to the component that is at the other end.

        `digests` are those of all members by name.
        """
        sending = (ChannelGrant(link.name, link.receiver, True, digests[link.receiver]) for link in self._from(name))
        receiving = (ChannelGrant(link.name, link.sender, False, digests[link.sender]) for link in self._to(name))
        return (*sending, *receiving)

    def _from(self, name: str) -> list[Link]:
        return [link for link in self.links if link.sender == name]

    def _to(self, name: str) -> list[Link]:
        return [link for link in self.links if link.receiver == name]


class _Reader(StrictReader):
    def deployment(self, document: Mapping[str, Any]) -> Deployment:
        self.known(document, "", ("version", "policy", "stop-on-failure", "host", "workload", "channel"))
        self.version(document, VERSION)
        workloads = self.typed(document.get("workload", {}), dict, "workload", "a table")
        if not workloads:
            raise self.wrong("workload", "there is none", "add a table [workload.NAME] with its component")
        policy = document.get("policy")
        memory_bytes, cpu_thousandths = self._host(document.get("host", {}))
        return Deployment(
            tuple(self._member(name, f"workload.{name}", entry) for name, entry in workloads.items()),
            self._links(document.get("channel", []), workloads),
            None if policy is None else self.beside(policy, "policy"),
            self.typed(document.get("stop-on-failure", False), bool, "stop-on-failure", "true or false"),
            memory_bytes,
            cpu_thousandths,
        )

    def _host(self, value: object) -> tuple[int | None, int | None]:
        table = self.typed(value, dict, "host", "a table")
        self.known(table, "host", ("memory", "cpu"))
        try:
            memory = parse_size(self.amount(table["memory"], "host.memory", "4GiB")) if "memory" in table else None
        except LimitError as error:
            raise self.wrong("host.memory", error.message, error.hint) from error
        if "cpu" not in table:
            return memory, None
        cores = table["cpu"]
        if isinstance(cores, bool) or not isinstance(cores, int | float) or not 0.001 <= cores <= _MOST_CORES:
            raise self.wrong("host.cpu", f"{cores!r} is no number of CPU cores", "write a number such as 2.0")
        return memory, round(cores * WHOLE_CORE)

    def _member(self, name: str, place: str, entry: object) -> Member:
        table = self.typed(entry, dict, place, "a table")
        self.known(table, place, ("component", "arguments"))
        problem = name_problem(name)
        if problem:
            raise self.wrong(place, f"no workload can have this name: {problem}")
        values = self.typed(table.get("arguments", []), list, f"{place}.arguments", "an array of strings")
        arguments = tuple(
            self.typed(value, str, f"{place}.arguments[{index}]", "a string") for index, value in enumerate(values)
        )
        return Member(name, self.beside(table.get("component"), f"{place}.component"), arguments)

    def _links(self, value: object, members: Collection[str]) -> tuple[Link, ...]:
        found: dict[Link, str] = {}
        for place, table in self.tables(value, "channel"):
            self.known(table, place, ("name", "from", "to"))
            name = read_channel_name(self, table.get("name"), f"{place}.name")
            link = Link(name, self._one_of(table, place, "from", members), self._one_of(table, place, "to", members))
            if link in found:
                raise self.wrong(place, f"is the same as {found[link]}", "give one of them another name")
            found[link] = place
        return tuple(found)

    def _one_of(self, table: Mapping[str, Any], place: str, key: str, members: Collection[str]) -> str:
        name = self.text(table.get(key), f"{place}.{key}")
        if name not in members:
            hint = suggestion(name, members) or f"there is {', '.join(members)}"
            raise self.wrong(f"{place}.{key}", f"there is no workload {name!r}", hint)
        return name
