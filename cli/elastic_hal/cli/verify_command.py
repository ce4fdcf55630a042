"""`elastic-hal verify`: judges evidence from outside, whichever platform it is of."""

from __future__ import annotations

import base64
import dataclasses
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from elastic_hal.cli.console import line, message, print_json
from elastic_hal.cli.evidence_table import appraisal_table
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.option_values import hexadecimal, point_in_time
from elastic_hal.cli.result_file import FORMATS, signing_key, write_result
from elastic_hal.common.errors import BAD, USAGE
from elastic_hal.common.files import FileTooLargeError, read_file

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy

_MOST_BYTES = 1024 * 1024
_FILE = click.Path(path_type=Path)

_T = TypeVar("_T")


@click.command()
@click.argument("evidence", type=_FILE)
@click.option(
    "--certs",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="Certificates (PEM or DER, any number in any order): for a report or quote what its chain lacks, for a token"
    " the roots to trust (default: the root of this machine's simulated platform).",
)
@click.option(
    "--trust-root",
    "trusted",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="A root to trust besides the ones of AMD and Intel, which are built in.",
)
@click.option("--crl", "lists", multiple=True, type=_FILE, metavar="FILE", help="Revocation lists (PEM or DER).")
@click.option("--collateral", type=_FILE, metavar="FILE", help="What a TDX quote is judged by (JSON).")
@click.option(
    "--event-log",
    "logs",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="What a TDX quote's registers were extended with, in order.",
)
@click.option("--policy", type=_FILE, metavar="FILE", help="What is demanded of the evidence (TOML).")
@click.option(
    "--nonce",
    metavar="HEX",
    help="The challenge that the evidence must answer; of a bare report or quote, its report data without the zeros"
    " behind it.",
)
@click.option("--at", metavar="TIME", help="Judge as of this time: RFC 3339, or Unix seconds. Default: now.")
@click.option(
    "--allow-simulated",
    is_flag=True,
    help="Accept evidence of a simulated platform, which proves nothing about hardware.",
)
@click.option(
    "--allow-emulated",
    is_flag=True,
    help="Accept evidence of an emulated platform, whose root --certs names: it proves nothing about hardware.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--ear", "result", type=_FILE, metavar="FILE", help="Write the result there, signed (EAR).")
@click.option("--ear-key", "result_key", type=_FILE, metavar="FILE", help="The private key to sign it with (PEM).")
@click.option(
    "--ear-format",
    "result_format",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Its form: JSON (JWT) or CBOR (CWT).",
)
def verify(
    *,
    evidence: Path,
    certs: tuple[Path, ...],
    trusted: tuple[Path, ...],
    lists: tuple[Path, ...],
    collateral: Path | None,
    logs: tuple[Path, ...],
    policy: Path | None,
    nonce: str | None,
    at: str | None,
    allow_simulated: bool,
    allow_emulated: bool,
    as_json: bool,
    result: Path | None,
    result_key: Path | None,
    result_format: str,
) -> int:
    """Judge evidence and print what it proves.

    EVIDENCE is a file, binary, hexadecimal or base64: what `attest` writes, an attestation report of AMD SEV-SNP with
    or without the certificate table, or a quote of Intel TDX. The exit code is 0 where every demand is met, else 1.
    """
    from elastic_hal.reference_impl import verify as library

    demands = library.AppraisalPolicy() if policy is None else library.AppraisalPolicy.load(policy)
    if allow_simulated:
        demands = dataclasses.replace(demands, allow_simulated=True)
    if allow_emulated:
        demands = dataclasses.replace(demands, allow_emulated=True)
    key = signing_key(result, result_key)
    challenge = None if nonce is None else hexadecimal(nonce, "--nonce")
    time = None if at is None else point_in_time(at, "--at")
    content = _evidence_bytes(evidence)
    is_token = library.evidence_format(content) is library.EvidenceFormat.TOKEN
    try:
        # What is odd about names in certificates that may be anybody's is no message for the person who asked.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            certificates = _loaded(certs, library.load_certificates)
            roots = _roots(certificates, demands, is_token=is_token)
            appraisal = library.verify(
                content,
                anchors=[*_loaded(trusted, library.load_certificates), *roots],
                certificates=certificates,
                revocation_lists=_loaded(lists, library.load_revocation_lists),
                collateral=None if collateral is None else _content(collateral),
                event_logs=[_content(path) for path in logs],
                nonce=challenge,
                policy=demands,
                at=time,
            )
    except library.CertificateFileError as error:
        if is_token:
            raise CommandError(str(error), USAGE) from None
        # Certificates are a part of what a report or quote proves: bad ones are bad evidence.
        failed = library.Check("certificates", library.Verdict.FAIL, None, "PEM or DER", str(error))
        appraisal = library.Appraisal((failed,), format=library.evidence_format(content))
    _print(appraisal, as_json=as_json)
    if result is not None and key is not None:
        write_result(result, appraisal, content, key=key, form=result_format, policy=demands, nonce=challenge, at=time)
    return 0 if appraisal.verdict is library.Verdict.PASS else BAD


def _print(appraisal: Appraisal, *, as_json: bool) -> None:
    if as_json:
        print_json(appraisal.to_json())
        return
    for row in appraisal_table(appraisal):
        line(row)
    for warning in appraisal.warnings:
        message(f"warning: {warning}")
    line("accepted" if appraisal.reason is None else f"refused: {appraisal.reason}")


def _evidence_bytes(path: Path) -> bytes:
    try:
        return _decoded(read_file(path, _MOST_BYTES))
    except FileTooLargeError as error:
        raise CommandError(f"{error}, which no evidence has") from None


def _decoded(content: bytes) -> bytes:
    """Take evidence that was written down as text; what is no such text is left as it is, and judged."""
    try:
        text = "".join(content.decode("ascii").split())
    except UnicodeDecodeError:
        return content
    for decode in (_from_hexadecimal, _from_base64):
        try:
            return decode(text)
        except ValueError:
            continue
    return content


def _from_hexadecimal(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _from_base64(text: str) -> bytes:
    return base64.b64decode(text.translate({ord("-"): "+", ord("_"): "/"}), validate=True)


def _roots(given: Sequence[Certificate], demands: AppraisalPolicy, *, is_token: bool) -> Sequence[Certificate]:
    """Which of `--certs` are roots to trust: all for a token, and marked ones where emulated platforms are allowed."""
    from elastic_hal.reference_impl.verify.emulated import is_emulated_root

    if not is_token:
        return list(filter(is_emulated_root, given)) if demands.allow_emulated else []
    if given:
        return given
    from elastic_hal.reference_impl.platforms.simulated import default_directory, root_certificate

    root = root_certificate(default_directory())
    return [] if root is None else [root]


def _loaded(paths: Sequence[Path], load: Callable[[bytes], list[_T]]) -> list[_T]:
    """What all the files hold. Raises `CertificateFileError` that names the file."""
    from elastic_hal.reference_impl.verify import CertificateFileError

    loaded: list[_T] = []
    for path in paths:
        try:
            loaded += load(_content(path))
        except CertificateFileError as error:
            raise CertificateFileError(f"{path}: {error}") from None
    return loaded


def _content(path: Path) -> bytes:
    return read_file(path, _MOST_BYTES)
