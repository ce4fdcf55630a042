"""Whether a quote is what it seems: signed by an enclave of a machine that Intel vouches for and says things about.

The signatures, the enclave's identity and the TCB level are `dcap-qvl`'s to judge. What it does not look at is judged
here: chains to the last byte, the issuer of the revocation list, and nothing but its answers comes out of it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import dcap_qvl  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify.appraisal import Check, Verdict
from elastic_hal.reference_impl.verify.chain import ChainError, shown_name
from elastic_hal.reference_impl.verify.context import Context
from elastic_hal.reference_impl.verify.emulated import is_emulated

from .certificates import check_chain, find_root, is_intel_root, read_chain
from .claims import Machine, TcbState, TdxClaims
from .collateral import Collateral, parse_collateral
from .errors import TdxError
from .quote import TdxQuote
from .reasons import reason_for

COLLATERAL, CHAIN, SIGNATURE = "collateral", "certificate chain", "signature"
ORIGIN_CHECKS: Final = (COLLATERAL, CHAIN, SIGNATURE)

_LATEST: Final = 253_402_300_799
_PANIC: Final = "PanicException"


def prove_origin(quote: TdxQuote, context: Context, checks: list[Check]) -> tuple[TdxClaims, x509.Certificate] | None:
    """Append the checks of origin to `checks`, up to the first that fails; give claims and root where none does."""
    collateral = _collateral(context, checks)
    if collateral is None:
        return None
    found = _chain(quote, collateral, context, checks)
    if found is None:
        return None
    machine_chain, root = found
    expected = "valid, by an enclave and at a TCB level that the collateral knows"
    try:
        stated = _verified(quote, collateral, root, int(context.at.timestamp()))
        emulated = any(is_emulated(certificate) for certificate in (*machine_chain, root))
        claims = _claims(quote, stated, machine_chain, emulated)
        collateral.check_provisioning(claims.machine.pce_id)
    except TdxError as error:
        checks.append(Check(SIGNATURE, Verdict.FAIL, "invalid", expected, str(error)))
        return None
    checks.append(Check(SIGNATURE, Verdict.PASS, "valid, ECDSA P-256 with SHA-256", expected))
    return claims, root


def _collateral(context: Context, checks: list[Check]) -> Collateral | None:
    expected = "what Intel says about the machine and about revoked keys"
    if context.collateral is None:
        detail = "there is none, and without it nobody can tell the state of the machine's TCB"
        checks.append(Check(COLLATERAL, Verdict.FAIL, None, expected, detail))
        return None
    value = f"{len(context.collateral)} bytes"
    try:
        collateral = parse_collateral(context.collateral)
    except TdxError as error:
        checks.append(Check(COLLATERAL, Verdict.FAIL, value, expected, str(error)))
        return None
    checks.append(Check(COLLATERAL, Verdict.PASS, value, expected))
    return collateral


def _chain(
    quote: TdxQuote, collateral: Collateral, context: Context, checks: list[Check]
) -> tuple[tuple[x509.Certificate, ...], x509.Certificate] | None:
    expected = "Intel's root, or a named one" if context.anchors else "Intel's root"
    try:
        chain = read_chain(quote.certificates)
        collateral.check_machine(chain)
        root = _trusted_root(chain, collateral, context)
    except ChainError as error:
        checks.append(Check(CHAIN, Verdict.FAIL, f"{len(quote.certificates)} bytes", expected, str(error)))
        return None
    whose = "Intel's" if is_intel_root(root) else "named by the relying party"
    checks.append(Check(CHAIN, Verdict.PASS, f"below {shown_name(root.subject)}, {whose}", expected))
    return chain, root


def _trusted_root(chain: tuple[x509.Certificate, ...], collateral: Collateral, context: Context) -> x509.Certificate:
    try:
        root = find_root((chain, *collateral.chains), context.anchors)
        check_chain(chain, root, context.at, authority=False)
        collateral.check(root, context.at)
    except ChainError:
        raise
    # Parts of a certificate are parsed when they are first looked at, and a hostile one can fail in any of them.
    except Exception as error:
        raise ChainError(f"a certificate cannot be read ({type(error).__name__})") from None
    return root


def _verified(quote: TdxQuote, collateral: Collateral, root: x509.Certificate, at: int) -> Mapping[str, Any]:
    """Ask `dcap-qvl`, or raise `TdxError`, and nothing else, with its reason."""
    if not 0 <= at <= _LATEST:
        raise TdxError("the time to judge by is not between 1970 and 9999")
    try:
        entries = dcap_qvl.QuoteCollateralV3(**collateral.texts, **collateral.binary)
        verifier = dcap_qvl.QuoteVerifier(root.public_bytes(Encoding.DER))
        policy = dcap_qvl.QuotePolicy.claims_only(at)
        answer = verifier.verify_with_policy(quote.exact, entries, at, policy).to_json()
        stated = json.loads(answer)
    except Exception as error:
        raise TdxError(reason_for(error)) from None
    except BaseException as error:
        # A panic in Rust arrives as an exception that is no `Exception`.
        if type(error).__name__ != _PANIC:
            raise
        raise TdxError("the quote broke the library that reads quotes") from None
    if not isinstance(stated, dict):
        raise TdxError("the library that reads quotes gave no answer")
    return stated


def _claims(
    quote: TdxQuote, stated: Mapping[str, Any], chain: tuple[x509.Certificate, ...], emulated: bool
) -> TdxClaims:
    try:
        platform, enclave, tcb = stated["platform"], stated["qe"], stated["tcb"]
        key = platform["pck"]
        state = TcbState(
            status=tcb["status"],
            machine_status=platform["tcb_level"]["tcbStatus"],
            enclave_status=enclave["tcb_level"]["tcbStatus"],
            advisories=tuple(tcb["advisory_ids"]),
            evaluation=tcb["eval_data_number"],
            tcb_date=platform["tcb_date_tag"],
            expires=min(stated["earliest_expiration_date"], stated["qe_iden_earliest_expiration_date"]),
        )
        instance = key["platform_instance_id"]
        machine = Machine(
            fmspc=bytes(key["fmspc"]),
            ppid=bytes(key["ppid"]),
            instance_id=None if instance is None else bytes(instance),
            cpu_svn=bytes(key["cpu_svn"]),
            pce_svn=key["pce_svn"],
            pce_id=bytes(key["pce_id"]),
            authority="processor" if "Processor" in chain[0].issuer.rfc4514_string() else "platform",
            platform={
                "dynamic-platform": _switch(key["dynamic_platform"]),
                "cached-keys": _switch(key["cached_keys"]),
                "smt": _switch(key["smt_enabled"]),
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TdxError(f"the library that reads quotes left something out ({error})") from None
    return TdxClaims(quote, state, machine, emulated)


def _switch(text: object) -> bool | None:
    return {"True": True, "False": False}.get(str(text))
