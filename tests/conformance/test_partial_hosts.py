"""Hosts that serve less than everything and say so: the reference host with algorithms taken away, one by one and
several at a time. All that the suite may say of such a host is pass and skip.

The guests run on the real host in this process, which spares a start for each host: the tables that calls look into,
and that capabilities are told from, lose their entries.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.cli.workloads import Host, open_host
from elastic_hal.codegen import model
from elastic_hal.codegen.targets.suite.cases import SuiteCase
from elastic_hal.conformance import Verdict, build_suite, load_guests
from elastic_hal.conformance.capabilities import QUESTION, Statement, read_statement
from elastic_hal.conformance.events import parse_event
from elastic_hal.conformance.groups import members
from elastic_hal.conformance.judge import judge
from elastic_hal.conformance.session import Observation
from elastic_hal.reference_impl.crypto.aeads import AEADS
from elastic_hal.reference_impl.crypto.agreements import AGREEMENTS
from elastic_hal.reference_impl.crypto.ciphers import CIPHERS
from elastic_hal.reference_impl.crypto.derivation_schemes import DERIVATIONS
from elastic_hal.reference_impl.crypto.hashes import HASHES
from elastic_hal.reference_impl.crypto.macs import MACS
from elastic_hal.reference_impl.crypto.public_encryption import ENCRYPTIONS
from elastic_hal.reference_impl.crypto.signatures import SIGNATURES
from elastic_hal.reference_impl.post_quantum.encapsulation import KEMS
from elastic_hal.reference_impl.post_quantum.signatures import SIGNATURES as POST_QUANTUM_SIGNATURES
from elastic_hal.runtime.components import LoadedComponent

TABLES: tuple[MutableMapping[Any, Any], ...] = (  # type: ignore[assignment]  # read-only for everybody else
    *(HASHES, MACS, AEADS, SIGNATURES, CIPHERS, ENCRYPTIONS, AGREEMENTS, DERIVATIONS),
    *(KEMS, POST_QUANTUM_SIGNATURES),
)
ALGORITHMS = tuple(algorithm.value for table in TABLES for algorithm in table)
INTERFACES = ("crypto", "post-quantum", "sealing", "tls", "object-storage", "attestation")
FEW = 2
"""How many cases stand for all that use an algorithm in the same functions."""


class PartialHost:
    """The reference host with the suite's guests loaded once."""

    def __init__(self, host: Host, guests: dict[str, tuple[LoadedComponent, tuple[SuiteCase, ...]]]) -> None:
        self._host = host
        self._guests = guests

    def cases(self, algorithms: Iterable[str]) -> Iterator[tuple[str, SuiteCase]]:
        """The cases that need any of these algorithms: of those that use them in the same functions, a few."""
        wanted = set(algorithms)
        seen: dict[object, int] = {}
        for interface, (_, cases) in self._guests.items():
            grouped = members(cases)
            for case in cases:
                touched = [
                    (need.ids, need.value) for needs in case.step_needs for need in needs if need.value in wanted
                ]
                like = (interface, case.origin, bool(case.negative), tuple(dict.fromkeys(touched)))
                if touched and case.id not in grouped and seen.setdefault(like, 0) < FEW:
                    seen[like] += 1
                    yield interface, case

    def statement(self) -> Statement:
        """What the host says of itself."""
        seen = self._run("capabilities", ["--call", QUESTION])
        statement = read_statement(seen.events)
        assert statement is not None
        return statement

    def verdict(self, interface: str, case: SuiteCase, statement: Statement) -> tuple[Verdict, str]:
        """The suite's verdict of a case."""
        found = judge(interface, case, self._run(interface, ["--case", case.id]), statement, asked=True)
        return found.verdict, found.reason

    def _run(self, interface: str, arguments: list[str]) -> Observation:
        component, _ = self._guests[interface]
        output: list[bytes] = []
        name = f"elastic-hal-{interface}"
        workload = self._host.workload(component, name, arguments, inherit_input=False)
        outcome = dataclasses.replace(workload, output=output.append).run()
        events = [parse_event(line) for line in b"".join(output).splitlines()]
        assert None not in events
        return Observation(("in this process",), [event for event in events if event], exit_code=outcome.exit_code)


