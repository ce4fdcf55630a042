"""Names that somebody else chose forge no line of what a command says, and steer no terminal."""

from __future__ import annotations

import json
import logging
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.console import LogMessages

Run = Callable[..., Any]

FORGED = "elastic-hal: accepted"
SEPARATORS = "\r\x1b[2J\x1b[H\x85\x9b1A\u2028\u2029\u202e\u2066"
NAMES = {"text": f"x\n{FORGED}{SEPARATORS}\n{FORGED}", "not-utf-8": f"x\udcff\n{FORGED}"}


@pytest.fixture(params=NAMES.values(), ids=NAMES.keys())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def is_honest(result: Any) -> None:
    """No line is the forged one, and nothing steers a terminal."""
    text = result.out + result.err
    assert "Traceback" not in text
    for line in text.split("\n"):
        assert not line.strip().startswith(FORGED), text
        assert line.isprintable(), repr(line)


# Each with {} where the name stands. All are refused.
COMMANDS = [
    "verify {}",
    "verify present --policy {}",
    "verify present --certs {}",
    "verify present --trust-root {}",
    "verify present --crl {}",
    "verify present --collateral {}",
    "verify present --event-log {}",
    "verify present --nonce {}",
    "verify present --at {}",
    "verify present --ear {}",
    "verify present --ear out --ear-key {}",
    "verify present --ear-format {}",
    "attest --workload {}.wasm",
    "attest --nonce {}",
    "attest --platform {}",
    "attest --platform sev-snp --platform-root {}",
    "attest --out {}/absent",
    "run {}",
    "run {}.toml",
    "run present.wasm --policy {}",
    "run present.wasm --name {}",
    "run present.wasm --platform {}",
    "run present.wasm --mutant {}",
    "run present.wasm --sealing {}",
    "run present.wasm --state {}",
    "run --{}",
    "guest new {}",
    "guest new {} --in present",
    "guest build {}",
    "generate host {} --world w --out out",
    "generate guest wit --world {} --out out",
    "generate suite {} --out out",
    "generate bridge {} --out out",
    "wit check {}",
    "wit json {}",
    "wit print {}",
    "wit fmt {}",
    "wit fmt --check {}",
    "wit diff {} wit",
    "wit diff wit {}",
    "wit check wit --format {}",
    "conformance run --adapter {}",
    "conformance run -k {}",
    "conformance run --expectations {}",
    "conformance list -k {}",
    "conformance list --cases {}",
    "conformance mutants --mutant {}",
    "platform show --platform {}",
    "platform reference-values {}",
    "platform root --out {}/absent",
    "broker serve --store {} --policy {}",
    "broker serve --store s --policy {} --listen {}",
    "broker add-secret --store {}/absent {}",
    "broker add-secret --store s {} --file {}",
    "broker revoke --store {} a",
    "broker log verify --store {}",
    "broker log verify --store s --head {}",
    "broker log show --store {}",
    "cache clean --{}",
    "cache {}",
    "demo --out {}/absent --{}",
    "{}",
    "--{}",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_given_on_the_command_line(cli: Run, place: Path, command: str, name: str) -> None:
    (place / "present").write_bytes(b"no evidence")
    (place / "present.wasm").write_bytes(b"no component")
    (place / "wit").mkdir()
    (place / "wit" / "a.wit").write_text("package a:b;\nworld w {}\n")
    result = cli(*[word.replace("{}", name) for word in shlex.split(command)])
    assert result.code in {1, 2, 3}, result
    is_honest(result)


def test_names_of_files_that_are_there(cli: Run, place: Path, name: str) -> None:
    wit = place / f"{name}.wit"
    wit.write_text("package a:b@1.0.0;\ninterface i { f: func(a: strin); }\n")
    is_honest(cli("wit", "check", wit))
    is_honest(cli("wit", "check", wit, "--format", "json"))
    is_honest(cli("wit", "check", wit, "--format", "sarif"))
    is_honest(cli("wit", "fmt", wit))
    wit.write_text("package a:b@1.0.0;\ninterface   i { f: func(a: string); }\n")
    is_honest(cli("wit", "fmt", "--check", wit))
    is_honest(cli("wit", "fmt", wit))
    other = place / "other.wit"
    other.write_text("package a:b@1.0.1;\ninterface i { f: func(a: u8); }\n")
    is_honest(cli("wit", "diff", wit, other))
    is_honest(cli("wit", "diff", wit, other, "--json"))
    evidence = place / name
    evidence.write_bytes(b"no evidence")
    is_honest(cli("verify", evidence))
    is_honest(cli("verify", evidence, "--certs", evidence))
    is_honest(cli("run", evidence))


def test_names_of_folders(cli: Run, place: Path, name: str) -> None:
    (place / name).mkdir()
    is_honest(cli("guest", "new", "note", "--in", place / name))
    is_honest(cli("attest", "--nonce", "00" * 8, "--out", place / f"{name}.cbor"))
    is_honest(cli("run", place / name))
    is_honest(cli("guest", "build", place / name))


POLICIES = [
    "version = 1\n[NAME]\n",
    "version = 1\n[workload.NAME]\n",
    "version = 1\n[workload.w.NAME]\n",
    "version = 1\n[workload.w]\nNAME = 1\n",
    "version = 1\n[workload.w.limits]\nNAME = 1\n",
    "version = 1\n[workload.w.limits]\nmemory = NAME\n",
    "version = 1\n[workload.w.limits]\ndeadline = NAME\n",
    "version = 1\n[workload.w.limits]\ncpu = NAME\n",
    "version = 1\n[workload.w]\ndigest = NAME\n",
    "version = 1\n[workload.w]\nattestation = [NAME]\n",
    "version = 1\n[workload.w]\nenvironment = [NAME, 1]\n",
    "version = 1\n[workload.w]\ndirectories = [{ host = NAME, guest = NAME }]\n",
    "version = 1\n[workload.w]\ndirectories = [{ host = NAME, guest = '/a' }]\n",
    "version = 1\n[workload.w]\nchannels = [{ name = NAME, to = NAME }]\n",
    "version = 1\n[workload.w.containers.NAME]\nrights = [NAME]\n",
    "version = 1\n[workload.w.containers.c]\nrights = ['read']\nstorage = NAME\n",
    "version = 1\n[workload.w.tls]\nconnect = [NAME]\n",
    "version = 1\n[workload.w.tls]\nlisten = [NAME]\n",
    "version = 1\n[workload.w.appraisal.NAME]\npolicy = NAME\n",
    "version = 1\n[storage.NAME]\nkind = NAME\n",
]


@pytest.mark.parametrize("text", POLICIES)
def test_what_a_policy_says(cli: Run, place: Path, guest: Callable[..., Path], text: str, name: str) -> None:
    policy = place / "policy.toml"
    policy.write_text(text.replace("NAME", _quoted(name)), encoding="utf-8")
    result = cli("run", guest("i32.const 0"), "--policy", policy)
    assert result.code in {1, 2, 3}, result
    is_honest(result)


DEPLOYMENTS = [
    "version = 1\n[workload.NAME]\n",
    "version = 1\n[NAME]\n",
    "version = 1\npolicy = NAME\n[workload.w]\ncomponent = 'w.wasm'\n",
    "version = 1\n[workload.w]\ncomponent = NAME\n",
    "version = 1\n[workload.w]\nNAME = 1\n",
    "version = 1\n[workload.w]\ncomponent = 'w'\n[[channel]]\nname = NAME\nfrom = NAME\nto = NAME\n",
]


@pytest.mark.parametrize("text", DEPLOYMENTS)
def test_what_a_deployment_says(cli: Run, place: Path, text: str, name: str) -> None:
    deployment = place / "deployment.toml"
    deployment.write_text(text.replace("NAME", _quoted(name)), encoding="utf-8")
    result = cli("run", deployment)
    assert result.code in {1, 2, 3}, result
    is_honest(result)


DEMANDS = [
    "version = 1\n[NAME]\n",
    "version = 1\nNAME = 1\n",
    "version = 1\n[measurements.NAME]\n",
    "version = 1\n[measurements.workload]\nNAME = NAME\n",
    "version = 1\n[measurements.workload]\nNAME = 'sha-256:00'\n",
    "version = 1\n[measurements.NAME]\nNAME = 'sha-256:" + "00" * 32 + "'\n",
    "version = 1\n[snp]\nNAME = 1\n",
    "version = 1\n[snp.chip_ids]\nNAME = '" + "00" * 64 + "'\n",
    "version = 1\n[tdx]\nNAME = 1\n",
    "version = 1\nvendors = [NAME]\n",
]


@pytest.mark.parametrize("text", DEMANDS)
def test_what_an_appraisal_policy_says(cli: Run, place: Path, text: str, name: str) -> None:
    assert cli("attest", "--nonce", "00" * 8, "--out", "evidence").code == 0
    (place / "demands.toml").write_text(text.replace("NAME", _quoted(name)), encoding="utf-8")
    for more in ((), ("--json",)):
        result = cli("verify", "evidence", "--policy", "demands.toml", "--allow-simulated", *more)
        is_honest(result)


def test_what_case_files_say(cli: Run, place: Path, name: str) -> None:
    (place / "cases").mkdir()
    quoted = json.dumps(name.replace("\udcff", ""))
    for text in (f"{quoted}: 1\n", f"interface: {quoted}\ncases: [{{id: {quoted}}}]\n", f"- {quoted}\n- 1\n"):
        (place / "cases" / "a.yaml").write_text(text, encoding="utf-8")
        is_honest(cli("conformance", "list", "--cases", "cases"))


def test_what_the_audit_log_says(cli: Run, place: Path, name: str) -> None:
    (place / "secret").write_bytes(b"a secret")
    settings = place / "store"
    named = name.replace("\udcff", "")
    for arguments in (
        ("broker", "add-secret", named, "secret", "--store", settings),
        ("broker", "revoke", "--store", settings, "sha-256:00", named),
        ("broker", "log", "show", "--store", settings),
        ("broker", "log", "show", "--store", settings, "--json"),
        ("broker", "log", "verify", "--store", settings, "--head", named),
    ):
        is_honest(cli(*arguments))


def test_what_a_guest_says_as_it_fails(cli: Run, guest: Callable[..., Path], place: Path, name: str) -> None:
    trapping = guest("unreachable").rename(place / f"{name}.wasm")
    result = cli("run", trapping)
    assert result.code in {1, 2}
    is_honest(result)


def test_what_is_logged(capfd: pytest.CaptureFixture[str], name: str) -> None:
    handler = LogMessages(logging.WARNING)
    error = ValueError(name)
    record = logging.LogRecord("a", logging.ERROR, "a", 1, "%s failed", (name,), (ValueError, error, None))
    handler.handle(record)
    err = capfd.readouterr().err
    lines = err.splitlines()
    assert len(err.split("\n")) == len(lines) + 1
    assert lines[0].startswith("elastic-hal: x")
    assert all(line.startswith("  ") for line in lines[1:])
    assert "  ValueError: x" in err


def test_a_file_name_that_is_not_utf_8_is_data_all_the_same(program: list[str], place: Path) -> None:
    folder = os.fsencode(place) + b"/\xff"
    os.mkdir(folder)
    command = [*map(os.fsencode, program), b"guest", b"new", b"note", b"--in", folder]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert done.stdout.endswith(b"\\udcff/note\n")


def _quoted(name: str) -> str:
    """The name as a basic string of TOML, which cannot hold what is not Unicode."""
    return json.dumps(name.replace("\udcff", ""))
