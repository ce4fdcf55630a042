"""Genuine quotes that others published, and altered copies of them, as the index of the samples says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elastic_hal.reference_impl.verify import Appraisal, AppraisalPolicy, Verdict, verify
from elastic_hal.reference_impl.verify.tdx.policy import TCB_STATUSES, TdxPolicy

# What the index expects is the verdict on signatures and chain; the TCB status is compared by itself.
ANY_STATUS = AppraisalPolicy(tdx=TdxPolicy(tcb_status=TCB_STATUSES))
VERDICTS = {"accept": Verdict.PASS, "reject": Verdict.FAIL}


def appraise(quote: bytes, collateral: bytes, seconds: int) -> Appraisal:
    return verify(quote, collateral=collateral, at=datetime.fromtimestamp(seconds, UTC), policy=ANY_STATUS)


def test_samples_are_judged_as_expected(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["tdx"]:
        quote = (vectors / entry["quote"]).read_bytes()
        for verification in entry["verifications"]:
            collateral = (vectors / verification["collateral"]).read_bytes()
            appraisal = appraise(quote, collateral, verification["now_secs"])
            assert appraisal.verdict is VERDICTS[verification["expected"]], (entry["id"], appraisal.reason)
            if appraisal.claims is None:
                continue
            claims: dict[str, Any] = appraisal.claims.to_json()
            assert {name: claims[name] for name in entry["expect"]} == entry["expect"]
            for name in ("trailing_bytes", "quote_version", "body", "fmspc", "pck_ca", "debug"):
                assert claims[name] == entry[name]
            assert claims["tcb_status"] == verification["tcb_status"]
            assert claims["advisory_ids"] == verification["advisory_ids"]


def test_altered_copies_are_judged_as_expected(vectors_index: dict[str, Any], vectors: Path) -> None:
    entries = {entry["id"]: entry for entry in vectors_index["tdx"]}
    for altered in vectors_index["altered"]:
        if altered["base"] not in entries:
            continue
        entry = entries[altered["base"]]
        verification = entry["verifications"][0]
        quote = (vectors / entry["quote"]).read_bytes()
        collateral = (vectors / verification["collateral"]).read_bytes()
        seconds = verification["now_secs"]
        if altered["target"] == "quote":
            quote = alter(quote, altered["op"], vectors)
        elif altered["target"] == "collateral":
            collateral = alter_collateral(collateral, altered["op"])
        else:
            seconds = alter_time(seconds, altered["op"])
        appraisal = appraise(quote, collateral, seconds)
        assert appraisal.verdict is VERDICTS[altered["expected"]], (altered["id"], appraisal.reason)


def test_no_byte_of_a_sample_can_be_changed(vectors_index: dict[str, Any], vectors: Path) -> None:
    entry = vectors_index["tdx"][0]
    quote = (vectors / entry["quote"]).read_bytes()
    verification = entry["verifications"][0]
    collateral = (vectors / verification["collateral"]).read_bytes()
    for position in range(0, len(quote), 7):
        changed = bytearray(quote)
        changed[position] ^= 1 << position % 8
        appraisal = appraise(bytes(changed), collateral, verification["now_secs"])
        assert appraisal.claims is None, position


def alter(data: bytes, operation: dict[str, Any], vectors: Path) -> bytes:
    changed = bytearray(data)
    ((kind, value),) = operation.items()
    if kind == "xor":
        changed[value[0]] ^= value[1]
    elif kind == "zero":
        changed[value[0] : value[1]] = bytes(value[1] - value[0])
    elif kind == "truncate":
        del changed[value:]
    elif kind == "append":
        changed += bytes.fromhex(value)
    elif kind == "u32add":
        number = int.from_bytes(changed[value[0] : value[0] + 4], "little") + value[1]
        changed[value[0] : value[0] + 4] = (number & 0xFFFF_FFFF).to_bytes(4, "little")
    elif kind == "replace":
        return (vectors / value).read_bytes()
    else:
        raise AssertionError(f"the index has the unknown operation {kind}")
    return bytes(changed)


def alter_collateral(data: bytes, operation: dict[str, Any]) -> bytes:
    document = json.loads(data)
    ((kind, name),) = operation.items()
    value = document[name]
    middle = len(value) // 2
    if kind == "collateral_text":
        changed = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
    else:
        assert kind == "collateral_hex"
        content = bytearray.fromhex(value)
        content[len(content) // 2] ^= 1
        changed = content.hex()
    return json.dumps({**document, name: changed}).encode()


def alter_time(seconds: int, operation: dict[str, Any]) -> int:
    ((kind, value),) = operation.items()
    return int(datetime.fromisoformat(value).timestamp()) if kind == "set" else seconds + int(value)
