"""`elastic-hal run DEPLOYMENT.toml`: several workloads in one host, until the last one has ended."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from elastic_hal.cli.console import message_lines
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.prefixed_output import PrefixedOutput
from elastic_hal.cli.workloads import Host, compiling, open_host
from elastic_hal.common.text import shown
from elastic_hal.reference_impl.resources.budget import Amounts, Budget, of_this_machine
from elastic_hal.runtime import abi
from elastic_hal.runtime.components import inspect, read_component
from elastic_hal.runtime.deployment import Deployment, Member
from elastic_hal.runtime.group import Ended, Group, ToLoad
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

_MOST_LOADING = 8
"""How many components are compiled at the same time. More would take memory from those that run."""

Link = Callable[[abi.Linker, Workload], None]


def run_deployment(
    path: Path,
    platform: str,
    *,
    root: Path | None = None,
    sealing: Path | None = None,
    cached: bool = True,
    state: Path | None = None,
    mutant: str | None = None,
) -> int:
    """Runs a deployment and gives its exit code: 0 where every workload exited with 0, else that of the first that
    failed. `root` is where the platform's kernel interfaces are, `sealing` the file that names a
    key broker.
    """
    deployment = Deployment.load(path)
    host = open_host(
        platform,
        deployment.policy,
        root=root,
        sealing=sealing,
        cached=cached,
        state=state,
        budget=_budget(deployment),
    )
    sources = _sources(deployment)
    link = None
    if mutant is not None:
        from elastic_hal.cli.mutant_host import mutant_link

        link = mutant_link(host.reference, mutant)
    streams: list[PrefixedOutput] = []
    lock = threading.Lock()
    width = max(len(member.name) for member in deployment.members)

    def sink(name: str, descriptor: int) -> PrefixedOutput:
        streams.append(PrefixedOutput(name, descriptor, lock, width))
        return streams[-1]

    digests = {name: content_digest(content) for name, content in sources.items()}
    grants = {member.name: _grant(host, deployment, member, digests) for member in deployment.members}
    loading = threading.BoundedSemaphore(_MOST_LOADING)

    def load(member: Member) -> Workload:
        with loading, compiling(member.component, alone=False):
            component = host.engine.compile(
                sources.pop(member.name), member.name, str(member.component), bytes_bridge=host.bridge(member.name)
            )
        return dataclasses.replace(
            host.workload(component, member.name, member.arguments, link, inherit_input=False),
            grant=grants[member.name],
            output=sink(member.name, 1),
            error=sink(member.name, 2),
        )

    workloads = [ToLoad(member.name, partial(load, member)) for member in deployment.members]
    try:
        ended = Group(workloads, _report).run(stop_on_failure=deployment.stop_on_failure)
    finally:
        for stream in streams:
            stream.finish()
    failed = [each.outcome for each in ended if not each.outcome.succeeded]
    if any(outcome.reason == "unread" for outcome in failed):
        raise BrokenPipeError
    return failed[0].exit_code if failed else 0


def _sources(deployment: Deployment) -> dict[str, bytes]:
    """The components of all members, as far as is seen without compiling them."""
    sources = {}
    for member in deployment.members:
        sources[member.name] = read_component(member.component)
        inspect(sources[member.name], str(member.component))
    return sources


def _grant(host: Host, deployment: Deployment, member: Member, digests: Mapping[str, str]) -> Grant:
    """What the policy grants a member, and the ends of channels that the deployment gives it."""
    grant = host.grant(Identity(member.name, digests[member.name]))
    given = deployment.channels_of(member.name, digests)
    granted = {(end.name, end.peer, end.sends): end for end in given}
    for end in grant.channels:
        key = (end.name, end.peer, end.sends)
        if key in granted and end.digest not in (None, granted[key].digest):
            raise CommandError(
                f"the policy ties channel {end.name!r} of {member.name!r} to another component than {end.peer!r} is",
                hint="was it built again? Check it, then change the digest in the policy",
            )
        granted.setdefault(key, end)
    return dataclasses.replace(grant, channels=tuple(granted.values()))


def _budget(deployment: Deployment) -> Budget:
    machine = of_this_machine()
    memory, cpu = deployment.memory_bytes, deployment.cpu_thousandths
    return Budget(
        Amounts(machine.memory_bytes if memory is None else memory, machine.cpu_thousandths if cpu is None else cpu)
    )


def _report(ended: Ended) -> None:
    """Says how a workload ended that did not end well."""
    if not ended.outcome.succeeded and ended.outcome.reason not in {"stopped", "unread"}:
        message_lines(f"elastic-hal: {shown(ended.name)}: {ended.outcome.message}")
