"""`elastic-hal verify --ear`: the appraisal as a signed attestation result in a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from elastic_hal.cli.console import message
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.files import write_whole
from elastic_hal.common.clock import now
from elastic_hal.common.errors import USAGE
from elastic_hal.common.files import read_file

if TYPE_CHECKING:
    from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy
    from elastic_hal.reference_impl.verify.ear.keys import SigningKey

FORMATS = ("jwt", "cwt")

_MOST_KEY_BYTES = 64 * 1024


def signing_key(result: Path | None, key: Path | None) -> SigningKey | None:
    """Read the key that signs the result; None where no result is wanted. Refuses one without the other."""
    from elastic_hal.reference_impl.verify.ear import ResultKeyError, load_signing_key

    if result is None and key is None:
        return None
    if result is None or key is None:
        raise CommandError("--ear and --ear-key belong together", USAGE, "name a file for the result and a key to sign")
    content = read_file(key, _MOST_KEY_BYTES)
    try:
        return load_signing_key(content)
    except ResultKeyError as error:
        raise CommandError(f"{key}: {error}", USAGE) from None


def write_result(
    path: Path,
    appraisal: Appraisal,
    evidence: bytes,
    *,
    key: SigningKey,
    form: str,
    policy: AppraisalPolicy,
    nonce: bytes | None,
    at: datetime | None,
) -> None:
    """Write the appraisal, accepted or refused, as a signed result."""
    from elastic_hal.reference_impl.verify.ear import ResultFormat, attestation_result, sign_result

    moment = now()
    claims = attestation_result(appraisal, evidence, policy=policy, at=at or moment, issued=moment, nonce=nonce)
    signed = sign_result(claims, key, ResultFormat(form))
    write_whole(path, signed)
    message(f"{path}: attestation result, {len(signed)} bytes ({form.upper()})")
