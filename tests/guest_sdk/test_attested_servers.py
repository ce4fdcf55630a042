"""A server of attested TLS under attack: the ledger of the example, and clients with evidence of their own making. The
first of them is without a flaw, so that the others are refused for theirs.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import Any

import pytest
from attested_ends import CLIENT, GOOD, OUT_OF_ORDER, SERVER, End, Made
from attested_world import Serving, World
from OpenSSL import SSL

from elastic_hal.guest_sdk import evidence_frames as frames
from elastic_hal.guest_sdk.evidence_frames import Kind

GONE = "a client was not accepted: (connection-closed|peer: .*)"


def report(world: World, ledger: Serving) -> None:
    """A meter of this file's own, which keeps to the protocol, gets its receipt."""
    end = End.dial(ledger.port)
    end.send(frames.frame(Kind.EVIDENCE, GOOD.body(world, end, "meter", CLIENT)))
    assert end.receive_frame() == (Kind.ACCEPTED, b"")
    kind, body = end.receive_frame()
    assert kind is Kind.EVIDENCE
    world.check(body, end.nonce(SERVER), end.peer_key(), "ledger")
    end.send(frames.frame(Kind.ACCEPTED) + b"7 Wh\n")
    end.tls.shutdown()
    assert end.receive(16) == b"1 readings, 7 Wh"
    end.close()


def test_a_ledger_accepts_evidence_without_a_flaw(world: World, ledger: Serving) -> None:
    report(world, ledger)
    ledger.says(r"1 readings, 7 Wh of component [0-9a-f]{16}…")


def test_a_ledger_refuses_evidence(world: World, ledger: Serving, bad: Made) -> None:
    end = End.dial(ledger.port)
    end.send(frames.frame(Kind.EVIDENCE, bad.body(world, end, "meter", CLIENT)))
    assert end.receive_frame() == (Kind.REFUSED, b"")
    assert end.is_closed(), "it shows itself to nobody that it does not accept"
    end.close()
    ledger.says("a client was not accepted: verification-failed")


@pytest.mark.parametrize("flaw", OUT_OF_ORDER)
def test_a_ledger_ends_what_is_out_of_order(ledger: Serving, flaw: str) -> None:
    end = End.dial(ledger.port)
    end.send(OUT_OF_ORDER[flaw])
    assert end.is_closed()
    end.close()
    ledger.says("a client was not accepted: peer: the other end .*")


def test_a_ledger_outlives_clients_that_stop(world: World, ledger: Serving) -> None:
    whole = End.dial(ledger.port)
    partial = frames.frame(Kind.EVIDENCE, GOOD.body(world, whole, "meter", CLIENT))[:-1]
    whole.send(partial)
    whole.close()
    ledger.says(GONE)
    accepted = End.dial(ledger.port)
    accepted.send(frames.frame(Kind.EVIDENCE, GOOD.body(world, accepted, "meter", CLIENT)))
    assert accepted.receive_frame() == (Kind.ACCEPTED, b"")
    accepted.close()
    ledger.says(GONE)
    silent = End.dial(ledger.port)
    report(world, ledger)
    ledger.says("1 readings, 7 Wh of component .*")
    silent.close()
    ledger.says(GONE)


def test_a_ledger_outlives_many_long_frames(ledger: Serving) -> None:
    """More at once than it makes ready side by side, each with the longest frame that there is."""
    body = frames.write_evidence(bytes(frames.MOST_BODY_BYTES - 5), [])
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def send() -> None:
        end = End.dial(ledger.port)
        end.send(frames.frame(Kind.EVIDENCE, body))
        answers.put(end.receive_frame())
        end.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers.get_nowait() for _ in threads] == [(Kind.REFUSED, b"")] * len(threads)
    for _ in threads:
        ledger.says("a client was not accepted: verification-failed")


@pytest.mark.parametrize(
    "options",
    [{"shows_certificate": False}, {"newest": SSL.TLS1_2_VERSION}, {"protocols": (b"http/1.1",)}, {"protocols": ()}],
    ids=["without a certificate", "TLS 1.2", "another protocol", "no protocol"],
)
def test_a_ledger_refuses_other_connections(world: World, ledger: Serving, options: dict[str, Any]) -> None:
    try:
        end = End.dial(ledger.port, **options)
    except SSL.Error:
        pass
    else:
        with contextlib.suppress(SSL.Error):
            end.send(frames.frame(Kind.EVIDENCE, GOOD.body(world, end, "meter", CLIENT)))
        assert end.is_closed()
        end.close()
    ledger.says("a client was not accepted: (verification-failed|peer: .*)")
