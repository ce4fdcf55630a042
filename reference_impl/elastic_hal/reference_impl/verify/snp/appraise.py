"""The appraisal of a SEV-SNP report, alone or with the certificate table that the host hands out beside it."""

from typing import Final

from cryptography import x509

from elastic_hal.common.text import counted
from elastic_hal.reference_impl.verify.appraisal import Appraisal, Check, EvidenceFormat, Verdict
from elastic_hal.reference_impl.verify.context import Context
from elastic_hal.reference_impl.verify.emulated import EMULATED_WARNING, PLATFORM_TYPE, check_platform_type

from .certificate_table import parse_certificate_table
from .chain import Chain
from .claims import SnpClaims
from .demands import check_demands, demand_names
from .errors import SnpError
from .origin import ORIGIN_CHECKS, prove_origin
from .report import HOST_VMPL, PLATFORM_BITS, REPORT_BYTES, SnpReport, parse_report

_STRUCTURE: Final = "structure"
_KNOWN_PLATFORM_BITS: Final = sum(1 << bit for bit in PLATFORM_BITS.values())


def appraise_report(data: bytes, context: Context, table: bytes = b"") -> Appraisal:
    """Appraise a report of 1184 bytes and list every check. The certificate table may be given, or lie behind it."""
    checks: list[Check] = []
    parsed = _parse(data, table, checks)
    proven = None
    if parsed is not None:
        report, beside = parsed
        proven = prove_origin(report, (*beside, *context.certificates), context, checks)
    if proven is None:
        made = {check.name for check in checks}
        names = (_STRUCTURE, *ORIGIN_CHECKS, PLATFORM_TYPE, *demand_names(alone=context.report_data is None))
        skipped = (Check(name, Verdict.NOT_CHECKED) for name in names if name not in made)
        return Appraisal((*checks, *skipped), format=EvidenceFormat.SNP_REPORT)
    claims, chain = proven
    checks.append(check_platform_type("SEV-SNP", chain.emulated, context.policy))
    checks += check_demands(claims, context)
    return Appraisal(tuple(checks), claims, tuple(_warnings(claims, chain)), EvidenceFormat.SNP_REPORT)


def _parse(data: bytes, table: bytes, checks: list[Check]) -> tuple[SnpReport, list[x509.Certificate]] | None:
    expected = f"a report of {REPORT_BYTES} bytes, alone or with a certificate table"
    try:
        if not table:
            data, table = data[:REPORT_BYTES], data[REPORT_BYTES:]
        report = parse_report(data)
        beside = parse_certificate_table(table) if table else []
    except SnpError as error:
        checks.append(Check(_STRUCTURE, Verdict.FAIL, f"{len(data) + len(table)} bytes", expected, str(error)))
        return None
    value = f"SEV-SNP report, version {report.version}"
    value = f"{value}, with {counted(len(beside), 'certificate')}" if beside else value
    checks.append(Check(_STRUCTURE, Verdict.PASS, value, expected))
    return report, beside


def _warnings(claims: SnpClaims, chain: Chain) -> list[str]:
    warnings = []
    if chain.emulated:
        warnings.append(EMULATED_WARNING)
    elif not chain.by_amd:
        warnings.append("the root is not AMD's: this evidence is worth as much as the root that you named")
    if 0 < claims.report.vmpl < HOST_VMPL:
        warnings.append(
            f"the report speaks for software at VMPL {claims.report.vmpl}; what runs at lower levels can read it"
        )
    if claims.is_provisional:
        warnings.append(
            "the firmware that runs is provisional: the host can go back to the older one that it has committed to"
        )
    unknown = claims.report.platform_info & ~_KNOWN_PLATFORM_BITS
    if unknown:
        warnings.append(f"bits {unknown:#x} of the platform information are unknown to this version")
    return warnings
