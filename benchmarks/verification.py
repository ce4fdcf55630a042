"""How long a relying party needs to judge evidence, once everything is loaded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from benchmarks.measure import timed
from elastic_hal.reference_impl.platforms.emulator.amd_authority import AmdAuthority, AuthorityKeys, EndorsementKey
from elastic_hal.reference_impl.platforms.emulator.intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_collateral import collateral
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.platforms.emulator.snp_report import ReportFields, unsigned_report
from elastic_hal.reference_impl.verify import AppraisalPolicy, Verdict, verify
from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb

_TCB = Tcb(None, 10, 0, 23, 84)
_POLICY = AppraisalPolicy(allow_emulated=True)


def run() -> dict[str, float]:
    """Judges reports whose chain was seen before, reports of ever new chips, and quotes, of which nothing is kept."""
    start = datetime.now(UTC) - timedelta(days=1)
    authority = AmdAuthority(Product.GENOA, AuthorityKeys.generate(), start)
    signed = [_signed(authority.vcek(_TCB, chip.to_bytes(64, "big"), start), chip) for chip in range(64)]
    unseen = iter(signed)
    return {
        "verify.snp_s": timed(lambda: _judge(authority, *signed[-1]), calls=50).median,
        "verify.snp_new_chip_s": timed(lambda: _judge(authority, *next(unseen)), repeats=40).median,
        **_quotes(start),
    }


def _quotes(start: datetime) -> dict[str, float]:
    authority = IntelAuthority(IntelKeys(), start)
    identity, report = PlatformIdentity(), TdReport()
    signer = QuoteSigner(authority.provisioning_key(identity))
    said = collateral(authority, identity, report, signer.enclave, start).encode()
    older, newer = signer.quote(report), signer.quote(report, 5, 3)
    return {
        "verify.tdx_s": timed(lambda: _judge_quote(authority, older, said), calls=20).median,
        "verify.tdx_version_5_s": timed(lambda: _judge_quote(authority, newer, said), calls=20).median,
    }


def _judge_quote(authority: IntelAuthority, quote: bytes, said: bytes) -> None:
    appraisal = verify(quote, anchors=[authority.root], collateral=said, policy=_POLICY)
    if appraisal.verdict is not Verdict.PASS:
        raise RuntimeError(appraisal.reason)


def _signed(key: EndorsementKey, chip: int) -> tuple[EndorsementKey, bytes]:
    fields = ReportFields(product=Product.GENOA, version=3, tcb=_TCB, chip_id=chip.to_bytes(64, "big"))
    return key, key.sign(unsigned_report(fields))


def _judge(authority: AmdAuthority, key: EndorsementKey, report: bytes) -> None:
    certificates = [key.certificate, key.chain[0]]
    appraisal = verify(report, anchors=[authority.root], certificates=certificates, policy=_POLICY)
    if appraisal.verdict is not Verdict.PASS:
        raise RuntimeError(appraisal.reason)
