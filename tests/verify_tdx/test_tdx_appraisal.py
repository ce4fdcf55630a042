"""The appraisal of quotes: what is accepted, what is refused and why, over a hierarchy of Intel's shape."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.platforms.emulator.intel_authority import PlatformIdentity
from elastic_hal.reference_impl.platforms.emulator.intel_quote import QuoteSigner, QuotingEnclave, TdReport
from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Check, EvidenceFormat, Verdict
from elastic_hal.reference_impl.verify.emulated import EMULATED_WARNING
from elastic_hal.reference_impl.verify.tdx import origin

from .conftest import AT, START, Machine, new_machine

Find = Callable[[Appraisal, str], Check]


def policy(text: str = "") -> AppraisalPolicy:
    return AppraisalPolicy.parse(f"version = 1\nallow_emulated = true\n[tdx]\n{text}\n")


@pytest.mark.parametrize(("version", "body_type"), [(4, 2), (5, 2), (5, 3)])
def test_quotes_of_both_versions_are_accepted(machine: Machine, version: int, body_type: int) -> None:
    appraisal = machine.appraise(machine.quote(version, body_type, padding=33))
    assert appraisal.verdict is Verdict.PASS, appraisal.reason
    assert appraisal.format is EvidenceFormat.TDX_QUOTE
    claims = appraisal.require().to_json()
    assert (claims["quote_version"], claims["emulated"], claims["trailing_bytes"]) == (version, True, 33)
    assert appraisal.warnings == (EMULATED_WARNING,)


def test_a_body_with_the_extension_is_accepted_and_all_of_it_is_signed(machine: Machine) -> None:
    content = bytes(range(237))
    quote = machine.extended_quote(content)
    appraisal = machine.appraise(quote)
    assert appraisal.verdict is Verdict.PASS, appraisal.reason
    claims: dict[str, Any] = appraisal.require().to_json()
    assert claims["body"] == "TdReport15Ex"
    assert claims["extension"]["td_id"] == content[1:33].hex()
    assert json.dumps(claims["extension"])
    for offset in (0, 1, 40, 100, 140, 236):
        changed = bytearray(quote)
        changed[48 + 6 + 648 + offset] ^= 1
        assert machine.appraise(bytes(changed)).claims is None


def test_an_emulated_machine_is_refused_unless_allowed(machine: Machine) -> None:
    appraisal = machine.appraise(machine.quote(), policy=AppraisalPolicy())
    assert appraisal.reason is not None
    assert appraisal.reason.startswith("platform type: an emulated platform")


def test_an_unknown_root_is_refused(machine: Machine) -> None:
    assert "unknown root" in str(machine.appraise(machine.quote(), anchors=[]).reason)
    other = new_machine()
    assert "unknown root" in str(machine.appraise(machine.quote(), anchors=[other.authority.root]).reason)


def test_a_root_that_is_not_intel_s_is_warned_of() -> None:
    other = new_machine(marked=False)
    appraisal = other.appraise(other.quote(), policy=AppraisalPolicy())
    assert appraisal.verdict is Verdict.PASS
    assert "the root is not Intel's" in appraisal.warnings[0]


def test_without_collateral_nobody_can_tell(machine: Machine) -> None:
    appraisal = machine.appraise(machine.quote(), collateral=None)
    assert appraisal.claims is None
    assert "nobody can tell the state of the machine's TCB" in str(appraisal.reason)


def test_collateral_of_another_authority_is_refused(machine: Machine) -> None:
    appraisal = machine.appraise(machine.quote(), new_machine().collateral())
    assert str(appraisal.reason).startswith("certificate chain")


def test_collateral_for_other_machines_is_refused(machine: Machine) -> None:
    other = Machine(machine.authority, machine.signer, PlatformIdentity(fmspc=bytes(6)))
    assert machine.appraise(machine.quote(), other.collateral()).claims is None


@pytest.mark.parametrize("days", [-1, 31])
def test_collateral_of_another_time_is_refused(machine: Machine, days: int) -> None:
    appraisal = machine.appraise(machine.quote(), machine.collateral(), at=AT + timedelta(days=days))
    assert appraisal.claims is None


@pytest.mark.parametrize("year", [1960, 2025, 2060, 9999])
def test_certificates_of_another_time_are_refused(machine: Machine, year: int) -> None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    assert machine.appraise(machine.quote(), machine.collateral(), at=at).claims is None


def test_a_revoked_machine_is_refused(machine: Machine) -> None:
    serial = machine.signer.provisioning.certificate.serial_number
    assert machine.appraise(machine.quote(), machine.collateral(revoked=(serial,))).claims is None
    assert machine.appraise(machine.quote(), machine.collateral(revoked=(serial + 1,))).verdict is Verdict.PASS


@pytest.mark.parametrize("status", ["OutOfDate", "SWHardeningNeeded", "ConfigurationNeeded"])
def test_the_tcb_status_is_the_policy_s_to_judge(machine: Machine, find_check: Find, status: str) -> None:
    said = machine.collateral(status=status, advisories=("INTEL-SA-00001",))
    refused = machine.appraise(machine.quote(), said)
    assert find_check(refused, "TCB status").verdict is Verdict.FAIL
    assert refused.claims is not None
    assert refused.claims.to_json()["tcb_status"] == status
    assert refused.claims.to_json()["advisory_ids"] == ["INTEL-SA-00001"]
    allowed = machine.appraise(machine.quote(), said, policy=policy(f'tcb_status = ["UpToDate", "{status}"]'))
    assert allowed.verdict is Verdict.PASS


def test_the_enclave_s_status_counts_too(machine: Machine, find_check: Find) -> None:
    appraisal = machine.appraise(machine.quote(), machine.collateral(enclave_status="OutOfDate"))
    check = find_check(appraisal, "TCB status")
    assert check.verdict is Verdict.FAIL
    assert check.value == "OutOfDate (machine UpToDate, quoting enclave OutOfDate)"


def test_a_revoked_tcb_cannot_be_allowed(machine: Machine) -> None:
    said = machine.collateral(status="Revoked")
    every = '"UpToDate", "OutOfDate", "SWHardeningNeeded", "ConfigurationNeeded"'
    assert machine.appraise(machine.quote(), said, policy=policy(f"tcb_status = [{every}]")).claims is None


def test_an_older_machine_than_the_collateral_knows_is_refused(machine: Machine) -> None:
    assert machine.appraise(machine.quote(tee_tcb_svn=bytes((5, 1, 3)).ljust(16, b"\0"))).claims is None


def test_an_enclave_of_another_signer_is_refused(machine: Machine) -> None:
    strange = QuoteSigner(machine.signer.provisioning, enclave=QuotingEnclave(mr_signer=b"\x66" * 32))
    changed = Machine(machine.authority, strange)
    assert machine.appraise(changed.quote()).claims is None


@pytest.mark.parametrize("lenient", [False, True])
def test_a_guest_under_a_debugger_is_refused(machine: Machine, lenient: bool) -> None:
    quote = machine.quote(td_attributes=(1 | 1 << 28).to_bytes(8, "little"))
    allowing = AppraisalPolicy(allow_emulated=True, allow_debug=lenient)
    appraisal = machine.appraise(quote, policy=allowing)
    assert appraisal.verdict is Verdict.FAIL
    assert "under a debugger" in str(appraisal.reason)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"td_attributes": bytes(8)}, "SEPT_VE_DISABLE"),
        ({"td_attributes": (1 << 28 | 1 << 29).to_bytes(8, "little")}, "moved to another machine"),
        ({"td_attributes": (1 << 28 | 1 << 17).to_bytes(8, "little")}, "allow service TDs"),
        ({"td_attributes": (1 << 28 | 1 << 5).to_bytes(8, "little")}, "profiling"),
        ({"td_attributes": (1 << 28 | 1 << 33).to_bytes(8, "little")}, "not defined"),
        ({"tee_tcb_svn2": bytes((6, 1, 2)).ljust(16, b"\0")}, "present TCB is older"),
        ({"mr_service_td": b"\x01" * 48}, "service TD"),
        ({"mr_signer_seam": b"\x01" * 48}, "TDX module is none"),
        ({"tee_tcb_svn": bytes((6, 1, 2)).ljust(16, b"\0")}, "older than every level"),
    ],
)
def test_what_weakens_a_guest_is_refused(machine: Machine, fields: dict[str, bytes], reason: str) -> None:
    appraisal = machine.appraise(machine.quote(5, 3, **fields))
    assert appraisal.claims is None
    assert reason in str(appraisal.reason)


class PanicException(BaseException):
    """What a panic in Rust arrives as."""


@pytest.mark.parametrize("error", [PanicException("index out of bounds"), OverflowError("x"), MemoryError()])
def test_a_fault_of_the_library_refuses_the_quote(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(origin.dcap_qvl, "QuoteVerifier", fail)
    appraisal = machine.appraise(machine.quote())
    assert appraisal.claims is None
    assert str(appraisal.reason).startswith("signature")


def test_an_interrupt_passes_through(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(origin.dcap_qvl, "QuoteVerifier", interrupt)
    with pytest.raises(KeyboardInterrupt):
        machine.appraise(machine.quote())


def test_a_forged_body_is_refused(machine: Machine) -> None:
    changed = bytearray(machine.quote())
    changed[184] ^= 1
    appraisal = machine.appraise(bytes(changed))
    assert appraisal.claims is None
    assert str(appraisal.reason).startswith("signature")


def test_the_nonce_is_the_report_data(machine: Machine, find_check: Find) -> None:
    quote = machine.quote(report_data=b"challenge".ljust(64, b"\0"))
    assert find_check(machine.appraise(quote, nonce=b"challenge"), "report data").verdict is Verdict.PASS
    assert find_check(machine.appraise(quote, nonce=b"another"), "report data").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[tdx.mrtd]\n"x" = "{good}"', "mrtd"),
        ('[tdx.rtmr2]\n"x" = "{good}"', "rtmr2"),
        ('[tdx.mr_owner]\n"x" = "{good}"', "mr_owner"),
    ],
)
def test_reference_values_by_name(machine: Machine, find_check: Find, text: str, name: str) -> None:
    good = b"\x07" * 48
    registers = (bytes(48), bytes(48), good, bytes(48))
    quote = machine.quote(mrtd=good, mr_owner=good, rtmrs=registers)
    asked = AppraisalPolicy.parse("version = 1\nallow_emulated = true\n" + text.format(good=good.hex()))
    passed = find_check(machine.appraise(quote, policy=asked), name)
    assert (passed.verdict, passed.detail) == (Verdict.PASS, "is 'x'")
    failed = machine.appraise(machine.quote(), policy=asked)
    assert find_check(failed, name).verdict is Verdict.FAIL


def test_a_value_that_a_quote_does_not_have_is_not_met(machine: Machine, find_check: Find) -> None:
    asked = AppraisalPolicy.parse(
        f'version = 1\nallow_emulated = true\n[tdx.mr_service_td]\n"none" = "{bytes(48).hex()}"'
    )
    assert find_check(machine.appraise(machine.quote(), policy=asked), "mr_service_td").verdict is Verdict.FAIL
    newer = machine.appraise(machine.quote(5, 3), policy=asked)
    assert find_check(newer, "mr_service_td").verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ('reject_advisories = ["INTEL-SA-00001"]', "advisories", Verdict.FAIL),
        ('reject_advisories = ["INTEL-SA-00002"]', "advisories", Verdict.PASS),
        ('accept_advisories = ["INTEL-SA-00001"]', "advisories", Verdict.PASS),
        ("accept_advisories = []", "advisories", Verdict.FAIL),
        ("min_tcb_evaluation = 17", "TCB evaluation", Verdict.PASS),
        ("min_tcb_evaluation = 18", "TCB evaluation", Verdict.FAIL),
        ('forbid_platform = ["smt"]', "platform state", Verdict.FAIL),
    ],
)
def test_other_demands(machine: Machine, find_check: Find, text: str, name: str, verdict: Verdict) -> None:
    said = machine.collateral(advisories=("INTEL-SA-00001",))
    assert find_check(machine.appraise(machine.quote(), said, policy=policy(text)), name).verdict is verdict


def test_a_machine_that_switched_something_off() -> None:
    quiet = new_machine(identity=PlatformIdentity(smt=False))
    assert quiet.appraise(quiet.quote(), policy=policy('forbid_platform = ["smt"]')).verdict is Verdict.PASS


def change(document: dict[str, Any], name: str) -> Any:
    value = document[name]
    middle = len(value) // 2
    other = "A" if value[middle] != "A" else "B"
    return value[:middle] + other + value[middle + 1 :]


@pytest.mark.parametrize("name", sorted(json.loads(new_machine().collateral())))
def test_no_entry_of_the_collateral_can_be_changed_or_left_out(machine: Machine, name: str) -> None:
    document = json.loads(machine.collateral())
    quote = machine.quote()
    for altered in (
        {**document, name: change(document, name)},
        {**document, name: ""},
        {**document, name: None},
        {**document, name: [document[name]]},
        {key: value for key, value in document.items() if key != name},
    ):
        assert machine.appraise(quote, json.dumps(altered).encode()).claims is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":1,"a":1}', b'{"surprise": 1}', b"x" * 5_000_000],
    ids=lambda content: repr(content[:10]),
)
def test_collateral_that_is_none_is_refused(machine: Machine, content: bytes) -> None:
    appraisal = machine.appraise(machine.quote(), content)
    assert str(appraisal.reason).startswith("collateral")


def test_two_entries_of_one_name_are_refused(machine: Machine) -> None:
    text = machine.collateral().decode()
    assert machine.appraise(machine.quote(), ('{"tcb_info": "x", ' + text[1:]).encode()).claims is None


def test_the_hierarchy_is_of_the_stated_time() -> None:
    young = new_machine()
    assert young.authority.root.not_valid_before_utc == START


@pytest.mark.parametrize(
    ("change", "accepted"),
    [
        (lambda pem: pem, True),
        (lambda pem: pem + b"\0", True),
        (lambda pem: pem[:-1], True),
        (lambda pem: pem.replace(b"\n", b"\r\n"), True),
        (lambda pem: pem + b"\n", False),
        (lambda pem: pem + b"\0\0", False),
        (lambda pem: pem[:-1] + b"\0", False),
        (lambda pem: b"text\n" + pem, False),
        (lambda pem: pem.replace(b"\n", b"\x0b"), False),
        (lambda pem: b"", False),
        (lambda pem: pem * 3, False),
        (lambda pem: pem + b" " * 40_000, False),
        (lambda pem: pem[: pem.index(b"-----END") + 26], False),
        (lambda pem: b"".join(reversed(pem.partition(b"-----END CERTIFICATE-----\n"))), False),
    ],
)
def test_a_chain_has_one_spelling(machine: Machine, change: Callable[[bytes], bytes], accepted: bool) -> None:
    provisioning = machine.signer.provisioning

    class Changed(type(provisioning)):  # type: ignore[misc]
        def pem(self) -> bytes:
            return change(provisioning.pem())

    strange = Changed(provisioning.key, provisioning.certificate, provisioning.chain)
    signed = QuoteSigner(strange).quote(TdReport())
    # The emulated enclave ends the text with a zero, which is not wanted here.
    length = len(change(provisioning.pem()))
    assert signed.endswith(b"\0")
    quote = bytearray(signed[:-1])
    start = len(quote) - length
    quote[start - 4 : start] = length.to_bytes(4, "little")
    for position in (632, 766):
        shorter = int.from_bytes(quote[position : position + 4], "little") - 1
        quote[position : position + 4] = shorter.to_bytes(4, "little")
    appraisal = machine.appraise(bytes(quote))
    assert (appraisal.claims is not None) == accepted, appraisal.reason


def test_a_chain_may_leave_the_root_out(machine: Machine) -> None:
    provisioning = dataclasses.replace(machine.signer.provisioning, chain=machine.signer.provisioning.chain[:1])
    signed = QuoteSigner(provisioning).quote(TdReport())
    assert machine.appraise(signed).verdict is Verdict.PASS


@pytest.mark.parametrize(("place", "reason"), [(0, "is not signed by"), (1, "is not signed by"), (2, "unknown root")])
def test_a_certificate_with_a_broken_signature_is_named(machine: Machine, place: int, reason: str) -> None:
    provisioning = machine.signer.provisioning
    chain = [provisioning.certificate, *provisioning.chain]
    encoded = bytearray(chain[place].public_bytes(Encoding.DER))
    encoded[-1] ^= 1
    chain[place] = x509.load_der_x509_certificate(bytes(encoded))
    broken = dataclasses.replace(provisioning, certificate=chain[0], chain=tuple(chain[1:]))
    appraisal = machine.appraise(QuoteSigner(broken).quote(TdReport()))
    assert appraisal.claims is None
    assert reason in str(appraisal.reason)


@pytest.mark.parametrize("name", ["pck_crl", "root_ca_crl"])
def test_a_forged_or_old_revocation_list_is_named(machine: Machine, name: str) -> None:
    document = json.loads(machine.collateral())
    forged = {**document, name: document[name][:-2] + format(int(document[name][-2:], 16) ^ 1, "02x")}
    assert "is not signed by its issuer" in str(machine.appraise(machine.quote(), json.dumps(forged).encode()).reason)
    old = json.loads(machine.collateral(AT - timedelta(days=60)))
    stale = {**document, name: old[name]}
    assert "is out of date" in str(machine.appraise(machine.quote(), json.dumps(stale).encode()).reason)
    swapped = {**document, "pck_crl": document["root_ca_crl"], "root_ca_crl": document["pck_crl"]}
    assert "is not signed by its issuer" in str(machine.appraise(machine.quote(), json.dumps(swapped).encode()).reason)
