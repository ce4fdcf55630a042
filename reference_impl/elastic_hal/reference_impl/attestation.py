"""The attestation family: contexts that bind a target and a key, evidence for them, and the appraisal of other people's
evidence (CRY-15, CRY-16).
"""

from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.platform import EvidencePurpose, EvidenceRequest, Measurement, Platform
from elastic_hal.runtime.policy import Grant

from .appraising import Appraiser, check_nonce
from .bindings.elastic_hal import attestation as wit
from .bindings.elastic_hal import crypto, types
from .crypto.keys import public_half


class AttestationProvider:
    """The `attestation` interface for one workload. Who asks is the host's word, never the guest's."""

    def __init__(self, platform: Platform, identity: Identity, grant: Grant) -> None:
        self._platform = platform
        self._identity = identity
        self._granted = frozenset(grant.attestation)
        self._appraiser = Appraiser(identity.name, grant.appraisal)

    def appraise(self, policy: str, evidence: wit.Evidence, nonce: bytes) -> wit.Appraisal:
        """Appraise evidence of somebody else by a granted policy."""
        return self._appraiser.appraise(policy, evidence, nonce)

    def AttestationContext_load(self, target: wit.Target, public_key: crypto.Key | None) -> wit.AttestationContext:
        """Load a context for a target that the policy grants."""
        attested_key = None if public_key is None else public_half(public_key).spki()
        if target.value not in self._granted:
            raise types.Error_AccessDenied(f"attestation of target {target.value} is not granted to this workload")
        vouched: tuple[Measurement, ...] = ()
        if target is wit.Target.WORKLOAD:
            vouched = (runtime_measurement(), workload_measurement(self._identity))
        return AttestationContext(self._platform, target, vouched, attested_key)


class AttestationContext(wit.AttestationContext):
    """A target together with what the host vouches for. It keeps its own copy of the public key."""

    def __init__(
        self, platform: Platform, target: wit.Target, vouched: tuple[Measurement, ...], attested_key: bytes | None
    ) -> None:
        self._platform = platform
        self._target = target
        self._vouched = vouched
        self._attested_key = attested_key

    def target(self) -> wit.Target:
        """Give the target."""
        return self._target

    def measurements(self) -> list[wit.Measurement]:
        """Give what evidence of this context states, in the order platform, runtime, workload."""
        return [
            wit.Measurement(
                name=measured.name, algorithm=crypto.HashAlgorithm(measured.algorithm), value=measured.value
            )
            for measured in (*self._platform.measurements(), *self._vouched)
        ]

    def get_evidence(self, nonce: bytes) -> wit.Evidence:
        """Make evidence over the relying party's nonce."""
        check_nonce(nonce)
        # Nonce and key are the guest's choice: the purpose keeps its evidence from being taken for the host's own.
        request = EvidenceRequest(
            nonce=nonce, measurements=self._vouched, public_key=self._attested_key, purpose=EvidencePurpose.GUEST
        )
        evidence = self._platform.evidence(request)
        return wit.Evidence(
            format=wit.EvidenceFormat(evidence.format),
            data=evidence.data,
            certificates=list(evidence.certificates),
        )
