"""Checks of what an authentic report states against what the relying party demands of it."""

from collections.abc import Iterator

from elastic_hal.reference_impl.verify.appraisal import Check, Verdict
from elastic_hal.reference_impl.verify.bare_reports import MEASUREMENT, UNSTATED_NAMES, check_unstated
from elastic_hal.reference_impl.verify.claim_checks import check_measurement, listed
from elastic_hal.reference_impl.verify.context import Context
from elastic_hal.reference_impl.verify.freshness import REPORT_DATA, check_report_data

from .claims import SnpClaims, set_bits
from .policy import SnpPolicy
from .report import GUEST_POLICY_BITS, HOST_VMPL, PLATFORM_BITS, POLICY_DEBUG, POLICY_MIGRATION_AGENT, SIGNING_KEYS

_IDENTITIES = {
    "chip_ids": "chip identifier",
    "host_data": "host data",
    "id_keys": "identity key",
    "author_keys": "author key",
    "family_ids": "family identifier",
    "image_ids": "image identifier",
}
_OF_THE_REPORT = (
    "debug state",
    "migration agent",
    "VMPL",
    "allowed product",
    "allowed key",
    "guest policy",
    "platform state",
    "minimum TCB",
    "minimum firmware",
    "provisional firmware",
    "minimum guest SVN",
    "mitigations",
    *_IDENTITIES.values(),
)
_NO_AGENT = b"\xff" * 32


def demand_names(*, alone: bool) -> tuple[str, ...]:
    """Name the checks that `check_demands` makes, in its order."""
    return (REPORT_DATA, *_OF_THE_REPORT, MEASUREMENT, *(UNSTATED_NAMES if alone else ()))


def check_demands(claims: SnpClaims, context: Context) -> list[Check]:
    """Judge what the report states, in the order of `demand_names`."""
    return [
        check_report_data(claims.report.report_data, context),
        *_of_the_report(claims, context),
        check_measurement("platform", claims.measurements[0], context.policy),
        *(check_unstated(context.policy) if context.report_data is None else ()),
    ]


def _of_the_report(claims: SnpClaims, context: Context) -> list[Check]:
    policy = context.policy.snp
    return [
        _debug(claims, context.policy.allow_debug),
        _migration_agent(claims, policy),
        _vmpl(claims, policy),
        _one_of("allowed product", claims.product.value, policy.products),
        _one_of("allowed key", SIGNING_KEYS[claims.report.signing_key], policy.signing_keys),
        _bits(
            "guest policy",
            set_bits(claims.report.policy, GUEST_POLICY_BITS),
            policy.require_guest_policy,
            policy.forbid_guest_policy,
        ),
        _bits(
            "platform state",
            set_bits(claims.report.platform_info, PLATFORM_BITS),
            policy.require_platform,
            policy.forbid_platform,
        ),
        _minimum_tcb(claims, policy),
        _minimum_firmware(claims, policy),
        _provisional(claims, policy),
        _minimum_svn(claims, policy),
        _mitigations(claims, policy),
        *_identities(claims, policy),
    ]


def _debug(claims: SnpClaims, allowed: bool) -> Check:
    name = "debug state"
    if not claims.report.policy & POLICY_DEBUG:
        return Check(name, Verdict.PASS, "disabled", "disabled")
    if allowed:
        return Check(name, Verdict.PASS, "enabled", "debug is allowed")
    detail = "the host may read and change the guest's memory; set allow_debug to accept it"
    return Check(name, Verdict.FAIL, "enabled", "disabled", detail)


