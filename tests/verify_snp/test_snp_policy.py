"""The table `[snp]` of a policy: read whole, or refused with the key that is wrong."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from elastic_hal.reference_impl.verify import AppraisalPolicy, AppraisalPolicyError
from elastic_hal.reference_impl.verify.policy_reader import NamedBytes
from elastic_hal.reference_impl.verify.snp.policy import IDENTITIES, SnpPolicy

WHOLE = f"""
version = 1
allow_emulated = true
[snp]
products = ["Milan", "Genoa"]
signing_keys = ["vcek"]
vmpl = [0, 1]
allow_migration_agent = true
require_guest_policy = ["single-socket"]
forbid_guest_policy = ["smt"]
require_platform = ["alias-check"]
forbid_platform = ["tsme"]
min_guest_svn = 2
min_firmware = "1.55.40"
require_revocation_list = true
forbid_provisional_firmware = true
tcb = ["reported", "launch"]
required_mitigations = 3
[snp.min_tcb.Genoa]
bootloader = 10
microcode = 84
[snp.min_tcb.Turin]
fmc = 1
[snp.chip_ids]
"rack 7" = "{"ab" * 64}"
[snp.image_ids]
"thermostat" = "{"cd" * 16}"
"""


def test_a_whole_table() -> None:
    policy = AppraisalPolicy.parse(WHOLE)
    assert policy.allow_emulated
    assert policy.snp == SnpPolicy(
        products=("Milan", "Genoa"),
        signing_keys=("vcek",),
        vmpl=(0, 1),
        allow_migration_agent=True,
        require_guest_policy=("single-socket",),
        forbid_guest_policy=("smt",),
        require_platform=("alias-check",),
        forbid_platform=("tsme",),
        min_guest_svn=2,
        min_firmware=(1, 55, 40),
        require_revocation_list=True,
        forbid_provisional_firmware=True,
        tcb=("reported", "launch"),
        min_tcb={"Genoa": {"bootloader": 10, "microcode": 84}, "Turin": {"fmc": 1}},
        required_mitigations=3,
        identities={
            "chip_ids": (NamedBytes("rack 7", b"\xab" * 64),),
            "image_ids": (NamedBytes("thermostat", b"\xcd" * 16),),
        },
    )
    assert policy.bound_to == ("sev-snp",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("snp = 1", "snp: must be a table"),
        ("[snp]", "snp: must demand something, or be left out"),
        ("[tdx]", "tdx: must demand something, or be left out"),
        ('[snp]\ntcb = ["launch"]', "snp.tcb: says which versions must reach a minimum, but there is no"),
        ("[snp]\nproduct = []", "snp.product: unknown key; did you mean products"),
        ("[snp]\nproducts = []", "snp.products: must be a list"),
        ('[snp]\nproducts = "Milan"', "snp.products: must be a list"),
        ('[snp]\nproducts = ["milan"]', "snp.products: 'milan' is unknown; did you mean Milan"),
        ('[snp]\nproducts = ["Milan", "Milan"]', "snp.products: 'Milan' stands there twice"),
        ("[snp]\nproducts = [1]", "snp.products: 1 is unknown"),
        ("[snp]\nvmpl = 0", "snp.vmpl: must be a list"),
        ("[snp]\nvmpl = [4]", "snp.vmpl: must be a whole number from 0 to 3"),
        ("[snp]\nvmpl = [false]", "snp.vmpl: must be a whole number"),
        ("[snp]\nallow_migration_agent = 1", "snp.allow_migration_agent: must be true or false"),
        ("[snp]\nmin_guest_svn = -1", "snp.min_guest_svn: must be a whole number"),
        ('[snp]\nmin_firmware = "1.55"', "snp.min_firmware: must be major, minor and build"),
        ("[snp]\nmin_firmware = 1", "snp.min_firmware: must be"),
        ("[snp]\nrequired_mitigations = 1.5", "snp.required_mitigations: must be a whole number"),
        ("[snp.min_tcb]", "snp.min_tcb: must have a table"),
        ("[snp.min_tcb.Rome]", "snp.min_tcb.Rome: unknown key"),
        ("[snp.min_tcb.Milan]", "snp.min_tcb.Milan: must name at least one part"),
        ("[snp.min_tcb.Milan]\nfmc = 1", "snp.min_tcb.Milan.fmc: unknown key"),
        ("[snp.min_tcb.Milan]\nsnp = 256", "snp.min_tcb.Milan.snp: must be a whole number from 0 to 255"),
        ("[snp.chip_ids]", "snp.chip_ids: must name at least one"),
        ('[snp.chip_ids]\nx = "ab"', "snp.chip_ids.'x': must be 128 hexadecimal digits"),
        (f'[snp.host_data]\nx = "{"xy" * 32}"', "snp.host_data.'x': must be 64 hexadecimal digits"),
        ("[snp.host_data]\nx = 1", "snp.host_data.'x': must be"),
        ("[tdx]\nsecret = 1", "tdx.secret: unknown key"),
        ("platforms = []", "platforms: must be a list"),
        ('platforms = ["snp"]', "platforms: 'snp' is unknown; did you mean sev-snp?"),
        ("allow_emulate = true", "unknown key 'allow_emulate'; did you mean allow_emulated"),
    ],
)
def test_what_cannot_be_meant(text: str, reason: str) -> None:
    with pytest.raises(AppraisalPolicyError) as caught:
        AppraisalPolicy.parse(f"version = 1\n{text}\n", "policy.toml")
    assert str(caught.value).startswith(f"policy.toml: {reason}")


def test_the_example_of_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "verification.md").read_text("utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    for algorithm, size in (("sha-256", 32), ("sha-384", 48)):
        example = example.replace(f"{algorithm}:…", f"{algorithm}:{'ab' * size}")
    example = example.replace('"rack 7" = "…"', f'"rack 7" = "{"cd" * 64}"')
    policy = AppraisalPolicy.parse(example.replace('"…"', f'"{"cd" * 48}"'))
    assert set(policy.measurements) == {"platform", "runtime", "workload"}
    assert policy.platforms == ("sev-snp", "tdx")
    assert policy.snp.min_tcb["Turin"] == {"fmc": 1}
    every = {field.name for field in dataclasses.fields(SnpPolicy)} - {"identities"} | set(IDENTITIES)
    assert [name for name in every if name not in text] == []


@pytest.mark.parametrize("name", IDENTITIES)
def test_every_table_of_reference_values(name: str) -> None:
    text = f'version = 1\n[snp.{name}]\n"one" = "{"0A" * IDENTITIES[name]}"\n"two" = "{"0b" * IDENTITIES[name]}"\n'
    assert [value.label for value in AppraisalPolicy.parse(text).snp.identities[name]] == ["one", "two"]


@pytest.mark.parametrize("table", ["id_keys", "author_keys"])
def test_zeros_name_no_key(table: str) -> None:
    zeros = "00" * IDENTITIES[table]
    with pytest.raises(AppraisalPolicyError, match=rf"snp\.{table}: zeros stand for a key that is not set"):
        AppraisalPolicy.parse(f'version = 1\n[snp.{table}]\n"none" = "{zeros}"')
