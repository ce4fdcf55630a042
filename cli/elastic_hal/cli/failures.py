"""Which exceptions are answers to the user rather than faults of ours: what to say, and the exit code of each.

Only exceptions whose module is loaded can have been raised, so nothing is imported to look them up.
"""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elastic_hal.cli.console import colour_wanted
from elastic_hal.common.errors import BAD, ENVIRONMENT, USAGE, ElasticHalError
from elastic_hal.common.text import MAX_MESSAGE, counted, shown

if TYPE_CHECKING:
    from elastic_hal.codegen.diagnostics import WitError

INTERRUPTED = 130
UNREAD = 141
"""What a shell says of a program that was ended by SIGPIPE."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What to tell the user and the code to leave with. `findings` come first, where one line cannot hold them all.

    `message` is one line, and a line break in it part of a name that somebody chose, unless it `has_lines`.
    """

    message: str
    exit_code: int
    hint: str = ""
    findings: str = ""
    has_lines: bool = False


class CommandError(Exception):
    """A command's own refusal, with its exit code."""

    def __init__(self, message: str, exit_code: int = BAD, hint: str = ""):
        super().__init__(message)
        self.exit_code = exit_code
        self.hint = hint


# Looked through from top to bottom: subclasses stand before their bases.
_KNOWN: tuple[tuple[str, str, int], ...] = (
    ("elastic_hal.codegen.diffing.comparison", "DifferentPackagesError", USAGE),
    ("elastic_hal.codegen.targets.errors", "OutputError", USAGE),
    ("elastic_hal.codegen.targets.errors", "TargetError", BAD),
    ("elastic_hal.guest_sdk.tool_errors", "ToolMissingError", ENVIRONMENT),
    ("elastic_hal.guest_sdk.tool_errors", "ProjectError", USAGE),
    ("elastic_hal.guest_sdk.tool_errors", "GuestToolError", BAD),
    ("elastic_hal.runtime.errors", "UnreadableError", USAGE),
    ("elastic_hal.runtime.errors", "ArgumentError", USAGE),
    ("elastic_hal.runtime.errors", "AdmissionError", BAD),
    ("elastic_hal.runtime.errors", "DeploymentError", USAGE),
    ("elastic_hal.reference_impl.appraisal_files", "AppraisalGrantError", USAGE),
    ("elastic_hal.runtime.errors", "PolicyError", USAGE),
    ("elastic_hal.runtime.errors", "GrantError", ENVIRONMENT),
    ("elastic_hal.reference_impl.broker.sealing_settings", "SealingSettingsError", USAGE),
    ("elastic_hal.runtime.errors", "RuntimeFailure", BAD),
    ("elastic_hal.runtime.platform", "PlatformError", ENVIRONMENT),
    ("elastic_hal.reference_impl.platforms.errors", "PlatformUnavailableError", ENVIRONMENT),
    ("elastic_hal.reference_impl.platforms.errors", "PlatformLoadError", USAGE),
    ("elastic_hal.reference_impl.evidence", "AttestationInputError", USAGE),
    ("elastic_hal.reference_impl.verify.policy_reader", "AppraisalPolicyError", USAGE),
    ("elastic_hal.reference_impl.verify.certificate_files", "CertificateFileError", USAGE),
    ("elastic_hal.reference_impl.broker.errors", "BrokerSettingsError", USAGE),
    ("elastic_hal.reference_impl.broker.errors", "UnknownSecretError", USAGE),
    ("elastic_hal.reference_impl.broker.errors", "BrokerStoreError", ENVIRONMENT),
    ("elastic_hal.reference_impl.broker.errors", "BrokerUnavailableError", ENVIRONMENT),
    ("elastic_hal.reference_impl.broker.errors", "BrokerError", BAD),
    ("elastic_hal.conformance.adapter", "RuntimeUnavailable", ENVIRONMENT),
    ("elastic_hal.conformance.adapter", "AdapterError", USAGE),
    ("elastic_hal.conformance.build", "ToolMissingError", ENVIRONMENT),
    ("elastic_hal.conformance.build", "BuildError", BAD),
    ("elastic_hal.conformance.document", "CaseFileError", USAGE),
    ("elastic_hal.conformance.expectations", "ExpectationsError", USAGE),
    ("elastic_hal.conformance.expression", "ExpressionError", USAGE),
)

# What a tool said stands in these as it said it, in several lines.
_SEVERAL_LINES: tuple[tuple[str, str], ...] = (
    ("elastic_hal.guest_sdk.tool_errors", "BuildFailedError"),
    ("elastic_hal.conformance.build", "BuildError"),
)

_OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_FILES_NAMED = 3


def describe(error: BaseException) -> Failure | None:
    """Says how to report an exception; None where it is a fault of ours and its traceback is wanted."""
    if isinstance(error, CommandError):
        return Failure(str(error), error.exit_code, error.hint)
    if isinstance(error, ElasticHalError):
        return _known_failure(error, error.exit_status)
    if _is(error, "elastic_hal.codegen.diagnostics", "WitError"):
        return _wit_failure(error)  # type: ignore[arg-type]
    for module, name, code in _KNOWN:
        if _is(error, module, name):
            return _known_failure(error, code)
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if isinstance(error.filename, str) else ""
        return Failure(f"{place}{error.strerror}", ENVIRONMENT if error.errno in _OF_THE_MACHINE else USAGE)
    return None


def _is(error: BaseException, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _known_failure(error: BaseException, code: int) -> Failure:
    """The exception's text, and its hint where the text does not hold it already. Of several lines, as a list of
    problems gives them, the last word is how many there are.
    """
    text, hint = str(error), str(getattr(error, "hint", ""))
    problems = getattr(error, "problems", ())
    if len(problems) > 1:
        return Failure(
            f"{len(problems)} problems", code, findings="\n".join(shown(line, MAX_MESSAGE) for line in problems)
        )
    if any(_is(error, module, name) for module, name in _SEVERAL_LINES):
        # The hint stands between the message and its details: there it would look as if it were one of them.
        text = text.replace(f"\n  hint: {hint}", "", 1)
        return Failure(text, code, "" if hint in text else hint, has_lines=True)
    # Some have their hint in their text, on a line of its own.
    text = text.removesuffix(f"\n  hint: {hint}")
    return Failure(text, code, "" if hint in text else hint)


def _wit_failure(error: WitError) -> Failure:
    """What is wrong in a text is shown with its place; what is wrong with what was asked for is one line."""
    from elastic_hal.codegen.diagnostics import Code, render_text

    findings = error.diagnostics
    asked_wrongly = all(finding.code in {Code.CANNOT_READ, Code.UNKNOWN_WORLD} for finding in findings)
    code = USAGE if asked_wrongly else BAD
    if len(findings) == 1 and findings[0].span is None:
        return Failure(findings[0].message, code, "; ".join(note.message for note in findings[0].notes))
    files = sorted({finding.span.file.path for finding in findings if finding.span is not None})
    named = ", ".join(shown(file) for file in files[:_FILES_NAMED])
    names = named + (" and others" if len(files) > _FILES_NAMED else "")
    count = counted(len(findings), "problem")
    return Failure(f"{count} in {names}" if names else count, code, findings=render_text(findings, colour_wanted()))
