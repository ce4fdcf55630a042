"""The entry point: the tree of commands, loaded when used, and the one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence

import click

from elastic_hal.cli.console import LogMessages, findings, message, message_lines
from elastic_hal.cli.failures import INTERRUPTED, UNREAD, Failure, describe
from elastic_hal.cli.memory_option import own_process
from elastic_hal.common.errors import ENVIRONMENT, USAGE
from elastic_hal.common.text import shown

PROGRAM = "elastic-hal"
_COMPLETION = "_ELASTIC_HAL_COMPLETE"
_SIGNALLED = 128
_STDOUT, _STDERR = 1, 2

_COMMANDS = {
    "wit": ("wit_commands", "wit", "Check, print and convert WIT packages."),
    "generate": ("generate_commands", "generate", "Generate host bindings, guest bindings or a conformance suite."),
    "guest": ("guest_commands", "guest", "Start and build guest projects."),
    "run": ("run_command", "run", "Run a component on the reference runtime."),
    "conformance": ("conformance_commands", "conformance", "Run the conformance suite and look at its cases."),
    "platform": ("platform_commands", "platform", "Show the platform underneath."),
    "attest": ("evidence_commands", "attest", "Make attestation evidence."),
    "verify": ("verify_command", "verify", "Verify attestation evidence."),
    "broker": ("broker_commands", "broker", "Release secrets to attested guests."),
    "cache": ("cache_commands", "cache", "Show or remove compiled components and built suite guests."),
    "demo": ("demo", "demo", "Run the whole pipeline once and say what happened."),
}


class _LazyGroup(click.Group):
    """Imports a command's module only when that command is used, so that starting up stays cheap."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"elastic_hal.cli.{module}"), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}.{attribute} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            near = difflib.get_close_matches(name, _COMMANDS)
            rest = f" Did you mean {' or '.join(repr(each) for each in near)}?" if near else ""
            raise click.UsageError(f"No such command '{shown(name)}'.{rest}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="elastic-hal", message="%(version)s")
def cli() -> None:
    """Contract, bindings, reference runtime and conformance suite of the ELASTIC hardware abstraction layer."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves with its exit code.

    0 good, 1 the checked thing is bad, 2 usage, 3 something that the command needs is not on this machine, 130 and 143
    it was interrupted or told to end, 141 nobody reads its output any more.
    """
    output_is_closed = _occupy_standard_descriptors()
    logging.lastResort = LogMessages(logging.WARNING)
    if arguments is None:
        signal.signal(signal.SIGTERM, _terminate)
        own_process()
    try:
        _complete()
        code = _run(sys.argv[1:] if arguments is None else list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as leave:
        code = leave.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = USAGE
    except click.ClickException as error:
        code = _report(_usage(error))
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = _report(Failure("interrupted", INTERRUPTED))
    except BrokenPipeError:
        # Whoever read our output has left, and what was not said cannot have been good: as if the signal had ended us.
        _give_up_output()
        code = UNREAD
    except Exception as error:
        failure = describe(error)
        if output_is_closed and isinstance(error, OSError) and error.errno == errno.EBADF:
            failure = Failure("standard output is closed, and what belongs there would be lost", ENVIRONMENT)
        if failure is None:
            raise
        if isinstance(error, OSError):
            _give_up_output()
        code = _report(failure)
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Runs one command. What it returns is its exit code; most return nothing, which is 0."""
    with cli.make_context(PROGRAM, arguments) as context:
        value = cli.invoke(context)
    return value if isinstance(value, int) else 0


def _complete() -> None:
    """Answers a shell that asks how a command line may go on."""
    instruction = os.environ.get(_COMPLETION)
    if instruction:
        from click.shell_completion import shell_complete

        raise click.exceptions.Exit(shell_complete(cli, {}, PROGRAM, _COMPLETION, instruction))


def _usage(error: click.ClickException) -> Failure:
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = "" if context is None else f"{context.command_path} --help"
    return Failure(error.format_message(), error.exit_code, hint, has_lines=isinstance(error, click.MissingParameter))


def _report(failure: Failure) -> int:
    with contextlib.suppress(OSError):
        if failure.findings:
            findings(failure.findings)
        say = message_lines if failure.has_lines else message
        say(f"{PROGRAM}: {failure.message}")
        if failure.hint:
            message(f"  hint: {failure.hint}")
    return failure.exit_code


def _terminate(number: int, _frame: object) -> None:
    """Leaves in order when it is told to end, so that temporary files go and guests stop."""
    raise SystemExit(_SIGNALLED + number)


def _occupy_standard_descriptors() -> bool:
    """Takes the numbers 0 to 2 where they were closed when we started: else the next file that is opened gets one of
    them, and what is meant for standard output is written into it. Returns whether standard output was closed.

    It then fails to be written to, as it did when it was closed: what a command or a guest says there is not lost
    without a word.
    """
    closed = set()
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.add(descriptor)
            os.open(os.devnull, os.O_WRONLY if descriptor == _STDERR else os.O_RDONLY)
    if _STDOUT in closed:
        sys.stdout = open(_STDOUT, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    return _STDOUT in closed


def _give_up_output() -> None:
    """Drops what is still buffered for standard output, which nobody takes any more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
