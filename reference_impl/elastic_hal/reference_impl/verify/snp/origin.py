"""Whether a report is what it seems: signed by a key that AMD vouches for, of the same product, TCB and chip."""

from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from elastic_hal.common.text import counted
from elastic_hal.reference_impl.verify.appraisal import Check, Verdict
from elastic_hal.reference_impl.verify.chain import ChainError, shown_name
from elastic_hal.reference_impl.verify.context import Context

from .certificates import SigningKey, read_signing_key
from .chain import Chain, validate_chain
from .claims import SnpClaims
from .errors import SnpError
from .report import SIGNING_KEYS, SnpReport
from .revocation import REVOCATION, check_revocation
from .tcb import Tcb, decode_tcb

CHAIN, SIGNATURE, PRODUCT, KEY_TCB, CHIP = "certificate chain", "signature", "product", "TCB of the key", "chip"
ORDER = "order of TCBs"
ORIGIN_CHECKS = (CHAIN, SIGNATURE, REVOCATION, PRODUCT, KEY_TCB, ORDER, CHIP)


def prove_origin(
    report: SnpReport, certificates: Sequence[x509.Certificate], context: Context, checks: list[Check]
) -> tuple[SnpClaims, Chain] | None:
    """Append the checks of origin to `checks`, up to the first that fails; give the claims where none does."""
    chain = _chain(report, certificates, context, checks)
    if chain is None:
        return None
    if not is_signed_by(report, chain.signer):
        detail = "the report was changed, or signed by another key than the certificate's"
        checks.append(Check(SIGNATURE, Verdict.FAIL, "invalid", "valid", detail))
        return None
    checks.append(Check(SIGNATURE, Verdict.PASS, "valid, ECDSA P-384 with SHA-384", "valid"))
    required = context.policy.snp.require_revocation_list
    revocation = check_revocation(chain, context.revocation_lists, context.at, required)
    checks.append(revocation)
    if revocation.verdict is Verdict.FAIL:
        return None
    key = read_signing_key(chain.signer)
    product = _product(report, key)
    checks.append(product)
    if product.verdict is Verdict.FAIL:
        return None
    claims = _claims(report, key, chain.emulated, checks)
    if claims is None:
        return None
    chip = _chip(report, key)
    checks.append(chip)
    return None if chip.verdict is Verdict.FAIL else (claims, chain)


def is_signed_by(report: SnpReport, certificate: x509.Certificate) -> bool:
    """Tell whether the key of a certificate signed the report."""
    try:
        key = certificate.public_key()
    except Exception:  # a certificate's key is parsed here first, and a hostile one can fail in any way
        return False
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp384r1":
        return False
    try:
        key.verify(encode_dss_signature(*report.signature), report.signed, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        return False
    return True


def _chain(
    report: SnpReport, certificates: Sequence[x509.Certificate], context: Context, checks: list[Check]
) -> Chain | None:
    kind = SIGNING_KEYS[report.signing_key]
    expected = f"from a {kind.upper()} to a root of AMD's" + (" or a named one" if context.anchors else "")
    try:
        chain = validate_chain(
            kind, certificates, context.anchors, context.at, lambda candidate: is_signed_by(report, candidate)
        )
    except ChainError as error:
        checks.append(Check(CHAIN, Verdict.FAIL, counted(len(certificates), "certificate"), expected, str(error)))
        return None
    whose = "AMD's" if chain.by_amd else "named by the relying party"
    value = f"{kind.upper()} below {shown_name(chain.root.subject)}, {whose}"
    checks.append(Check(CHAIN, Verdict.PASS, value, expected))
    return chain


def _product(report: SnpReport, key: SigningKey) -> Check:
    if report.product is None:
        detail = "this version of the report does not name the processor"
        return Check(PRODUCT, Verdict.PASS, f"{key.product_name} by the certificate", None, detail)
    if report.product is not key.product:
        detail = "the processor is not of the product that the key is for"
        return Check(PRODUCT, Verdict.FAIL, report.product.value, key.product.value, detail)
    return Check(PRODUCT, Verdict.PASS, report.product.value, key.product.value)


def _claims(report: SnpReport, key: SigningKey, emulated: bool, checks: list[Check]) -> SnpClaims | None:
    raw = {
        "reported": report.reported_tcb,
        "current": report.current_tcb,
        "committed": report.committed_tcb,
        "launch": report.launch_tcb,
    }
    try:
        tcb = {name: decode_tcb(value, key.product, f"the {name} TCB") for name, value in raw.items()}
    except SnpError as error:
        checks.append(Check(KEY_TCB, Verdict.FAIL, report.reported_tcb.hex(), str(key.tcb), str(error)))
        return None
    if tcb["reported"] != key.tcb:
        detail = "the key is derived for another TCB than the report states"
        checks.append(Check(KEY_TCB, Verdict.FAIL, str(tcb["reported"]), str(key.tcb), detail))
        return None
    checks.append(Check(KEY_TCB, Verdict.PASS, str(tcb["reported"]), str(key.tcb)))
    order = _order(report, tcb)
    checks.append(order)
    if order.verdict is Verdict.FAIL:
        return None
    return SnpClaims(report, key, key.product, tcb, emulated)


def _order(report: SnpReport, tcb: dict[str, Tcb]) -> Check:
    """Check what firmware keeps: it reports no more than it has committed to, and commits to no more than what runs."""
    reported, committed, current = tcb["reported"], tcb["committed"], tcb["current"]
    value = f"reported {reported}; committed {committed}; current {current}"
    expected = "reported at most committed, committed at most current"
    detail = None
    if above := reported.parts_above(committed):
        detail = f"the reported TCB is above the committed one in {', '.join(above)}"
    elif above := committed.parts_above(current):
        detail = f"the committed TCB is above the current one in {', '.join(above)}"
    elif report.committed > report.current:
        versions = [".".join(map(str, version)) for version in (report.committed, report.current)]
        detail = f"the committed firmware {versions[0]} is above the current one, {versions[1]}"
    verdict = Verdict.PASS if detail is None else Verdict.FAIL
    return Check(ORDER, verdict, value, expected, detail)


def _chip(report: SnpReport, key: SigningKey) -> Check:
    value = report.chip_id.hex()
    if key.chip_id is None:
        return Check(CHIP, Verdict.NOT_CHECKED, value, None, f"a VLEK is of a provider, here {key.provider}")
    if not any(report.chip_id):
        detail = "the host masks the chip; the key's certificate names it"
        return Check(CHIP, Verdict.NOT_CHECKED, value, key.chip_id.hex(), detail)
    if report.chip_id != key.chip_id:
        return Check(CHIP, Verdict.FAIL, value, key.chip_id.hex(), "the key is of another chip")
    return Check(CHIP, Verdict.PASS, value, key.chip_id.hex())
