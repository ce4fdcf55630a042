"""Genuine evidence that others published, and altered copies of it, as the index of the samples says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl.verify import (
    Appraisal,
    AppraisalPolicy,
    CertificateFileError,
    Verdict,
    load_certificates,
    verify,
)

VERDICTS = {"accept": Verdict.PASS, "reject": Verdict.FAIL}
LENIENT = AppraisalPolicy(allow_debug=True)


class Sample:
    """The parts of a sample, each of which can be altered."""

    def __init__(self, entry: dict[str, Any], folder: Path) -> None:
        self.report = (folder / entry["report"]).read_bytes()
        self.vek = (folder / entry["vek"]).read_bytes()
        self.chain = (folder / entry["chain"]).read_bytes()
        self.time = entry["verify_time"]

    def appraise(self, **options: Any) -> Appraisal | None:
        """The appraisal; None where the certificates cannot even be read."""
        try:
            certificates: list[x509.Certificate] = [*load_certificates(self.vek), *load_certificates(self.chain)]
        except CertificateFileError:
            return None
        return verify(self.report, certificates=certificates, at=datetime.fromisoformat(self.time), **options)


def test_samples_are_judged_as_expected(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        sample = Sample(entry, vectors)
        lenient, strict = sample.appraise(policy=LENIENT), sample.appraise()
        assert lenient is not None
        assert strict is not None
        assert lenient.verdict is VERDICTS[entry["expected"]], (entry["id"], lenient.reason)
        assert strict.verdict is VERDICTS[entry["expected_default_policy"]], (entry["id"], strict.reason)


def test_the_fields_are_equal(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        appraisal = Sample(entry, vectors).appraise(policy=LENIENT)
        assert appraisal is not None
        assert appraisal.claims is not None
        claims: dict[str, Any] = appraisal.claims.to_json()
        assert {name: claims[name] for name in entry["expect"]} == entry["expect"]
        assert {name: claims["vek"][name] for name in entry["vek_ext"]} == entry["vek_ext"]
        assert claims["vek"]["type"] == entry["vek_type"]


def test_altered_samples_are_refused(vectors_index: dict[str, Any], vectors: Path) -> None:
    entries = {entry["id"]: entry for entry in vectors_index["snp"]}
    tried = 0
    for alteration in vectors_index["altered"]:
        if alteration["base"] not in entries:
            continue
        sample = Sample(entries[alteration["base"]], vectors)
        alter(sample, alteration["target"], alteration["op"], vectors)
        appraisal = sample.appraise(policy=LENIENT)
        assert appraisal is None or appraisal.verdict is VERDICTS[alteration["expected"]], alteration["id"]
        tried += 1
    assert tried


def test_no_byte_of_a_sample_can_be_changed(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        sample = Sample(entry, vectors)
        good = sample.report
        for position in range(len(good)):
            sample.report = good[:position] + bytes([good[position] ^ 1 << position % 8]) + good[position + 1 :]
            appraisal = sample.appraise(policy=LENIENT)
            assert appraisal is not None
            assert appraisal.verdict is Verdict.FAIL, (entry["id"], position)
            assert appraisal.reason


def test_no_byte_of_its_certificate_can_be_changed(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        sample = Sample(entry, vectors)
        good = sample.vek
        for position in range(len(good)):
            sample.vek = good[:position] + bytes([good[position] ^ 1 << position % 8]) + good[position + 1 :]
            appraisal = sample.appraise(policy=LENIENT)
            assert appraisal is None or appraisal.verdict is Verdict.FAIL, (entry["id"], position)


def test_a_sample_with_the_certificates_of_another(vectors_index: dict[str, Any], vectors: Path) -> None:
    every = [Sample(entry, vectors) for entry in vectors_index["snp"]]
    for sample in every:
        for other in every:
            if other is not sample:
                for part in ("vek", "chain", "report"):
                    mixed = Sample(vectors_index["snp"][every.index(sample)], vectors)
                    setattr(mixed, part, getattr(other, part))
                    appraisal = mixed.appraise(policy=LENIENT)
                    assert appraisal is not None
                    assert appraisal.verdict is Verdict.FAIL


def test_a_sample_with_its_certificates_in_a_table(vectors_index: dict[str, Any], vectors: Path) -> None:
    guids = ("63da758de6644564adc5f4b93be8accd", "4ab7b379bbac4fe4a02f05aef327c782", "c0b406a4a803495297433fb6014cd0ae")
    for entry in vectors_index["snp"]:
        sample = Sample(entry, vectors)
        if entry["vek_type"] != "vcek":
            continue
        chain = load_certificates(sample.chain)
        contents = (sample.vek, *(certificate.public_bytes(Encoding.DER) for certificate in chain))
        head, body = b"", b""
        for guid, content in zip(guids, contents, strict=True):
            place = 96 + len(body)
            head += bytes.fromhex(guid) + place.to_bytes(4, "little") + len(content).to_bytes(4, "little")
            body += content
        extended = sample.report + head + bytes(24) + body
        appraisal = verify(extended, at=datetime.fromisoformat(sample.time), policy=LENIENT)
        assert appraisal.verdict is VERDICTS[entry["expected"]], appraisal.reason


def test_the_nonce_of_a_sample(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        sample = Sample(entry, vectors)
        data = bytes.fromhex(entry["expect"]["report_data"])
        for nonce in (data, data.rstrip(b"\0") or b"\0"):
            accepted = sample.appraise(policy=LENIENT, nonce=nonce)
            assert accepted is not None
            assert accepted.verdict is VERDICTS[entry["expected"]]
        refused = sample.appraise(policy=LENIENT, nonce=b"\x01" + data[1:-1] + b"\x01")
        assert refused is not None
        assert refused.verdict is Verdict.FAIL


def test_reference_values_of_a_sample(vectors_index: dict[str, Any], vectors: Path) -> None:
    for entry in vectors_index["snp"]:
        measured = entry["expect"]["measurement"]
        text = f'version = 1\nallow_debug = true\n[measurements.platform]\n"sample" = "sha-384:{measured}"\n'
        policy = AppraisalPolicy.parse(text)
        appraisal = Sample(entry, vectors).appraise(policy=policy)
        assert appraisal is not None
        assert appraisal.verdict is VERDICTS[entry["expected"]]
        [check] = [check for check in appraisal.checks if check.name == "measurement platform"]
        assert check.detail == "is 'sample'"
        other = replace(policy.measurements["platform"][0], value=bytes(48))
        appraisal = Sample(entry, vectors).appraise(policy=replace(policy, measurements={"platform": (other,)}))
        assert appraisal is not None
        assert appraisal.verdict is Verdict.FAIL


def alter(sample: Sample, target: str, operation: dict[str, Any], folder: Path) -> None:
    """Carry an alteration out, as the index describes them."""
    [(name, value)] = operation.items()
    if name == "set":
        sample.time = value
        return
    content = bytearray(getattr(sample, target))
    if name == "xor":
        content[value[0]] ^= value[1]
    elif name == "zero":
        content[value[0] : value[1]] = bytes(value[1] - value[0])
    elif name == "truncate":
        del content[value:]
    elif name == "append":
        content += bytes.fromhex(value)
    elif name == "replace":
        content = bytearray((folder / value).read_bytes())
    elif name == "u32add":
        place = slice(value[0], value[0] + 4)
        number = (int.from_bytes(content[place], "little") + value[1]) % 2**32
        content[place] = number.to_bytes(4, "little")
    else:
        raise AssertionError(f"unknown alteration {name}")
    setattr(sample, target, bytes(content))
