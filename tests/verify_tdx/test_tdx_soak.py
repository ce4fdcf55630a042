"""Changed quotes without end: whatever is changed, an appraisal comes out, and never one that accepts."""

from __future__ import annotations

import random
import time

import pytest

from elastic_hal.reference_impl.verify.tdx.errors import TdxError
from elastic_hal.reference_impl.verify.tdx.quote import parse_quote

from .conftest import AT, EMULATED, Machine, new_machine

MACHINE = new_machine()


def changed(quote: bytes, source: random.Random) -> bytes:
    """A quote with a few bytes changed, put in, left out or repeated."""
    content = bytearray(quote)
    for _ in range(source.randint(1, 3)):
        position = source.randrange(len(content))
        kind = source.randrange(6)
        if kind < 3:
            content[position] ^= 1 << source.randrange(8)
        elif kind == 3:
            content[position : position + source.choice((1, 2, 4))] = source.randbytes(source.choice((1, 2, 4)))
        elif kind == 4:
            del content[position : position + source.randint(1, 64)]
        else:
            content[position:position] = content[: source.randint(1, 32)]
        if not content:
            return b""
    return bytes(content)


@pytest.mark.parametrize(("version", "body_type"), [(4, 2), (5, 3), (5, 4)])
def test_changed_quotes_are_refused(machine: Machine, soak_seconds: float, version: int, body_type: int) -> None:
    source = random.Random(20_260_601 + version)
    quote = machine.extended_quote() if body_type == 4 else machine.quote(version, body_type)
    said = machine.collateral()
    tried = 0
    end = time.monotonic() + soak_seconds / 2
    while time.monotonic() < end:
        tried += 1
        altered = changed(quote, source)
        appraisal = machine.appraise(altered, said, policy=EMULATED, at=AT)
        same = altered[: len(quote)] == quote and not any(altered[len(quote) :])
        assert same or appraisal.claims is None, altered.hex()
    print(f"{tried} changed quotes of version {version}, body type {body_type}")


def test_the_parser_answers_or_refuses(soak_seconds: float) -> None:
    source = random.Random(20_260_602)
    quotes = [MACHINE.quote(), MACHINE.quote(5), MACHINE.quote(5, 3, padding=20), MACHINE.extended_quote()]
    tried = parsed = 0
    end = time.monotonic() + soak_seconds / 2
    while time.monotonic() < end:
        tried += 1
        altered = changed(source.choice(quotes), source)
        try:
            quote = parse_quote(altered)
        except TdxError:
            continue
        parsed += 1
        assert quote.exact + bytes(quote.trailing) == altered
    print(f"{tried} changed quotes, of which {parsed} have the form of a quote")
    assert 0 < parsed < tried
