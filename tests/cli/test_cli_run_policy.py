"""`elastic-hal run --policy`: what is wrong with a policy is said before anything runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def refuse(cli: Run, guest: Callable[..., Path], place: Path) -> Callable[..., None]:
    def check(text: str | bytes, code: int, reason: str, hint: str | None = None) -> None:
        policy = place / "policy.toml"
        policy.write_bytes(text if isinstance(text, bytes) else text.encode())
        cli("run", guest("i32.const 0"), "--policy", policy).refuses(code, reason, hint)

    return check


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("version = 1\nworkloads = {}", "workloads: unknown key", "did you mean workload?"),
        ("version = 1\n[workload.guest]\nlimit = {}", "workload.guest.limit: unknown key", "limits"),
        ("version = 1\n[workload.guest]\nlimits = { ram = 1 }", "workload.guest.limits.ram: unknown key", "memory"),
        ("version = 1\n[workload.guest]\nlimits = { memory = '1 lot' }", "is not a size", "256MiB"),
        ("version = 1\n[workload.guest]\nlimits = { deadline = 'soon' }", "is not a duration", "30s"),
        ("version = 1\n[workload.guest]\nattestation = ['moon']", "'moon' is none of", None),
        ("version = 1\n[workload.guest]\ndigest = 'sha256:00'", "workload.guest.digest", None),
        ("version = 2", "version: must be 1", None),
        ("", "version: must be 1", None),
        ("version = = 1", "not TOML", None),
        ("a = " + "[" * 20_000, "not TOML", None),
        ("version = " + "1" * 5_000, "not TOML", None),
        (b"version = 1 # \xff", "not UTF-8", None),
    ],
)
def test_a_policy_that_is_wrong(refuse: Callable[..., None], text: str | bytes, reason: str, hint: str | None) -> None:
    refuse(text, 2, reason, hint)


def test_a_policy_that_does_not_admit_the_workload(refuse: Callable[..., None]) -> None:
    refuse("version = 1\n[workload.other]", 1, "does not admit workload 'guest'", "it names: other")
    refuse("version = 1", 1, "does not admit workload 'guest'", "it names: none")


def test_a_policy_for_another_component(refuse: Callable[..., None]) -> None:
    refuse(f"version = 1\n[workload.guest]\ndigest = 'sha256:{'0' * 64}'", 1, "ties workload 'guest' to", "built again")


def test_a_granted_folder_that_is_not_there(refuse: Callable[..., None]) -> None:
    text = "version = 1\n[workload.guest]\ndirectories = [{ host = 'absent', guest = '/data' }]"
    refuse(text, 3, "there is no such directory")


def test_a_granted_variable_that_is_no_text(refuse: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD", "\udcff")
    refuse("version = 1\n[workload.guest]\nenvironment = ['ODD']", 2, "the environment variable ODD is not UTF-8")


def test_a_policy_that_cannot_be_read(cli: Run, guest: Callable[..., Path], place: Path) -> None:
    cli("run", guest("i32.const 0"), "--policy", "absent.toml").refuses(2, "absent.toml: the policy cannot be read")
    cli("run", guest("i32.const 0"), "--policy", place).refuses(2, "is a directory")


def test_a_name_decides_what_the_policy_grants(cli: Run, guest: Callable[..., Path], place: Path) -> None:
    policy = place / "policy.toml"
    policy.write_text("version = 1\n[workload.collector]")
    component = guest("i32.const 0")
    assert cli("run", component, "--policy", policy, "--name", "collector").code == 0
    cli("run", component, "--policy", policy, "--name", "").refuses(2, "it must not be empty")


@pytest.mark.parametrize(
    ("files", "grant", "reason", "hint"),
    [
        ({}, "", "policy: {place}/peer.toml: cannot be read: No such file", "relative to the policy file"),
        ({"peer.toml": "version = 1\nallow_debg = 1"}, "", "unknown key 'allow_debg'; did you mean allow_debug?", None),
        ({"peer.toml": "version = 1"}, "trust_roots = ['peer.toml']", "peer.toml: holds no X.509", "PEM or DER"),
        ({"peer.toml": "version = 1"}, "collateral = 'peer.toml'", "peer.toml: is no collateral", "verification.md"),
    ],
)
def test_a_verification_policy_that_cannot_be_used(
    refuse: Callable[..., None], place: Path, files: dict[str, str], grant: str, reason: str, hint: str | None
) -> None:
    for name, content in files.items():
        (place / name).write_text(content)
    more = f", {grant}" if grant else ""
    text = f"version = 1\n[workload.guest]\nappraisal = {{ peer = {{ policy = 'peer.toml'{more} }} }}"
    refuse(text, 2, reason.format(place=place), hint)
    refuse(text, 2, "workload.guest.appraisal.peer.")


def test_a_verification_policy_that_can_be_used(cli: Run, guest: Callable[..., Path], place: Path) -> None:
    (place / "peer.toml").write_text("version = 1\nallow_simulated = true")
    assert cli("platform", "root", "--out", "root.pem").code == 0
    (place / "policy.toml").write_text(
        "version = 1\n[workload.guest]\nappraisal = { peer = { policy = 'peer.toml', trust_roots = ['root.pem'] } }"
    )
    assert cli("run", guest("i32.const 0"), "--policy", place / "policy.toml").code == 0


@pytest.mark.parametrize("limit", ["handles", "cpu", "memory", "deadline"])
def test_a_number_of_thousands_of_digits_is_refused(
    cli: Run, place: Path, guest: Callable[..., Path], limit: str
) -> None:
    (place / "huge.toml").write_text(f"version = 1\n[workload.guest]\nlimits = {{ {limit} = 0x{'f' * 9000} }}\n")
    cli("run", "--policy", "huge.toml", guest("i32.const 0")).refuses(2, "outside of the 64 bits")
