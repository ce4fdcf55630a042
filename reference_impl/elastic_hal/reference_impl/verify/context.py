"""What the relying party brings to an appraisal besides the evidence, in one value for every format."""

from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from .policy import AppraisalPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Time, demands, challenge and helpers.

    `anchors` are roots that the relying party trusts besides the ones that this library pins; `certificates` are
    helpers that are believed only as far as their signatures go. `report_data` is what the hardware must have signed,
    where the evidence around its report says so: then the nonce lies in that evidence and not in the report.
    """

    at: datetime
    policy: AppraisalPolicy = field(default_factory=AppraisalPolicy)
    nonce: bytes | None = None
    report_data: bytes | None = None
    anchors: tuple[x509.Certificate, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()
    collateral: bytes | None = None
    event_logs: tuple[bytes, ...] = ()
