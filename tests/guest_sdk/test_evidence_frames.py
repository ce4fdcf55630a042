"""Frames of attested TLS: what is written is read again, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.guest_sdk import evidence_frames as frames
from elastic_hal.guest_sdk.evidence_frames import FrameError, Kind


@given(st.binary(max_size=3000), st.lists(st.binary(max_size=300), max_size=frames.MOST_CERTIFICATES))
def test_evidence_comes_back(evidence, certificates):
    whole = frames.frame(Kind.EVIDENCE, frames.write_evidence(evidence, certificates))
    kind, length = frames.read_header(whole[: frames.HEADER_BYTES])
    body = whole[frames.HEADER_BYTES :]
    assert (kind, length) == (Kind.EVIDENCE, len(body))
    assert frames.read_evidence(body) == (evidence, certificates)


def test_the_form_is_the_documented_one():
    assert frames.frame(Kind.ACCEPTED) == bytes.fromhex("02 00000000")
    assert frames.frame(Kind.REFUSED) == bytes.fromhex("03 00000000")
    body = frames.write_evidence(b"\xaa\xbb", [b"\xcc"])
    assert frames.frame(Kind.EVIDENCE, body) == bytes.fromhex("01 0000000c 01 00000002 aabb 00000001 cc")


@given(st.binary(min_size=frames.HEADER_BYTES, max_size=frames.HEADER_BYTES))
def test_any_header_is_read_or_refused(header):
    try:
        kind, length = frames.read_header(header)
    except FrameError:
        return
    assert length <= (frames.MOST_BODY_BYTES if kind is Kind.EVIDENCE else 0)
    assert header == bytes([kind]) + length.to_bytes(4, "big")


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body):
    try:
        evidence, certificates = frames.read_evidence(body)
    except FrameError:
        return
    assert frames.write_evidence(evidence, certificates) == body


@pytest.mark.parametrize(
    "header",
    ["00 00000000", "04 00000000", "01 00100001", "01 ffffffff", "02 00000001", "03 00000001"],
)
def test_a_header_out_of_bounds(header):
    with pytest.raises(FrameError):
        frames.read_header(bytes.fromhex(header))


@pytest.mark.parametrize(
    "body",
    ["", "01", "02 00000001 aa", "01 00000002 aa", "01 000000", "01 00000001 aa 00000001", "01 ffffffff aa"],
)
def test_a_body_that_is_no_evidence(body):
    with pytest.raises(FrameError):
        frames.read_evidence(bytes.fromhex(body))


def test_no_more_certificates_than_the_host_takes():
    frames.read_evidence(frames.write_evidence(b"e", [b"c"] * 16))
    with pytest.raises(FrameError, match="16 certificates"):
        frames.read_evidence(frames.write_evidence(b"e", [b"c"] * 17))


def test_no_frame_is_longer_than_1_mib():
    assert len(frames.frame(Kind.EVIDENCE, bytes(1 << 20))) == (1 << 20) + 5
    with pytest.raises(FrameError, match="1048576"):
        frames.frame(Kind.EVIDENCE, bytes((1 << 20) + 1))
