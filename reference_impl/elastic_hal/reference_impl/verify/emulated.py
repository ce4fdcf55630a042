"""The mark that certificates of an emulated platform carry, so that nobody takes their evidence for hardware's.

The mark only ever takes trust away: a hierarchy without it is not better for that, since a root must be trusted first.
"""

from typing import Final

from cryptography import x509

from .appraisal import Check, Verdict
from .policy import AppraisalPolicy

EMULATION_OID: Final = x509.ObjectIdentifier("2.25.1611012297")
"""Extension that says "the key lies in a file" of every certificate below an emulated root, the root included.

Its last number is short since readers of certificates exist, that of TDX quotes among them, which take 32 bits at most.
"""

PLATFORM_TYPE: Final = "platform type"
EMULATED_WARNING: Final = "the platform is emulated: this evidence proves nothing about hardware"


def is_emulated(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that it belongs to an emulated platform."""
    return any(extension.oid == EMULATION_OID for extension in certificate.extensions)


def is_emulated_root(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate, which may be anything, is the root of an emulated platform."""
    try:
        return certificate.subject == certificate.issuer and is_emulated(certificate)
    except Exception:  # parts of a certificate are parsed when they are first looked at, and can fail in any way
        return False


def check_platform_type(platform: str, emulated: bool, policy: AppraisalPolicy) -> Check:
    """Judge whether the evidence is of a platform that the policy names, and of hardware where that is demanded."""
    refusal = policy.refusal_of(platform.lower())
    if refusal is not None:
        expected = ", ".join(policy.platforms or policy.bound_to)
        return Check(PLATFORM_TYPE, Verdict.FAIL, platform, expected, refusal)
    if not emulated:
        return Check(PLATFORM_TYPE, Verdict.PASS, platform, "a hardware platform")
    value = f"{platform}, emulated"
    if policy.allow_emulated:
        return Check(PLATFORM_TYPE, Verdict.PASS, value, "emulated platforms are allowed", EMULATED_WARNING)
    detail = "an emulated platform proves nothing about hardware; set allow_emulated to accept it"
    return Check(PLATFORM_TYPE, Verdict.FAIL, value, "a hardware platform", detail)
