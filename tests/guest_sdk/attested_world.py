"""A host with both components of the example `attested-pair`, for tests that are one of the two ends themselves."""

from __future__ import annotations

import queue
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from elastic_hal.guest_sdk import evidence_frames as frames
from elastic_hal.reference_impl.evidence import root_certificate
from elastic_hal.reference_impl.host import ReferenceHost
from elastic_hal.reference_impl.verify import AppraisalPolicy, verify
from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.network_grants import Destination, TlsGrant, parse_host
from elastic_hal.runtime.platform import EvidenceRequest, Platform
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.workload import Workload

HERE = parse_host("127.0.0.1")
SECONDS = 60


@dataclass(frozen=True)
class World:
    """A host with both components of the example, and all that somebody in possession of its platform can sign."""

    engine: Engine
    platform: Platform
    components: dict[str, LoadedComponent]
    policies: Path

    def workload(self, name: str, *arguments: str, **streams: Callable[[bytes], object]) -> Workload:
        component = self.components[name]
        policy, granted = {
            "meter": ("ledger", TlsGrant(connect=(Destination(HERE, None),))),
            "ledger": ("meters", TlsGrant(listen=(Destination(HERE, 0),))),
        }[name]
        grant = Grant(
            limits=Limits(deadline_seconds=None if name == "ledger" else SECONDS),
            attestation=frozenset({"workload"}),
            appraisal={policy: AppraisalGrant(self.policies / f"{policy}.toml", (self.policies / "root.pem",))},
            tls=granted,
        )
        identity = Identity(name, component.digest)
        host = ReferenceHost(self.platform)
        return Workload(self.engine, component, identity, grant, link=host.link, arguments=arguments, **streams)

    def demand_digests(self) -> None:
        """Each end accepts the other component alone."""
        for policy, name in (("meters", "meter"), ("ledger", "ledger")):
            digest = Identity(name, self.components[name].digest).digest_bytes.hex()
            self._demand(policy, f'[measurements.workload]\n{name} = "sha-256:{digest}"\n')

    def demand_no_digests(self) -> None:
        """Each end accepts whatever runs on this platform, by the word of its operator."""
        for policy in ("meters", "ledger"):
            self._demand(policy, "")

    def _demand(self, policy: str, demands: str) -> None:
        partial = self.policies / "partial"
        partial.write_text(f"version = 1\nallow_simulated = true\n{demands}")
        partial.replace(self.policies / f"{policy}.toml")

    def evidence(self, name: str, nonce: bytes, key: bytes | None, *, digest: str | None = None) -> bytes:
        """What a workload of that name would get, on a connection of its own."""
        identity = Identity(name, digest or self.components[name].digest)
        measurements = (runtime_measurement(), workload_measurement(identity))
        return self._body(EvidenceRequest(nonce, measurements, key))

    def evidence_of_platform(self, nonce: bytes, key: bytes) -> bytes:
        return self._body(EvidenceRequest(nonce, (), key))

    def _body(self, request: EvidenceRequest) -> bytes:
        made = self.platform.evidence(request)
        return frames.write_evidence(made.data, made.certificates)

    def check(self, body: bytes, nonce: bytes, key: bytes, name: str) -> None:
        """Checks evidence of a workload as another implementation of the protocol would."""
        data, _certificates = frames.read_evidence(body)
        policy = AppraisalPolicy(allow_simulated=True)
        claims = verify(data, anchors=[root_certificate(self.platform)], nonce=nonce, policy=policy).require_token()
        assert claims.attested_key == key
        digests = {measured.name: measured.value for measured in claims.measurements}
        assert digests["workload"] == Identity(name, self.components[name].digest).digest_bytes


@dataclass(frozen=True)
class Serving:
    """A ledger that serves until the tests are over: its port, and the lines that it has written."""

    port: int
    lines: queue.SimpleQueue[str]

    def says(self, pattern: str) -> str:
        """Waits for the next line, which has to be of that form."""
        line = self.lines.get(timeout=SECONDS)
        assert re.fullmatch(pattern, line), line
        return line


def run_meter(world: World, port: int) -> tuple[int, str, str]:
    output, error = bytearray(), bytearray()
    arguments = ("--ledger", f"127.0.0.1:{port}", "--count", "3", "--patience", "0")
    done = world.workload("meter", *arguments, output=output.extend, error=error.extend).run()
    assert done.exit_code is not None
    return done.exit_code, output.decode(), error.decode()
