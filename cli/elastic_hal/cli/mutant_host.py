"""The reference host broken on purpose: every provider wrapped by one of the suite's mutants, and what wasmtime serves
of WASI replaced where the mutant is of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.wasi_stand_ins import link_stand_in
from elastic_hal.common.errors import USAGE
from elastic_hal.conformance.mutants import mutant_names, mutant_provider, wrap
from elastic_hal.reference_impl.bindings import add_to_linker
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.runtime import abi
from elastic_hal.runtime.workload import Workload


def mutant_link(host: ReferenceHost, name: str) -> Callable[[abi.Linker, Workload], None]:
    """What to give a workload as `link` so that it meets the mutant."""
    if name not in mutant_names():
        raise CommandError(f"there is no mutant {name!r}", USAGE, f"there are {', '.join(mutant_names())}")

    def link(linker: abi.Linker, workload: Workload) -> None:
        providers = host.providers(workload)
        fields = {
            field.name: wrap(getattr(providers, field.name), name, field.name)
            for field in dataclasses.fields(providers)
        }
        add_to_linker(linker, dataclasses.replace(providers, **fields))
        field = mutant_provider(name)
        if field is not None:
            link_stand_in(linker, field, lambda provider: wrap(provider, name, field))

    return link
