"""The public key of a certificate, as its bytes are there."""

import datetime
import warnings
from typing import TypeAlias

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.tls.certificates import public_key_info

Key: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
KEYS: dict[str, Key] = {
    "p256": ec.generate_private_key(ec.SECP256R1()),
    "p384": ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "rsa": rsa.generate_private_key(65537, 2048),
}


def certificate(key: Key, names: int = 1) -> bytes:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"name {n}") for n in range(names)])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    return built.public_bytes(Encoding.DER)


def spki(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


CERTIFICATE = certificate(KEYS["p256"])


@pytest.mark.parametrize("names", [1, 40], ids=["short", "long"])
@pytest.mark.parametrize("kind", KEYS)
def test_it_is_the_key_of_the_certificate(kind: str, names: int) -> None:
    assert public_key_info(certificate(KEYS[kind], names)) == spki(KEYS[kind])


def test_a_certificate_of_version_1_has_no_version() -> None:
    # Without the field, behind the lengths of the two sequences that hold it.
    whole = certificate(KEYS["rsa"])
    body = whole[8:]
    assert body.startswith(b"\xa0\x03\x02\x01\x02")
    lengths = [int.from_bytes(whole[at : at + 2], "big") - 5 for at in (2, 6)]
    shorter = b"".join(b"\x30\x82" + length.to_bytes(2, "big") for length in lengths) + body[5:]
    assert public_key_info(shorter) == spki(KEYS["rsa"])


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        b"\x30",
        CERTIFICATE[:-1],
        CERTIFICATE + b"\0",
        b"\x31" + CERTIFICATE[1:],
        b"\x30\x80" + CERTIFICATE[4:] + b"\0\0",
        b"\x30\x83\0" + CERTIFICATE[2:4] + CERTIFICATE[4:],
        b"\x30\x85\0\0\0" + CERTIFICATE[2:4] + CERTIFICATE[4:],
        b"\x30\x03\x30\x81\x00",
    ],
    ids=["empty", "one byte", "cut", "more", "a set", "indefinite", "long length", "longer length", "wrong length"],
)
def test_another_form_is_refused(changed: bytes) -> None:
    assert public_key_info(changed) is None


@given(at=st.integers(0, len(CERTIFICATE) - 1), value=st.integers(0, 255))
def test_a_changed_certificate_is_refused_or_read_as_others_read_it(at: int, value: int) -> None:
    changed = CERTIFICATE[:at] + bytes([value]) + CERTIFICATE[at + 1 :]
    found = public_key_info(changed)
    if found is None:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what later versions will refuse
            key = x509.load_der_x509_certificate(changed).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        return  # a handshake ends here
    assert found == key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    found = public_key_info(data)
    assert found is None or found in data
