"""What a relying party demands of SEV-SNP reports besides what it demands of all evidence: the table `[snp]`.

[snp]
products = ["Milan", "Genoa"]
signing_keys = ["vcek"]
vmpl = [0]
allow_migration_agent = false
require_guest_policy = ["single-socket"]     # bits that must be set in the guest's policy
forbid_guest_policy = ["smt"]
require_platform = ["alias-check"]           # what the platform must say of itself
forbid_platform = ["smt"]
min_guest_svn = 2
min_firmware = "1.55.40"                     # of the firmware that the platform has committed to
require_revocation_list = true
forbid_provisional_firmware = true           # that runs, and that the platform has not committed to
tcb = ["reported", "launch"]                 # which TCB versions must reach the minimum; default: reported
required_mitigations = 3                     # bits that both mitigation vectors must have (version 5)
[snp.min_tcb.Genoa]
bootloader = 10
microcode = 84
[snp.chip_ids]                               # also .host_data, .id_keys, .author_keys, .family_ids, .image_ids
"rack 7" = "…128 hexadecimal digits…"
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
    read_table,
    refuse_unknown,
)

from .report import GUEST_POLICY_BITS, PLATFORM_BITS, SIGNING_KEYS
from .tcb import MAX_TCB_FIELD, Product, tcb_fields

TCB_VERSIONS: Final = ("reported", "current", "committed", "launch")

_LISTS: Final[dict[str, tuple[str, ...]]] = {
    "products": tuple(product.value for product in Product),
    "signing_keys": tuple(SIGNING_KEYS.values()),
    "require_guest_policy": tuple(GUEST_POLICY_BITS),
    "forbid_guest_policy": tuple(GUEST_POLICY_BITS),
    "require_platform": tuple(PLATFORM_BITS),
    "forbid_platform": tuple(PLATFORM_BITS),
    "tcb": TCB_VERSIONS,
}
IDENTITIES: Final = {
    "chip_ids": 64,
    "host_data": 32,
    "id_keys": 48,
    "author_keys": 48,
    "family_ids": 16,
    "image_ids": 16,
}
"""Tables of trusted values by name, and how many bytes each value has."""
_FLAGS: Final = ("allow_migration_agent", "require_revocation_list", "forbid_provisional_firmware")
_OTHER: Final = ("vmpl", "min_guest_svn", "min_firmware", "min_tcb", "required_mitigations")
_KEYS: Final = (*_LISTS, *IDENTITIES, *_FLAGS, *_OTHER)
_FIRMWARE: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class SnpPolicy:
    """The demands. What is empty or None is not checked, but debugging and migration agents are refused."""

    products: tuple[str, ...] = ()
    signing_keys: tuple[str, ...] = ()
    vmpl: tuple[int, ...] = ()
    allow_migration_agent: bool = False
    require_guest_policy: tuple[str, ...] = ()
    forbid_guest_policy: tuple[str, ...] = ()
    require_platform: tuple[str, ...] = ()
    forbid_platform: tuple[str, ...] = ()
    min_guest_svn: int | None = None
    min_firmware: tuple[int, int, int] | None = None
    require_revocation_list: bool = False
    forbid_provisional_firmware: bool = False
    tcb: tuple[str, ...] = ("reported",)
    min_tcb: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    required_mitigations: int | None = None
    identities: Mapping[str, tuple[NamedBytes, ...]] = field(default_factory=dict)


def read_snp_policy(table: Mapping[str, object], place: str = "snp") -> SnpPolicy:
    """Read the table, or raise `AppraisalPolicyError` that names the key."""
    refuse_unknown(table, _KEYS, place)
    lists = {key: read_names(table[key], f"{place}.{key}", known) for key, known in _LISTS.items() if key in table}
    identities = {
        key: read_hexadecimal(table[key], f"{place}.{key}", size) for key, size in IDENTITIES.items() if key in table
    }
    for key in ("id_keys", "author_keys"):
        if any(not any(reference.value) for reference in identities.get(key, ())):
            raise AppraisalPolicyError(f"{place}.{key}: zeros stand for a key that is not set, and identify nothing")
    if "tcb" in table and "min_tcb" not in table:
        minimum = f"[{place}.min_tcb.Genoa]"
        raise AppraisalPolicyError(f"{place}.tcb: says which versions must reach a minimum, but there is no {minimum}")
    svn, mitigations = table.get("min_guest_svn"), table.get("required_mitigations")
    return SnpPolicy(
        **lists,
        vmpl=_vmpl(table["vmpl"], f"{place}.vmpl") if "vmpl" in table else (),
        allow_migration_agent=read_boolean(table, "allow_migration_agent", place),
        require_revocation_list=read_boolean(table, "require_revocation_list", place),
        forbid_provisional_firmware=read_boolean(table, "forbid_provisional_firmware", place),
        min_guest_svn=None if svn is None else read_integer(svn, f"{place}.min_guest_svn", 0xFFFF_FFFF),
        min_firmware=_firmware(table["min_firmware"], f"{place}.min_firmware") if "min_firmware" in table else None,
        min_tcb=_minimums(table["min_tcb"], f"{place}.min_tcb") if "min_tcb" in table else {},
        required_mitigations=(
            None if mitigations is None else read_integer(mitigations, f"{place}.required_mitigations", 2**63 - 1)
        ),
        identities=identities,
    )


def _vmpl(value: object, place: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not value:
        raise AppraisalPolicyError(f"{place}: must be a list with one or more of 0, 1, 2, 3")
    return tuple(read_integer(level, place, 3) for level in value)


def _firmware(value: object, place: str) -> tuple[int, int, int]:
    matched = _FIRMWARE.fullmatch(value) if isinstance(value, str) else None
    if matched is None:
        raise AppraisalPolicyError(f'{place}: must be major, minor and build, such as "1.55.40"')
    return int(matched[1]), int(matched[2]), int(matched[3])


def _minimums(value: object, place: str) -> dict[str, dict[str, int]]:
    """Read the tables of minimums, one a product, since each product counts on its own."""
    table = read_table(value, place)
    products = {product.value: product for product in Product}
    refuse_unknown(table, tuple(products), place)
    if not table:
        raise AppraisalPolicyError(f"{place}: must have a table such as [{place}.Genoa], or be left out")
    minimums: dict[str, dict[str, int]] = {}
    for name, entry in table.items():
        fields = read_table(entry, f"{place}.{name}")
        refuse_unknown(fields, tcb_fields(products[name]), f"{place}.{name}")
        if not fields:
            raise AppraisalPolicyError(f"{place}.{name}: must name at least one part, or be left out")
        minimums[name] = {
            part: read_integer(least, f"{place}.{name}.{part}", MAX_TCB_FIELD) for part, least in fields.items()
        }
    return minimums
