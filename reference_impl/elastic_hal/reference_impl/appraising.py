"""Appraisal of other people's evidence for a guest, by the verification policies that its grant names (CRY-16).

The operator decides whom to trust; a guest brings evidence, a nonce, and certificates that are believed as far as their
signatures go. Why evidence was refused is for the host's log: a guest could tell it to whoever sent the evidence.
"""

import logging
from collections.abc import Mapping
from typing import Final

from elastic_hal.common.clock import ClockError
from elastic_hal.common.text import counted
from elastic_hal.runtime.appraisal_grants import MOST_APPRAISAL_NAME_BYTES, AppraisalGrant

from .appraisal_files import AppraisalFiles, AppraisalGrantError, Demands
from .bindings.elastic_hal import attestation as wit
from .bindings.elastic_hal import capabilities, crypto, types
from .bounded_log import BoundedLog
from .bounds import check_size
from .eat.claim_values import NONCE_BYTES
from .verify import (
    Appraisal,
    CertificateFileError,
    Verdict,
    VerificationError,
    load_der_certificate,
    verify,
)

MOST_CERTIFICATES: Final = 16

_log = logging.getLogger(__name__)


class Appraiser:
    """Appraises for one workload. Raises `AppraisalGrantError` where a file of a granted policy cannot be used."""

    def __init__(self, workload: str, granted: Mapping[str, AppraisalGrant]) -> None:
        self._workload = workload
        # Two, so that a guest with much bad evidence does not hide what an operator has to mend.
        self._refusals, self._failures = BoundedLog(_log), BoundedLog(_log)
        self._files = {
            name: AppraisalFiles(f"workload.{workload}.appraisal.{name}", grant) for name, grant in granted.items()
        }

    def appraise(self, policy: str, evidence: wit.Evidence, nonce: bytes) -> wit.Appraisal:
        """Give what the evidence proves, or raise the error of the contract."""
        _check_bounds(policy, evidence, nonce)
        files = self._files.get(policy)
        if files is None:
            raise types.Error_AccessDenied(f"this workload is granted no verification policy {policy!r}")
        check_size("evidence", evidence.data)
        for certificate in evidence.certificates:
            check_size("certificate", certificate)
        try:
            return _appraisal(evidence, nonce, files.current())
        except AppraisalGrantError as error:
            self._failures.write("workload %r cannot appraise evidence by %r: %s", self._workload, policy, str(error))
            raise types.Error_Internal("the verification policy cannot be read; the host's log says why") from None
        except ClockError as error:
            self._failures.write("workload %r cannot appraise evidence by %r: %s", self._workload, policy, str(error))
            raise types.Error_Internal("the host's clock is wrong; its log has the details") from None
        except (VerificationError, CertificateFileError) as error:
            self._refusals.write("workload %r: evidence refused by %r: %s", self._workload, policy, str(error))
            raise types.Error_VerificationFailed from None


def check_nonce(nonce: bytes) -> None:
    """Raise the error of the contract for a nonce out of bounds."""
    check_size("nonce", nonce)
    least, most = NONCE_BYTES
    if not least <= len(nonce) <= most:
        raise types.Error_InvalidArgument(f"nonce: has {counted(len(nonce), 'byte')}, not {least} to {most}")


def _check_bounds(policy: str, evidence: wit.Evidence, nonce: bytes) -> None:
    if not 1 <= len(policy.encode()) <= MOST_APPRAISAL_NAME_BYTES:
        raise types.Error_InvalidArgument(f"policy: has not 1 to {MOST_APPRAISAL_NAME_BYTES} bytes")
    check_nonce(nonce)
    if len(evidence.certificates) > MOST_CERTIFICATES:
        raise types.Error_InvalidArgument(
            f"certificates: there are {len(evidence.certificates)}, more than {MOST_CERTIFICATES}"
        )


def _appraisal(evidence: wit.Evidence, nonce: bytes, demands: Demands) -> wit.Appraisal:
    """Raises `VerificationError` or `CertificateFileError` with the reason."""
    certificates = [load_der_certificate(certificate) for certificate in evidence.certificates]
    appraisal = verify(
        evidence.data,
        anchors=demands.trust_roots,
        # A root that is trusted may also be the one that completes a chain.
        certificates=[*demands.trust_roots, *certificates],
        revocation_lists=demands.revocation_lists,
        collateral=demands.collateral,
        nonce=nonce,
        policy=demands.policy,
    )
    if appraisal.verdict is not Verdict.PASS:
        raise VerificationError(_reason(appraisal))
    stated = appraisal.require_token()
    return wit.Appraisal(
        platform=capabilities.PlatformType(stated.platform_type),
        measurements=[
            wit.Measurement(
                name=measured.name, algorithm=crypto.HashAlgorithm(measured.algorithm), value=measured.value
            )
            for measured in appraisal.require().measurements
        ],
        public_key=stated.attested_key,
    )


def _reason(appraisal: Appraisal) -> str:
    """Why it was refused, with what was found: an operator may want to put that into the policy."""
    found = (check.value for check in appraisal.checks if check.verdict is Verdict.FAIL)
    value = next(found, None)
    reason = appraisal.reason or "it was not appraised"
    return reason if value is None else f"{reason} (found: {value})"
