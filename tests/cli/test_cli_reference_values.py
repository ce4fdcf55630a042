"""`elastic-hal platform reference-values`: a policy that accepts what is named, here, and nothing else."""

import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
NONCE = "00112233445566778899"


@pytest.fixture
def component(place: Path) -> Path:
    path = place / "meter.wasm"
    path.write_bytes(b"what a component is, nobody looks at here")
    return path


def test_evidence_of_the_component_is_accepted_and_of_another_refused(cli: Run, place: Path, component: Path) -> None:
    other = place / "other.wasm"
    other.write_bytes(b"another one")
    made = cli("platform", "reference-values", component, "--out", "meters.toml")
    assert (made.code, made.out, made.err) == (0, "", "meters.toml: accepts meter on simulated\n")
    for workload, code in ((component, 0), (other, 1)):
        cli("attest", "--nonce", NONCE, "--workload", workload, "--out", "evidence.cbor")
        judged = cli("verify", "evidence.cbor", "--nonce", NONCE, "--policy", "meters.toml")
        assert judged.code == code, judged.out
    cli("attest", "--nonce", NONCE, "--out", "evidence.cbor")
    assert cli("verify", "evidence.cbor", "--nonce", NONCE, "--policy", "meters.toml").code == 1


def test_several_components_on_standard_output(cli: Run, place: Path, component: Path) -> None:
    (place / "gateway.wasm").write_bytes(b"gateway")
    made = cli("platform", "reference-values", component, "gateway.wasm")
    policy = tomllib.loads(made.out)
    assert (made.code, made.err) == (0, "")
    assert (policy["version"], policy["platforms"], policy["allow_simulated"]) == (1, ["simulated"], True)
    assert "allow_emulated" not in policy
    assert sorted(policy["measurements"]) == ["platform", "runtime", "workload"]
    assert policy["measurements"]["workload"] == {
        "meter": f"sha-256:{hashlib.sha256(component.read_bytes()).hexdigest()}",
        "gateway": f"sha-256:{hashlib.sha256(b'gateway').hexdigest()}",
    }


def test_what_cannot_be_named_is_refused(cli: Run, place: Path, component: Path) -> None:
    (place / "again").mkdir()
    (place / "again" / "meter.wasm").write_bytes(b"again")
    (place / 'a"b.wasm').write_bytes(b"quoted")
    cli("platform", "reference-values", component, "again/meter.wasm").refuses(2, "another component is called 'meter'")
    cli("platform", "reference-values", 'a"b.wasm').refuses(2, "is no name for a reference value", "rename")
    cli("platform", "reference-values", "nowhere.wasm").refuses(
        2, "nowhere.wasm: cannot be read: No such file or directory"
    )
    cli("platform", "reference-values", component, "--platform", "nothing").refuses(2, "nothing")
