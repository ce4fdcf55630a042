"""Mutated reports without end: the parser answers each with a report or its own error, the verifier with a verdict."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

from elastic_hal.reference_impl.verify import EvidenceFormat, Verdict, evidence_format
from elastic_hal.reference_impl.verify.snp.errors import SnpError
from elastic_hal.reference_impl.verify.snp.report import parse_report

Machine = Any
INTERESTING = (0, 1, 2, 3, 5, 0x7F, 0x80, 0xFF)


def mutated(good: bytes, chance: random.Random) -> bytes:
    """A copy with a few bytes changed, sometimes longer or shorter, often nowhere but where there is meaning."""
    changed = bytearray(good)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(changed))
        changed[place] = (
            chance.choice(INTERESTING) if chance.random() < 0.5 else changed[place] ^ 1 << chance.randrange(8)
        )
    if chance.random() < 0.05:
        del changed[chance.randrange(len(changed)) :]
    elif chance.random() < 0.05:
        changed += chance.randbytes(chance.randint(1, 64))
    return bytes(changed)


def test_parser(soak_seconds: float, genoa: Machine, turin: Machine) -> None:
    chance = random.Random(6)
    goods = [
        machine.report(kind, version)
        for machine in (genoa, turin)
        for kind in ("vcek", "vlek")
        for version in (2, 3, 5)
    ]
    tried = parsed = 0
    end = time.monotonic() + soak_seconds
    while time.monotonic() < end:
        for _ in range(1000):
            data = mutated(chance.choice(goods), chance)
            evidence_format(data)
            with contextlib.suppress(SnpError):
                parse_report(data)
                parsed += 1
        tried += 1000
    print(f"{tried} mutated reports, of which {parsed} have the form of a report")
    assert tried
    assert 0 < parsed < tried


def test_verifier(soak_seconds: float, genoa: Machine, turin: Machine) -> None:
    chance = random.Random(60)
    goods = [(machine, kind, machine.report(kind, 5)) for machine in (genoa, turin) for kind in ("vcek", "vlek")]
    tried = 0
    end = time.monotonic() + soak_seconds
    while time.monotonic() < end:
        machine, kind, good = chance.choice(goods)
        data = mutated(good, chance)
        appraisal = machine.appraise(data, kind)
        assert data == good or appraisal.verdict is Verdict.FAIL
        assert data == good or appraisal.reason
        assert appraisal.format in EvidenceFormat
        assert appraisal.to_json()["checks"]
        tried += 1
    print(f"{tried} mutated reports were judged")
    assert tried
