"""What a relying party demands of TDX quotes besides what it demands of all evidence: the table `[tdx]`.

[tdx]
tcb_status = ["UpToDate", "SWHardeningNeeded"]   # default: UpToDate alone
reject_advisories = ["INTEL-SA-00837"]
accept_advisories = ["INTEL-SA-00960"]           # where given, any other that holds is refused
min_tcb_evaluation = 17
forbid_platform = ["smt"]                        # what the machine's certificate must not say
require_event_log = true                         # every register that changed must be explained
[tdx.mrtd]                                       # also .rtmr0 to .rtmr3, .mr_seam, .mr_signer_seam, .mr_config_id,
"guest 1.4" = "…96 hexadecimal digits…"          # .mr_owner, .mr_owner_config, .mr_service_td, .td_attributes, .xfam,
                                                 # .fmspc, .ppid
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from elastic_hal.reference_impl.verify.policy_reader import (
    AppraisalPolicyError,
    NamedBytes,
    read_boolean,
    read_hexadecimal,
    read_integer,
    read_names,
    refuse_unknown,
)

from .claims import PLATFORM_BITS

TCB_STATUSES: Final = (
    "UpToDate",
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "TDRelaunchAdvised",
    "TDRelaunchAdvisedConfigurationNeeded",
)
"""What a policy may allow. A revoked TCB cannot be allowed.

The last two are of TDX 1.5: the machine was brought up to date below a guest that had been started before.
"""

IDENTITIES: Final = {
    "mrtd": 48,
    "rtmr0": 48,
    "rtmr1": 48,
    "rtmr2": 48,
    "rtmr3": 48,
    "mr_seam": 48,
    "mr_signer_seam": 48,
    "mr_config_id": 48,
    "mr_owner": 48,
    "mr_owner_config": 48,
    "mr_service_td": 48,
    "td_attributes": 8,
    "xfam": 8,
    "fmspc": 6,
    "ppid": 16,
}
"""Tables of trusted values by name, and how many bytes each value has."""

_ADVISORY: Final = re.compile(r"INTEL-SA-\d{5}")
_LISTS: Final = ("reject_advisories", "accept_advisories")
_KEYS: Final = (*IDENTITIES, *_LISTS, "tcb_status", "min_tcb_evaluation", "forbid_platform", "require_event_log")


@dataclass(frozen=True, slots=True)
class TdxPolicy:
    """The demands. What is empty or None is not checked, but a TCB that is not up to date is refused."""

    tcb_status: tuple[str, ...] = ("UpToDate",)
    reject_advisories: tuple[str, ...] = ()
    accept_advisories: tuple[str, ...] | None = None
    min_tcb_evaluation: int | None = None
    forbid_platform: tuple[str, ...] = ()
    require_event_log: bool = False
    identities: Mapping[str, tuple[NamedBytes, ...]] = field(default_factory=dict)


def read_tdx_policy(table: Mapping[str, object], place: str = "tdx") -> TdxPolicy:
    """Read the table, or raise `AppraisalPolicyError` that names the key."""
    refuse_unknown(table, _KEYS, place)
    evaluation = table.get("min_tcb_evaluation")
    advisories = {key: _advisories(table[key], f"{place}.{key}") for key in _LISTS if key in table}
    if advisories.get("reject_advisories") == ():
        raise AppraisalPolicyError(f"{place}.reject_advisories: must name at least one, or be left out")
    return TdxPolicy(
        tcb_status=(
            read_names(table["tcb_status"], f"{place}.tcb_status", TCB_STATUSES)
            if "tcb_status" in table
            else ("UpToDate",)
        ),
        reject_advisories=advisories.get("reject_advisories", ()),
        accept_advisories=advisories.get("accept_advisories"),
        min_tcb_evaluation=(
            None if evaluation is None else read_integer(evaluation, f"{place}.min_tcb_evaluation", 0xFFFF_FFFF)
        ),
        forbid_platform=(
            read_names(table["forbid_platform"], f"{place}.forbid_platform", PLATFORM_BITS)
            if "forbid_platform" in table
            else ()
        ),
        require_event_log=read_boolean(table, "require_event_log", place),
        identities={
            key: read_hexadecimal(table[key], f"{place}.{key}", size)
            for key, size in IDENTITIES.items()
            if key in table
        },
    )


def _advisories(value: object, place: str) -> tuple[str, ...]:
    """Take a list of advisories. An empty one accepts none at all, so that the key means what it says."""
    if not isinstance(value, list):
        raise AppraisalPolicyError(f'{place}: must be a list of names such as "INTEL-SA-00837"')
    for entry in value:
        if not isinstance(entry, str) or _ADVISORY.fullmatch(entry) is None:
            raise AppraisalPolicyError(f'{place}: {entry!r} is no name such as "INTEL-SA-00837"')
    return tuple(value)
