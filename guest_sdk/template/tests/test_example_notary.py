"""Builds the program and runs it on the simulated platform, as a user does."""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

PROJECT = Path(__file__).parent.parent
NONCE = "00112233445566778899aabbccddeeff"
ELASTIC_HAL = (sys.executable, "-m", "elastic_hal.cli")


def run(component, *arguments, text="", policy=PROJECT / "policy.toml"):
    command = [*ELASTIC_HAL, "run", str(component), "--policy", str(policy), "--", *arguments]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def component(tmp_path_factory):
    output = tmp_path_factory.mktemp("build") / "example-notary.wasm"
    subprocess.run([*ELASTIC_HAL, "guest", "build", str(PROJECT), "--output", str(output)], check=True, timeout=300)
    return output


def test_says_what_it_does(component):
    done = run(component, "hello")
    assert done.returncode == 0, done.stderr
    steps = [line.split()[0] for line in done.stdout.splitlines()]
    assert steps == ["time", "random", "hash", "aead", "sign", "attest"]
    assert "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 of 5 bytes" in done.stdout


def test_a_relying_party_is_convinced(component, tmp_path):
    done = run(component, "--nonce", NONCE, text="hello")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    evidence = tmp_path / "evidence"
    evidence.write_bytes(base64.b64decode(document["evidence"]))
    command = [*ELASTIC_HAL, "verify", str(evidence), "--nonce", NONCE, "--allow-simulated", "--json"]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert verified.returncode == 0, verified.stderr
    proven = {check["name"]: check["value"] for check in json.loads(verified.stdout)["checks"]}

    spki = base64.b64decode(document["public-key"])
    assert proven["attested key"] == f"sha-256:{hashlib.sha256(spki).hexdigest()}"
    assert proven["measurement workload"] == f"sha-256:{hashlib.sha256(component.read_bytes()).hexdigest()}"
    load_der_public_key(spki).verify(base64.b64decode(document["signature"]), document["statement"].encode())
    assert json.loads(document["statement"])["sha-256"] == hashlib.sha256(b"hello").hexdigest()


def test_reports_bad_arguments(component):
    done = run(component, "--nonce", "not hex")
    assert done.returncode == 1
    assert "--nonce" in done.stderr


def test_attestation_needs_a_grant(component, tmp_path):
    (tmp_path / "policy.toml").write_text("version = 1\n[workload.example-notary]\n")
    done = run(component, "--nonce", NONCE, "hello", policy=tmp_path / "policy.toml")
    assert done.returncode == 1
    assert "access-denied" in done.stderr
