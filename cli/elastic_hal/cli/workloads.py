"""Starting a workload on the reference host: what `run` and `demo` share."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.cli.console import announced
from elastic_hal.cli.platform_options import open_platform
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.resources import Budget
from elastic_hal.runtime import abi
from elastic_hal.runtime.cache import default_cache_dir
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Grant, Policy
from elastic_hal.runtime.workload import Workload

_MOST_FILES = 65_536
_LARGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Host:
    """An engine with a platform under it and the policy over it."""

    engine: Engine
    reference: ReferenceHost
    policy: Policy | None

    def load(self, path: Path, name: str, *, bytes_bridge: bool | None = None) -> LoadedComponent:
        """The component in a file, to run under a name; with the bytes bridge unless policy or caller say no."""
        wanted = self.policy is None or self.policy.bytes_bridge(name)
        with compiling(path):
            return self.engine.load(path, bytes_bridge=bytes_bridge if wanted else False)

    def bridge(self, name: str) -> bool | None:
        """Whether a workload of that name is loaded with the bytes bridge; None: as the engine does."""
        return None if self.policy is None or self.policy.bytes_bridge(name) else False

    def grant(self, identity: Identity) -> Grant:
        """What the policy grants a workload. Raises AdmissionError where there is one and it does not admit it."""
        return Grant() if self.policy is None else self.policy.admit(identity)

    def workload(
        self,
        component: LoadedComponent,
        name: str,
        arguments: Sequence[str],
        link: Callable[[abi.Linker, Workload], None] | None = None,
        *,
        inherit_input: bool = True,
    ) -> Workload:
        """The component as a workload of that name, with what the policy grants it.

        Raises AdmissionError where there is a policy and it does not admit the workload.
        """
        identity = Identity(name, component.digest)
        return Workload(
            self.engine,
            component,
            identity,
            self.grant(identity),
            link=link or self.reference.link,
            arguments=tuple(arguments),
            inherit_input=inherit_input,
        )


def open_host(
    platform: str,
    policy: Path | None,
    *,
    root: Path | None = None,
    sealing: Path | None = None,
    cached: bool = True,
    state: Path | None = None,
    budget: Budget | None = None,
) -> Host:
    """Makes the reference host ready on a platform. `state` is where it keeps what lasts: the objects of containers,
    and on the simulated platform the root key. `root` is where the kernel's interfaces of the other platforms are,
    and `sealing` the file that names a key broker. `budget` is what all workloads have together.
    """
    _allow_many_files()
    return Host(
        Engine(default_cache_dir() if cached else None),
        ReferenceHost(open_platform(platform, root, sealing, state=state), state=state, budget=budget),
        None if policy is None else Policy.load(policy),
    )


def compiling(path: Path, *, alone: bool = True) -> contextlib.AbstractContextManager[None]:
    """Says that a component is being compiled, where it is of a size that takes a while."""
    with contextlib.suppress(OSError, ValueError):
        if path.stat().st_size >= _LARGE_BYTES:
            return announced(f"elastic-hal: {path.name}: compiling; the next time it is there already…", alone=alone)
    return contextlib.nullcontext()


def _allow_many_files() -> None:
    """Lets this process have as many files and connections open as the system allows it, up to a bound of our own: what
    shells start with, 1024 as a rule, is less than four workloads with all their connections need.
    """
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