@pytest.fixture(scope="module")
def partial(contract: model.Resolve, tmp_path_factory: pytest.TempPathFactory) -> PartialHost:
    place = tmp_path_factory.mktemp("partial")
    adapters = Path(__file__).parents[2] / "conformance" / "adapters"
    policy = place / "policy.toml"
    policy.write_text((adapters / "elastic-hal-reference.policy.toml").read_text())
    host = open_host("simulated", policy, state=place / "state")
    wanted = ("capabilities", *INTERFACES)
    chosen = [guest for guest in load_guests(contract) if guest.interface.name in wanted]
    loaded = {}
    for built, guest in zip(build_suite(contract, chosen).guests, chosen, strict=True):
        loaded[guest.interface.name or ""] = (host.load(built.component, guest.name), guest.cases)
    return PartialHost(host, loaded)


@pytest.fixture(autouse=True)
def whole_tables() -> Iterator[None]:
    """What is taken away comes back where it was: the order of a table is the order in which a host lists."""
    before = [list(table.items()) for table in TABLES]
    yield
    for table, items in zip(TABLES, before, strict=True):
        table.clear()
        table.update(items)


def without(monkeypatch: pytest.MonkeyPatch, algorithms: Iterable[str]) -> None:
    for table in TABLES:
        for algorithm in [algorithm for algorithm in table if algorithm.value in set(algorithms)]:
            monkeypatch.delitem(table, algorithm)


SETS = [
    *((algorithm,) for algorithm in ALGORITHMS),
    tuple(item.value for item in SIGNATURES),
    tuple(item.value for item in (*HASHES, *MACS)),
    tuple(item.value for item in DERIVATIONS),
    ("aes-128-cmac", "aes-256-cmac", "aes-256-gcm-siv", "blake3"),
    ("ed25519", "x25519", "ml-kem-768", "ml-dsa-65", "aes-256-gcm"),
]


@pytest.mark.parametrize("algorithms", SETS, ids=lambda item: item[0] if len(item) == 1 else f"{len(item)}-{item[0]}")
def test_a_host_that_lists_what_it_serves_sees_pass_and_skip_alone(
    partial: PartialHost, algorithms: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, algorithms)
    statement = partial.statement()
    cases = list(partial.cases(algorithms))
    assert cases
    found = {(interface, case.id): partial.verdict(interface, case, statement) for interface, case in cases}
    bad = {case: said for case, said in found.items() if said[0] not in {Verdict.PASS, Verdict.SKIP}}
    assert not bad, json.dumps({" ".join(case): said[1] for case, said in bad.items()}, indent=1)
    assert Verdict.SKIP in {verdict for verdict, _ in found.values()}


@pytest.mark.parametrize("algorithm", ["sha-384", "hmac-sha-256", "aes-256-gcm", "ed25519", "x25519", "hkdf-sha-256"])
def test_a_host_that_does_not_serve_what_it_lists_fails(
    partial: PartialHost, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    statement = partial.statement()
    without(monkeypatch, [algorithm])
    cases = list(partial.cases([algorithm]))
    found = [partial.verdict(interface, case, statement)[0] for interface, case in cases]
    assert Verdict.FAIL in found
    assert Verdict.SKIP not in found


@pytest.mark.parametrize("algorithm", ["sha-384", "hmac-sha-256", "aes-256-gcm", "ed25519", "x25519", "hkdf-sha-256"])
def test_a_host_that_serves_what_it_does_not_list_fails(
    partial: PartialHost, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as less:
        without(less, [algorithm])
        statement = partial.statement()
    found = [partial.verdict(interface, case, statement)[0] for interface, case in partial.cases([algorithm])]
    assert Verdict.FAIL in found
    assert Verdict.SKIP not in found
