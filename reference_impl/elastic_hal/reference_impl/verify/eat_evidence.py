"""The appraisal of an entity attestation token: is it one, who signed it, and then what it claims.

What a signature has not proven is not judged: after a failed structure, chain or signature the later ones say
`not-checked`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cryptography import x509

from elastic_hal.common.text import counted
from elastic_hal.reference_impl.eat import PLATFORM_SIMULATED, Claims, EvidenceError, Token, decode_claims, parse_token

from .appraisal import Appraisal, Check, Verdict
from .chain import ChainError, validate_chain
from .claim_checks import CLAIM_CHECK_NAMES, check_claims
from .context import Context
from .signature import ALLOWED_ALGORITHMS, is_signed_by

SIMULATED_WARNING: Final = "the platform is simulated: this evidence proves nothing about hardware"

_STRUCTURE, _ALGORITHM, _CHAIN, _SIGNATURE = "structure", "algorithm", "certificate chain", "signature"
_CHECK_NAMES: Final = (_STRUCTURE, _ALGORITHM, _CHAIN, _SIGNATURE, *CLAIM_CHECK_NAMES)


def appraise_token(evidence: bytes, context: Context) -> Appraisal:
    """Appraise a token and list every check."""
    checks: list[Check] = []
    claims = _authentic_claims(evidence, context.anchors, context.at, checks)
    if claims is None:
        made = {check.name for check in checks}
        skipped = (Check(name, Verdict.NOT_CHECKED) for name in _CHECK_NAMES if name not in made)
        return Appraisal((*checks, *skipped))
    checks += check_claims(claims, context.nonce, context.policy, context.at)
    warnings = (SIMULATED_WARNING,) if claims.platform_type == PLATFORM_SIMULATED else ()
    return Appraisal(tuple(checks), claims, warnings)


def _authentic_claims(
    evidence: bytes, anchors: Sequence[x509.Certificate], at: datetime, checks: list[Check]
) -> Claims | None:
    """Append the checks of form and origin to `checks`; give the claims only where all of them passed."""
    try:
        token = parse_token(evidence)
        claims = decode_claims(token.payload)
    except EvidenceError as error:
        checks.append(Check(_STRUCTURE, Verdict.FAIL, f"{len(evidence)} bytes", "COSE_Sign1 EAT", str(error)))
        return None
    checks.append(Check(_STRUCTURE, Verdict.PASS, f"COSE_Sign1 EAT, {len(evidence)} bytes", claims.profile))
    return claims if _is_authentic(token, anchors, at, checks) else None


def _is_authentic(token: Token, anchors: Sequence[x509.Certificate], at: datetime, checks: list[Check]) -> bool:
    allowed = ", ".join(algorithm.name for algorithm in ALLOWED_ALGORITHMS.values())
    algorithm = ALLOWED_ALGORITHMS.get(token.algorithm)
    if algorithm is None:
        detail = f"COSE algorithm {token.algorithm} is not allowed"
        checks.append(Check(_ALGORITHM, Verdict.FAIL, str(token.algorithm), allowed, detail))
        return False
    checks.append(Check(_ALGORITHM, Verdict.PASS, algorithm.name, allowed))
    expected_chain = f"leads to one of {len(anchors)} trusted anchors"
    try:
        signer, anchor = validate_chain(token.certificates, anchors, at)
    except ChainError as error:
        found = counted(len(token.certificates), "certificate")
        checks.append(Check(_CHAIN, Verdict.FAIL, found, expected_chain, str(error)))
        return False
    checks.append(Check(_CHAIN, Verdict.PASS, f"issued by {anchor.subject.rfc4514_string()}", expected_chain))
    if not is_signed_by(token, algorithm, signer):
        detail = "the evidence was changed, or signed by another key than its certificate's"
        checks.append(Check(_SIGNATURE, Verdict.FAIL, "invalid", "valid", detail))
        return False
    checks.append(Check(_SIGNATURE, Verdict.PASS, "valid", "valid"))
    return True
