"""The appraisal policy file: what it may say, and that a misspelt demand is never a missing one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.verify import AppraisalPolicy, AppraisalPolicyError, ReferenceValue

WHOLE = f"""
version = 1
allow_debug = true
allow_simulated = true
max_age = "5min"
[measurements.workload]
"thermostat 1.4" = "sha-256:{"ab" * 32}"
[measurements.runtime]
"first" = "sha-384:{"01" * 48}"
"second" = "sha-512:{"02" * 64}"
[attested_keys]
"gateway" = "sha-256:{"CD" * 32}"
"""


def test_a_whole_policy(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(WHOLE)
    assert AppraisalPolicy.load(path) == AppraisalPolicy(
        allow_debug=True,
        allow_simulated=True,
        max_age_seconds=300,
        measurements={
            "workload": (ReferenceValue("thermostat 1.4", "sha-256", b"\xab" * 32),),
            "runtime": (
                ReferenceValue("first", "sha-384", b"\x01" * 48),
                ReferenceValue("second", "sha-512", b"\x02" * 64),
            ),
        },
        attested_keys=(ReferenceValue("gateway", "sha-256", b"\xcd" * 32),),
    )


def test_the_smallest_policy_is_the_strict_default() -> None:
    assert AppraisalPolicy.parse("version = 1") == AppraisalPolicy()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "version: must"),
        ("version = 2", "version: must"),
        ("version = true", "version: must"),
        ("version = 1\nallow_debugging = true", "unknown key 'allow_debugging'"),
        ("version = 1\nallow_debug = 1", "allow_debug: must be true or false"),
        ("version = 1\nmax_age = 5", "max_age: must"),
        ('version = 1\nmax_age = "5"', "max_age: must"),
        ('version = 1\nmax_age = "0s"', "max_age: must"),
        ("version = 1.0", "version: must"),
        ("version = 1\n[measurements]", "measurements: must demand something"),
        ("version = 1\nallow_unknown_image = 1", "allow_unknown_image: must be true or false"),
        ("version = 1\npurposes = []", "purposes: must be a list"),
        (
            'version = 1\npurposes = ["host/sealing"]',
            "purposes: 'host/sealing' is unknown; did you mean host/sealing-root",
        ),
        ("version = 1\nmeasurements = 1", "measurements: must be a table"),
        ("version = 1\n[measurements.guest]", "measurements.guest: unknown"),
        ("version = 1\n[measurements.workload]", "must name at least one"),
        ("version = 1\n[attested_keys]", "must name at least one"),
        ("version = 1\n[attested_keys]\na = 1", "must be a digest"),
        ('version = 1\n[attested_keys]\na = "sha-256:ab"', "must be a digest"),
        (f'version = 1\n[attested_keys]\na = "md5:{"ab" * 16}"', "must be a digest"),
        (f'version = 1\n[attested_keys]\na = "sha-256:{"xy" * 32}"', "must be a digest"),
        ("version = ", "not valid TOML"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(text: str, reason: str) -> None:
    with pytest.raises(AppraisalPolicyError, match=reason) as caught:
        AppraisalPolicy.parse(text, "policy.toml")
    assert str(caught.value).startswith("policy.toml: ")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "binary"):
        with pytest.raises(
            AppraisalPolicyError, match=r"the appraisal policy (cannot be read|is a directory|is not UTF-8)"
        ):
            AppraisalPolicy.load(path)


@given(st.text(max_size=100))
def test_any_text_gives_a_policy_or_the_typed_error(text: str) -> None:
    try:
        AppraisalPolicy.parse(text)
    except AppraisalPolicyError:
        return
