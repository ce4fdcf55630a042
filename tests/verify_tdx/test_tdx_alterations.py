"""Altered copies of quotes and collateral, byte for byte: each is refused, or is the same but for its spelling."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, TdReport
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Verdict, verify
from elastic_hal.reference_impl.verify.tdx.policy import TCB_STATUSES, TdxPolicy

from .conftest import Machine, new_machine

ANY_STATUS = AppraisalPolicy(tdx=TdxPolicy(tcb_status=TCB_STATUSES))


class Sample:
    """A genuine quote with the collateral and the time that it was accepted with."""

    def __init__(self, quote: bytes, collateral: bytes, seconds: int) -> None:
        self.quote, self.collateral = quote, collateral
        self.at = datetime.fromtimestamp(seconds, UTC)

    def appraise(self, quote: bytes | None = None, collateral: bytes | None = None) -> Appraisal:
        said = self.collateral if collateral is None else collateral
        return verify(self.quote if quote is None else quote, collateral=said, at=self.at, policy=ANY_STATUS)


@pytest.fixture
def stride(soak_seconds: float) -> int:
    """Every byte with `--soak`, else one of some."""
    return 1 if soak_seconds >= 60 else 23


@pytest.fixture(scope="module")
def samples(vectors: Path, vectors_index: dict[str, Any]) -> list[Sample]:
    found = [
        Sample(
            (vectors / entry["quote"]).read_bytes(),
            (vectors / verification["collateral"]).read_bytes(),
            verification["now_secs"],
        )
        for entry in vectors_index["tdx"]
        for verification in entry["verifications"]
        if verification["expected"] == "accept"
    ]
    assert all(sample.appraise().verdict is Verdict.PASS for sample in found)
    return found


def flipped(content: bytes, stride: int) -> Iterator[tuple[int, bytes]]:
    """Copies with one bit changed, another one in each byte."""
    for position in range(0, len(content), stride):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        yield position, bytes(changed)


def test_no_byte_of_a_genuine_quote_can_be_changed(samples: list[Sample], stride: int) -> None:
    for sample in samples:
        for position, changed in flipped(sample.quote, stride):
            assert sample.appraise(changed).claims is None, position


def test_no_byte_of_genuine_collateral_can_be_changed(samples: list[Sample], stride: int) -> None:
    refused = 0
    for sample in samples:
        good = json.loads(sample.collateral)
        for position, changed in flipped(sample.collateral, stride):
            if sample.appraise(collateral=changed).claims is None:
                refused += 1
            else:
                # White space between the entries, or the same character written otherwise.
                assert json.loads(changed) == good, position
    assert refused


def test_a_quote_can_be_cut_behind_its_signature_only(samples: list[Sample], stride: int) -> None:
    for sample in samples:
        exact = sample.quote.rstrip(b"\0")
        # The text of the chain ends with a zero of its own.
        assert sample.appraise(exact + b"\0").claims is not None
        for length in (*range(0, len(exact), stride), len(exact)):
            assert sample.appraise(sample.quote[:length]).claims is None, length
        for extra in (1, 70, 4096):
            assert sample.appraise(sample.quote + bytes(extra)).claims is not None
            assert sample.appraise(sample.quote + bytes(extra - 1) + b"\n").claims is None


def test_bytes_cannot_be_moved(samples: list[Sample], stride: int) -> None:
    for sample in samples:
        quote = sample.quote
        for position in range(0, len(quote.rstrip(b"\0")), stride):
            for changed in (
                quote[:position] + quote[position + 1 :] + b"\0",
                quote[:position] + b"\0" + quote[position:-1],
            ):
                assert changed == quote or sample.appraise(changed).claims is None, position


@pytest.mark.parametrize(("version", "body_type"), [(4, 2), (5, 2), (5, 3), (5, 4)])
def test_no_byte_of_any_form_of_quote_can_be_changed(
    machine: Machine, version: int, body_type: int, stride: int
) -> None:
    quote = machine.extended_quote() if body_type == 4 else machine.quote(version, body_type)
    said = machine.collateral()
    assert machine.appraise(quote, said).verdict is Verdict.PASS
    for position, changed in flipped(quote, stride):
        assert machine.appraise(changed, said).claims is None, position
    for version_of_another in (3, 4, 5, 6):
        changed = version_of_another.to_bytes(2, "little") + quote[2:]
        assert changed == quote or machine.appraise(changed, said).claims is None


def test_no_byte_of_collateral_can_be_changed(machine: Machine, stride: int) -> None:
    quote, said = machine.quote(), machine.collateral()
    good = json.loads(said)
    for position, changed in flipped(said, stride):
        if machine.appraise(quote, changed).claims is not None:
            assert json.loads(changed) == good, position


def with_unused_bits(encoded: bytes, signature: bytes) -> Iterator[bytes]:
    """Copies that declare the last bits of the signature unused, where these are zero: readable, but others."""
    place = len(encoded) - len(signature) - 1
    assert encoded[place] == 0
    for count in range(1, 8):
        if signature[-1] & (1 << count) - 1 == 0:
            yield encoded[:place] + bytes([count]) + encoded[place + 1 :]


def test_a_signature_has_one_spelling() -> None:
    tried: set[int | str] = set()
    # Keys and certificates of each machine are new, until every signature in the chain once ended with a zero bit.
    while not tried >= {0, 1, 2}:
        machine = new_machine()
        provisioning, document = machine.signer.provisioning, json.loads(machine.collateral())
        chain = (provisioning.certificate, *provisioning.chain)
        for place, certificate in enumerate(chain):
            for changed in with_unused_bits(certificate.public_bytes(Encoding.DER), certificate.signature):
                altered = [*chain[:place], x509.load_der_x509_certificate(changed), *chain[place + 1 :]]
                broken = dataclasses.replace(provisioning, certificate=altered[0], chain=tuple(altered[1:]))
                assert machine.appraise(QuoteSigner(broken).quote(TdReport())).claims is None
                tried.add(place)
        for name in ("pck_crl", "root_ca_crl"):
            encoded = bytes.fromhex(document[name])
            for changed in with_unused_bits(encoded, x509.load_der_x509_crl(encoded).signature):
                said = json.dumps({**document, name: changed.hex()}).encode()
                assert machine.appraise(machine.quote(), said).claims is None
                tried.add(name)


def test_entries_of_two_authorities_do_not_mix(machine: Machine) -> None:
    other = new_machine()
    ours: dict[str, Any] = json.loads(machine.collateral())
    theirs: dict[str, Any] = json.loads(other.collateral())
    roots = [machine.authority.root, other.authority.root]
    # Both name the same enclave and kind of machine, so that only keys and chains tell them apart.
    for name in ours:
        mixed = json.dumps({**ours, name: theirs[name]}).encode()
        accepted = machine.appraise(machine.quote(), mixed, anchors=roots).claims is not None
        assert not accepted or ours[name] == theirs[name], name
    assert machine.appraise(other.quote(), anchors=roots).claims is None


def test_parts_of_two_quotes_do_not_mix(machine: Machine) -> None:
    first, second = machine.quote(mrtd=b"\1" * 48), machine.quote(mrtd=b"\2" * 48)
    stranger = new_machine().quote(mrtd=b"\1" * 48)
    said = machine.collateral()
    assert first[636:700] != second[636:700]
    for begin, end in ((48, 632), (136 + 48, 184 + 48), (636, 700)):
        assert machine.appraise(first[:begin] + second[begin:end] + first[end:], said).claims is None
    for begin, end in ((636, 700), (700, 764), (636, 764), (770, 1154), (1154, 1218), (770, 1218), (636, 1218)):
        mixed = first[:begin] + stranger[begin:end] + first[end:]
        assert machine.appraise(mixed, said).claims is None, (begin, end)


def test_only_the_challenge_answers_the_challenge(machine: Machine) -> None:
    data = bytes(range(1, 65))
    quote, said = machine.quote(report_data=data), machine.collateral()
    assert machine.appraise(quote, said, nonce=data).verdict is Verdict.PASS
    others = [data[:length] for length in range(64)]
    others += [(int.from_bytes(data, "big") ^ 1 << bit).to_bytes(64, "big") for bit in range(0, 512, 7)]
    for nonce in (*others, data + b"\0", data[::-1], bytes(64)):
        assert machine.appraise(quote, said, nonce=nonce).verdict is Verdict.FAIL, nonce
