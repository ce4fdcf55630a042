"""`elastic-hal run`: a component on the reference runtime, once or, for the suite, once for each line of input; or the
several workloads of a deployment file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from elastic_hal.cli.console import message_lines
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.memory_option import closes_memory
from elastic_hal.cli.platform_options import platform_root, sealing_settings
from elastic_hal.common.errors import USAGE
from elastic_hal.common.text import shown


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("component", type=click.Path(path_type=Path), metavar="COMPONENT.wasm|DEPLOYMENT.toml")
@click.argument("arguments", nargs=-1, metavar="[-- ARGUMENT…]")
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the workload is granted (TOML). Without it: nothing.",
)
@click.option("--platform", default="simulated", show_default=True, help="The platform to run on.")
@platform_root
@sealing_settings
@click.option("--name", metavar="NAME", help="Name of the workload. Default: the file's name without its suffix.")
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the host keeps objects and, on the simulated platform, its root key. "
    "Default: $ELASTIC_HAL_STATE, else the user's state directory.",
)
@click.option("--no-cache", is_flag=True, help="Compile anew and keep nothing.")
@click.option(
    "--no-bytes-bridge", is_flag=True, help="Put nothing between guest and host that makes byte lists cheaper."
)
@click.option("--batch", is_flag=True, help="Run once for each line of standard input, a JSON array of arguments.")
@click.option("--mutant", metavar="NAME", help="Break the host on purpose, to see whether a suite notices.")
@closes_memory
def run(
    *,
    component: Path,
    arguments: tuple[str, ...],
    policy: Path | None,
    platform: str,
    platform_root: Path | None,
    sealing: Path | None,
    name: str | None,
    state: Path | None,
    no_cache: bool,
    no_bytes_bridge: bool,
    batch: bool,
    mutant: str | None,
) -> int:
    """Run a component that exports wasi:cli/run, or the workloads of a deployment file.

    The component's output is this command's output, its exit code this command's exit code. Where it traps, or is
    stopped at a limit, the reason goes to standard error and the exit code is 1. It is stopped as well where nobody
    reads its output any more, with exit code 141.

    Of a deployment, each line of output follows the name of the workload; the exit code is 0 where all workloads exit
    with 0, else that of the first that failed.
    """
    if component.suffix == ".toml":
        _refuse_options_of_one(policy=policy, name=name, batch=batch, arguments=arguments)
        from elastic_hal.cli.deployment_run import run_deployment

        return run_deployment(
            component,
            platform,
            root=platform_root,
            sealing=sealing,
            cached=not no_cache,
            state=state,
            mutant=mutant,
        )
    from elastic_hal.cli.workloads import open_host

    host = open_host(platform, policy, root=platform_root, sealing=sealing, cached=not no_cache, state=state)
    called = component.stem if name is None else name
    loaded = host.load(component, called, bytes_bridge=False if no_bytes_bridge else None)
    link = None
    if mutant is not None:
        from elastic_hal.cli.mutant_host import mutant_link

        link = mutant_link(host.reference, mutant)

    def once(values: Sequence[str], *, inherit_input: bool) -> int:
        workload = host.workload(loaded, called, values, link, inherit_input=inherit_input)
        outcome = workload.run()
        if outcome.reason == "unread":
            raise BrokenPipeError
        if outcome.message and outcome.reason != "exited":
            message_lines(f"elastic-hal: {shown(component.stem)}: {outcome.message}")
        return outcome.exit_code

    if not batch:
        return once(arguments, inherit_input=True)
    if arguments:
        raise CommandError("--batch takes the arguments from standard input, not from the command line", USAGE)
    for number, line in enumerate(_input_lines(), start=1):
        code = once(_batch_line(line, number), inherit_input=False)
        click.echo(json.dumps({"batch-exit": code}))
        # The suite runs each case as if it were the first; what a case leaves in a channel is not for the next one.
        host.reference.forget_channels()
    return 0


def _refuse_options_of_one(**given: object) -> None:
    for option, value in given.items():
        if value:
            what = "arguments" if option == "arguments" else f"--{option}"
            raise CommandError(f"{what}: a deployment file says that itself", USAGE, "see docs/deployments.md")


def _input_lines() -> Iterable[bytes]:
    return () if sys.stdin is None else sys.stdin.buffer


def _batch_line(line: bytes, number: int) -> list[str]:
    try:
        values = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise CommandError(
            f"line {number} of standard input is no JSON array of strings",
            USAGE,
            'write it like ["one", "two"]',
        )
    return values
