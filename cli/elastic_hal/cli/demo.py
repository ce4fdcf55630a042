"""`elastic-hal demo`: the whole pipeline once, with what was seen at each step and how long it took."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import line, message
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.memory_option import closes_memory
from elastic_hal.common.errors import BAD
from elastic_hal.common.text import counted

if TYPE_CHECKING:
    from elastic_hal.reference_impl.verify import Appraisal

GUEST = "demo-guest"
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the summary."""

    name: str
    seen: str
    seconds: float


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/demo"),
    show_default=True,
    metavar="DIR",
    help="Where to put the guest, its evidence and the report; the guest's folder in it is made anew.",
)
@closes_memory
def demo(out: Path) -> int:
    """Run the whole pipeline once: contract, guest, runtime, evidence, suite.

    The exit code is 0 where all of it is good.
    """
    steps: list[Step] = []

    def step(name: str, action: Callable[[], tuple[str, object]]) -> object:
        message(f"… {name}")
        begin = time.perf_counter()
        seen, value = action()
        steps.append(Step(name, seen, time.perf_counter() - begin))
        return value

    out.mkdir(parents=True, exist_ok=True)
    step("check the contract", _check_contract)
    project = _fresh_project(out)
    component = Path(str(step("build the guest", lambda: _build_guest(project))))
    nonce = secrets.token_bytes(NONCE_BYTES)
    evidence_file = out / "evidence.cbor"
    step("run the guest", lambda: _run_guest(project, component, nonce, evidence_file))
    step("verify its evidence", lambda: _verify(evidence_file, nonce, component))
    step("refuse changed evidence", lambda: _refuse_changed(evidence_file, nonce))
    conforms = step("run the suite", lambda: _run_suite(out / "report"))
    _print_summary(steps, out)
    return 0 if conforms else BAD


def _check_contract() -> tuple[str, object]:
    from elastic_hal.codegen.frontend import load_or_raise
    from elastic_hal.codegen.resources import contract_dir

    resolve = load_or_raise([contract_dir()])
    functions = sum(len(interface.functions) for interface in resolve.main.interfaces.values())
    counts = f"{counted(len(resolve.main.interfaces), 'interface')}, {counted(functions, 'function')}"
    return f"{resolve.main.name}: {counts}, valid", None


def _fresh_project(out: Path) -> Path:
    from elastic_hal.guest_sdk.project import new_project

    # The project is made anew; what was built from the same sources before stays usable.
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        fresh = new_project(GUEST, Path(scratch))
        built = out / GUEST / "build"
        if built.is_dir():
            built.rename(fresh / "build")
        shutil.rmtree(out / GUEST, ignore_errors=True)
        return fresh.rename(out / GUEST)


def _build_guest(project: Path) -> tuple[str, object]:
    from elastic_hal.guest_sdk.build import build

    component = build(project)
    return f"{component.name}: {component.stat().st_size / 1e6:.1f} MB, made by componentize-py", component


def _run_guest(project: Path, component: Path, nonce: bytes, evidence_file: Path) -> tuple[str, object]:
    from elastic_hal.cli.workloads import open_host

    host = open_host("simulated", project / "policy.toml")
    output: list[bytes] = []
    workload = host.workload(host.load(component, GUEST), GUEST, ["--nonce", nonce.hex(), "a message from the demo"])
    outcome = dataclasses.replace(workload, output=output.append).run()
    if not outcome.succeeded:
        raise CommandError(f"the guest failed: {outcome.message}")
    answer = json.loads(b"".join(output))
    evidence = base64.b64decode(answer["evidence"])
    evidence_file.write_bytes(evidence)
    return f"time, random, hash, AEAD, signature; {len(evidence)} bytes of evidence that name its key", None


def _verify(evidence_file: Path, nonce: bytes, component: Path) -> tuple[str, object]:
    appraisal = _appraise(evidence_file.read_bytes(), nonce, component)
    claims = appraisal.require_token()
    names = ", ".join(measured.name for measured in claims.measurements)
    return f"signature, chain, nonce and workload digest hold; measured: {names}; {claims.platform_type}", None


def _refuse_changed(evidence_file: Path, nonce: bytes) -> tuple[str, object]:
    evidence = bytearray(evidence_file.read_bytes())
    evidence[-1] ^= 1
    changed = _appraise(bytes(evidence), nonce).reason
    replayed = _appraise(evidence_file.read_bytes(), secrets.token_bytes(NONCE_BYTES)).reason
    if changed is None or replayed is None:
        raise CommandError("evidence that was changed or answers another challenge was accepted")
    return f"one changed bit: {changed.partition(':')[0]}; another challenge: {replayed.partition(':')[0]}", None


def _appraise(evidence: bytes, nonce: bytes, component: Path | None = None) -> Appraisal:
    from elastic_hal.reference_impl.platforms.simulated import default_directory, root_certificate
    from elastic_hal.reference_impl.verify import AppraisalPolicy, ReferenceValue, verify
    from elastic_hal.runtime.identity import content_digest
    from elastic_hal.runtime.platform import EvidencePurpose

    root = root_certificate(default_directory())
    expected = {}
    if component is not None:
        digest = bytes.fromhex(content_digest(component.read_bytes()).removeprefix("sha256:"))
        expected["workload"] = (ReferenceValue("the demo guest", "sha-256", digest),)
    purposes = (EvidencePurpose.GUEST.value,)
    policy = AppraisalPolicy(allow_debug=True, allow_simulated=True, purposes=purposes, measurements=expected)
    return verify(evidence, anchors=[] if root is None else [root], nonce=nonce, policy=policy)


def _run_suite(out: Path) -> tuple[str, object]:
    from elastic_hal.cli.conformance_commands import REFERENCE, run_and_report

    result = run_and_report(REFERENCE, "simulated", out=out)
    return result.summary, result.ok


def _print_summary(steps: list[Step], out: Path) -> None:
    click.echo()
    for step in steps:
        line(f"{step.name:<24} {step.seconds:6.1f} s  {step.seen}")
    line(f"{'in all':<24} {sum(step.seconds for step in steps):6.1f} s")
    click.echo()
    click.echo("where to look next")
    line(f"  {out / GUEST}  the guest's project: src/app.py is the program")
    line(f"  {out / 'report' / 'report.html'}  the report of the conformance suite")
    click.echo("  elastic-hal guest new NAME  starts a guest of your own; docs/guest-guide.md goes on from there")
    click.echo(
        "The platform is simulated: the evidence shows that the machinery works and proves nothing about hardware."
    )
