"""The broker itself, without the network: it appraises evidence, logs what it decided, and only then answers.

A stranger learns one thing, that nothing is released: the answer for a secret that there is none of is the one for
evidence that is not good enough, and takes the same steps.
"""

import dataclasses
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from elastic_hal.common import clock
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, VerificationError, verify
from elastic_hal.runtime.platform import EvidencePurpose

from .errors import BrokerSettingsError, BrokerStoreError, BrokerUnavailableError, ReleaseRefusedError
from .messages import ReleaseRequest
from .nonces import NonceError, Nonces
from .proven import audit_fields
from .release_policy import LivePolicy, ReleasePolicy
from .revocation import revoked_value
from .store import Store
from .wrapping import WrappingError, wrap

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Released:
    """A secret, wrapped to the key that the evidence vouches for."""

    encapsulated: bytes
    ciphertext: bytes = field(repr=False)


class _Refusal(Exception):
    """Why nothing is released, for the audit log."""


class Broker:
    """Releases secrets. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        policy: LivePolicy,
        nonces: Nonces | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._store = store
        self._policy = policy
        self._now = now
        self.nonces = nonces or Nonces()

    def release(self, request: ReleaseRequest, peer: str = "") -> Released:
        """Release a secret, or raise `ReleaseRefusedError` or `BrokerUnavailableError`, which say nothing else."""
        try:
            at = self._now()
        except clock.ClockError as error:
            _log.error("nothing can be judged or logged: %s", error)
            raise BrokerUnavailableError("the broker cannot answer now") from None
        entry: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds"),
            "secret": request.name,
            "peer": peer,
            "evidence": f"sha-256:{hashlib.sha256(request.evidence).hexdigest()}",
        }
        try:
            released = self._decide(request, at, entry)
        except _Refusal as refusal:
            self._write({**entry, "event": "refused", "reason": str(refusal)})
            raise ReleaseRefusedError("the secret is not released") from None
        except (BrokerStoreError, BrokerSettingsError) as error:
            _log.error("nothing can be released: %s", error)
            self._write({**entry, "event": "failed", "reason": str(error)})
            raise BrokerUnavailableError("the broker cannot answer now") from None
        except Exception as fault:
            # A fault of ours must leave its trace where the operator looks, and still release nothing.
            self._write({**entry, "event": "failed", "reason": f"fault in the broker: {type(fault).__name__}"})
            raise
        # What is not in the log was never released.
        self._write({**entry, "event": "released"})
        return released

    def _decide(self, request: ReleaseRequest, at: datetime, entry: dict[str, object]) -> Released:
        try:
            self.nonces.use(request.nonce, request.name)
        except NonceError as error:
            raise _Refusal(str(error)) from None
        policy = self._policy.current()
        demands = policy.secrets.get(request.name)
        appraisal = _appraise(request, policy, with_purposes(demands or AppraisalPolicy()), at)
        entry.update(audit_fields(appraisal))
        secret = self._store.secret(request.name)
        if demands is None or secret is None:
            raise _Refusal("there is no such secret" if demands is None else "the secret has no value yet")
        if appraisal.claims is not None and appraisal.claims.token is None:
            raise _Refusal(f"a {appraisal.format.value} does not say which workload or key it speaks for")
        try:
            claims = appraisal.require_token()
        except VerificationError as error:
            raise _Refusal(str(error)) from None
        banned = revoked_value(appraisal.require(), self._store.revoked())
        if banned is not None:
            raise _Refusal(f"the evidence states the value {banned}, which is revoked")
        if claims.attested_key is None:
            raise _Refusal("the evidence names no key that the secret could be wrapped to")
        try:
            encapsulated, ciphertext = wrap(secret, claims.attested_key, request.name, request.nonce)
        except WrappingError as error:
            raise _Refusal(str(error)) from None
        return Released(encapsulated, ciphertext)

    def _write(self, entry: dict[str, object]) -> None:
        try:
            self._store.log(entry)
        except BrokerStoreError as error:
            _log.error("the audit log cannot be written, so that nothing is released: %s", error)
            raise BrokerUnavailableError("the broker cannot answer now") from None


def _appraise(request: ReleaseRequest, policy: ReleasePolicy, demands: AppraisalPolicy, at: datetime) -> Appraisal:
    return verify(
        request.evidence,
        anchors=policy.roots,
        nonce=request.nonce,
        policy=demands,
        at=at,
        certificates=policy.certificates,
        revocation_lists=policy.revocation_lists,
        collateral=policy.collateral,
    )


def with_purposes(demands: AppraisalPolicy) -> AppraisalPolicy:
    """Add what evidence must be made for, where the policy does not say it.

    A secret whose policy names workloads is for these. One whose policy names none is for the host: a workload can have
    evidence made over a nonce and a key of its choice, which states all that the host's states, but for the purpose.
    """
    if demands.purposes:
        return demands
    of_workloads = (EvidencePurpose.GUEST, EvidencePurpose.HOST_SECRET)
    of_hosts = (EvidencePurpose.HOST_SEALING_ROOT, EvidencePurpose.HOST_SECRET)
    purposes = of_workloads if "workload" in demands.measurements else of_hosts
    return dataclasses.replace(demands, purposes=tuple(purpose.value for purpose in purposes))