def _migration_agent(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name, report = "migration agent", claims.report
    if not report.policy & POLICY_MIGRATION_AGENT:
        return Check(name, Verdict.PASS, "not possible", "none")
    if report.report_id_ma == _NO_AGENT:
        return Check(name, Verdict.PASS, "allowed to the guest, but it has none", "none")
    value = report.report_id_ma.hex()
    if policy.allow_migration_agent:
        return Check(name, Verdict.PASS, value, "migration agents are allowed")
    detail = "another guest may move this one elsewhere; set snp.allow_migration_agent to accept it"
    return Check(name, Verdict.FAIL, value, "none", detail)


def _vmpl(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name, level = "VMPL", claims.report.vmpl
    expected = ", ".join(map(str, policy.vmpl)) if policy.vmpl else "0 to 3"
    if level == HOST_VMPL:
        return Check(name, Verdict.FAIL, "host", expected, "the host asked for this report, not the guest")
    if policy.vmpl and level not in policy.vmpl:
        return Check(name, Verdict.FAIL, str(level), expected, "the software that asked has another privilege level")
    return Check(name, Verdict.PASS, str(level), expected)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> Check:
    if not allowed:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy allows any")
    verdict = Verdict.PASS if value in allowed else Verdict.FAIL
    detail = None if verdict is Verdict.PASS else "the policy does not name it"
    return Check(name, verdict, value, ", ".join(allowed), detail)


def _bits(name: str, found: list[str], required: tuple[str, ...], forbidden: tuple[str, ...]) -> Check:
    value = ", ".join(found) or "none"
    if not required and not forbidden:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no bits")
    expected = "; ".join(
        f"{word} {', '.join(names)}" for word, names in (("with", required), ("without", forbidden)) if names
    )
    for wanted in required:
        if wanted not in found:
            return Check(name, Verdict.FAIL, value, expected, f"{wanted} is not set")
    for unwanted in forbidden:
        if unwanted in found:
            return Check(name, Verdict.FAIL, value, expected, f"{unwanted} is set")
    return Check(name, Verdict.PASS, value, expected)


def _minimum_tcb(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name = "minimum TCB"
    value = "; ".join(f"{which} {claims.tcb[which]}" for which in policy.tcb)
    if not policy.min_tcb and policy.tcb != SnpPolicy().tcb:
        return Check(name, Verdict.FAIL, value, None, "the policy says which TCB counts, and names no minimum")
    if not policy.min_tcb:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no minimum")
    minimum = policy.min_tcb.get(claims.product.value)
    if minimum is None:
        expected = ", ".join(policy.min_tcb)
        return Check(name, Verdict.FAIL, value, expected, f"the policy has no minimum for {claims.product.value}")
    expected = " ".join(f"{part} {least}" for part, least in minimum.items())
    for which in policy.tcb:
        found = claims.tcb[which].fields()
        for part, least in minimum.items():
            if found[part] < least:
                detail = f"{part} of the {which} TCB is {found[part]}, less than {least}"
                return Check(name, Verdict.FAIL, value, expected, detail)
    return Check(name, Verdict.PASS, value, expected)


def _minimum_firmware(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name, value = "minimum firmware", _dotted(claims.report.committed)
    if policy.min_firmware is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no minimum")
    if claims.report.committed < policy.min_firmware:
        detail = "the platform may run older firmware than demanded"
        return Check(name, Verdict.FAIL, value, f"at least {_dotted(policy.min_firmware)}", detail)
    return Check(name, Verdict.PASS, value, f"at least {_dotted(policy.min_firmware)}")


def _provisional(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name, found = "provisional firmware", claims.is_provisional
    value = f"current {claims.tcb['current']}; committed {claims.tcb['committed']}" if found else "none"
    if not policy.forbid_provisional_firmware:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy does not forbid it")
    if found:
        detail = "the host can go back to the older firmware that it has committed to"
        return Check(name, Verdict.FAIL, value, "none", detail)
    return Check(name, Verdict.PASS, value, "none")


def _minimum_svn(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name, value = "minimum guest SVN", str(claims.report.guest_svn)
    if policy.min_guest_svn is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names no minimum")
    verdict = Verdict.PASS if claims.report.guest_svn >= policy.min_guest_svn else Verdict.FAIL
    detail = None if verdict is Verdict.PASS else "the guest is older than demanded"
    return Check(name, verdict, value, f"at least {policy.min_guest_svn}", detail)


def _mitigations(claims: SnpClaims, policy: SnpPolicy) -> Check:
    name = "mitigations"
    launch, current = claims.report.launch_mitigations, claims.report.current_mitigations
    stated = launch is not None and current is not None
    value = f"at launch {launch:#x}, now {current:#x}" if stated else None
    if policy.required_mitigations is None:
        return Check(name, Verdict.NOT_CHECKED, value, None, "the policy names none")
    expected = f"with {policy.required_mitigations:#x}"
    if launch is None or current is None:
        return Check(name, Verdict.FAIL, None, expected, "reports before version 5 do not state them")
    if policy.required_mitigations & ~(launch & current):
        return Check(name, Verdict.FAIL, value, expected, "a demanded bit is not set")
    return Check(name, Verdict.PASS, value, expected)


def _identities(claims: SnpClaims, policy: SnpPolicy) -> Iterator[Check]:
    report = claims.report
    has_author = report.author_key_enabled and any(report.author_key_digest)
    found = {
        "chip_ids": claims.chip_id(),
        "host_data": report.host_data,
        # Zeros, and an author key that is not in use, stand for nothing: they identify no image.
        "id_keys": report.id_key_digest if any(report.id_key_digest) else None,
        "author_keys": report.author_key_digest if has_author else None,
        "family_ids": report.family_id,
        "image_ids": report.image_id,
    }
    for key, name in _IDENTITIES.items():
        value, trusted = found[key], policy.identities.get(key)
        shown = None if value is None else value.hex()
        if trusted is None:
            yield Check(name, Verdict.NOT_CHECKED, shown, None, "no reference value was given")
            continue
        label = next((reference.label for reference in trusted if reference.value == value), None)
        if label is None:
            yield Check(name, Verdict.FAIL, shown, listed(trusted), "it is none of the reference values")
        else:
            yield Check(name, Verdict.PASS, shown, listed(trusted), f"is {label!r}")


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(map(str, version))
