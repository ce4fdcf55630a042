"""A client of attested TLS under attack: the meter of the example, and servers with evidence of their own making, or
somebody in between. The first of them is without a flaw, so that the others are refused for theirs.
"""

from __future__ import annotations

import contextlib
import re

import pytest
from attested_ends import ACCEPTED, CLIENT, GOOD, OUT_OF_ORDER, SERVER, End, Made, serving
from attested_world import Serving, World, run_meter
from OpenSSL import SSL

from elastic_hal.guest_sdk import evidence_frames as frames
from elastic_hal.guest_sdk.evidence_frames import Kind

GONE = "a client was not accepted: (connection-closed|peer: .*)"


def test_a_meter_accepts_evidence_without_a_flaw(world: World) -> None:
    def script(end: End) -> None:
        kind, body = end.receive_frame()
        assert kind is Kind.EVIDENCE
        world.check(body, end.nonce(CLIENT), end.peer_key(), "meter")
        end.send(ACCEPTED + frames.frame(Kind.EVIDENCE, GOOD.body(world, end, "ledger", SERVER)))
        assert end.receive_frame() == (Kind.ACCEPTED, b"")
        report = b""
        with contextlib.suppress(SSL.ZeroReturnError):
            while True:
                report += end.tls.recv(1000)
        assert report.count(b" Wh\n") == 3
        end.send(b"a receipt")

    with serving(script) as port:
        code, output, error = run_meter(world, port)
    assert (code, error) == (0, "")
    assert output.endswith("a receipt\n")


def test_a_meter_refuses_evidence(world: World, bad: Made) -> None:
    def script(end: End) -> None:
        assert end.receive_frame()[0] is Kind.EVIDENCE
        end.send(ACCEPTED + frames.frame(Kind.EVIDENCE, bad.body(world, end, "ledger", SERVER)))
        assert end.receive_frame() == (Kind.REFUSED, b"")
        assert end.is_closed(), "no reading leaves the meter"

    with serving(script) as port:
        code, output, error = run_meter(world, port)
    assert (code, output) == (1, "")
    assert error.endswith(".Error_VerificationFailed: verification-failed\n"), error


@pytest.mark.parametrize("flaw", [name for name in OUT_OF_ORDER if name != "accepted at once"])
def test_a_meter_ends_what_is_out_of_order(world: World, flaw: str) -> None:
    def script(end: End) -> None:
        assert end.receive_frame()[0] is Kind.EVIDENCE
        end.send(ACCEPTED + OUT_OF_ORDER[flaw])
        assert end.is_closed(), "no reading leaves the meter"

    with serving(script) as port:
        code, output, error = run_meter(world, port)
    assert (code, output) == (1, "")
    assert re.search(r"\.Error_Peer: peer: the other end .*\n\Z", error), error


def test_a_meter_waits_to_be_accepted(world: World) -> None:
    def script(end: End) -> None:
        assert end.receive_frame()[0] is Kind.EVIDENCE
        # Its own evidence is good, and it says nothing of the meter's.
        end.send(frames.frame(Kind.EVIDENCE, GOOD.body(world, end, "ledger", SERVER)) + ACCEPTED)
        assert end.is_closed(), "no reading leaves the meter"

    with serving(script) as port:
        code, output, error = run_meter(world, port)
    assert (code, output) == (1, "")
    assert error.endswith("peer: the other end does not keep to the order of attested TLS\n")


def test_somebody_in_between_gets_nowhere(world: World, ledger: Serving) -> None:
    """Each end proves itself to the one in between, who passes that on over the other connection."""

    def script(meter: End) -> None:
        _, evidence_of_meter = meter.receive_frame()
        relayed = End.dial(ledger.port)
        relayed.send(frames.frame(Kind.EVIDENCE, evidence_of_meter))
        assert relayed.receive_frame() == (Kind.REFUSED, b"")
        relayed.close()
        # What if they were accepted elsewhere: they get the evidence of the ledger itself, fresh, and pass that on.
        insider = End.dial(ledger.port)
        insider.send(frames.frame(Kind.EVIDENCE, GOOD.body(world, insider, "meter", CLIENT)))
        assert insider.receive_frame() == (Kind.ACCEPTED, b"")
        _, evidence_of_ledger = insider.receive_frame()
        meter.send(ACCEPTED + frames.frame(Kind.EVIDENCE, evidence_of_ledger))
        assert meter.receive_frame() == (Kind.REFUSED, b"")
        assert meter.is_closed()
        insider.close()

    with serving(script) as port:
        code, output, error = run_meter(world, port)
    assert (code, output) == (1, "")
    assert error.endswith(".Error_VerificationFailed: verification-failed\n"), error
    ledger.says("a client was not accepted: verification-failed")
    ledger.says(GONE)
