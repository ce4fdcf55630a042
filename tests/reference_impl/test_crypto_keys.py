"""Keys: what they are bound to, how they are made, what is refused, and that their material stays inside."""

import copy
import math
import pickle
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.crypto.key_making import MAX_KEY_MATERIAL_BYTES

provider = CryptoProvider()
Usage, Format = wit.KeyUsage, wit.KeyFormat
BOTH = Usage.SIGN | Usage.VERIFY
SEALING = Usage.ENCRYPT | Usage.DECRYPT
MACS = [wit.KeyAlgorithm_Mac(name) for name in wit.MacAlgorithm]
AEADS = [wit.KeyAlgorithm_Aead(name) for name in wit.AeadAlgorithm]
SIGNATURES = [wit.KeyAlgorithm_Signature(name) for name in wit.SignatureAlgorithm]
RSA = [bound for bound in SIGNATURES if bound.value.value.startswith("rsa")]
CURVES = [bound for bound in SIGNATURES if bound not in RSA]
ED25519 = wit.KeyAlgorithm_Signature(wit.SignatureAlgorithm.ED25519)
P256 = wit.KeyAlgorithm_Signature(wit.SignatureAlgorithm.ECDSA_P256_SHA_256)
RSA_256 = wit.KeyAlgorithm_Signature(wit.SignatureAlgorithm.RSA_PSS_SHA_256)
HMAC = wit.KeyAlgorithm_Mac(wit.MacAlgorithm.HMAC_SHA_256)


def name_of(bound: wit.KeyAlgorithm) -> str:
    return str(bound.value.value)


def usage_of(bound: wit.KeyAlgorithm) -> wit.KeyUsage:
    return SEALING if isinstance(bound, wit.KeyAlgorithm_Aead) else BOTH


def every_usage() -> Iterator[wit.KeyUsage]:
    return (Usage(value) for value in range(16))


@pytest.mark.parametrize("bound", [*MACS, *AEADS, *SIGNATURES], ids=name_of)
def test_a_generated_key_is_what_was_asked_for(bound: wit.KeyAlgorithm) -> None:
    key = provider.Key_generate(bound, usage_of(bound), False)
    kind = wit.KeyType.PRIVATE if bound in SIGNATURES else wit.KeyType.SECRET
    assert (key.algorithm(), key.key_type(), key.usage(), key.exportable()) == (bound, kind, usage_of(bound), False)
    for key_format in Format:
        with pytest.raises(types.Error_AccessDenied):
            key.export_key(key_format)


@pytest.mark.parametrize("bound", [HMAC, AEADS[0], ED25519], ids=name_of)
def test_only_uses_of_the_algorithm_are_taken(bound: wit.KeyAlgorithm) -> None:
    for usage in every_usage():
        if usage and not usage & ~usage_of(bound):
            assert provider.Key_generate(bound, usage, False).usage() == usage
        else:
            with pytest.raises(types.Error_InvalidArgument, match="usage"):
                provider.Key_generate(bound, usage, False)
            with pytest.raises(types.Error_InvalidArgument, match="usage"):
                provider.Key_import_key(bound, Format.RAW, bytes(32), usage, False)


@pytest.mark.parametrize("bound", [*MACS, *AEADS], ids=name_of)
def test_secret_keys_have_a_raw_form_only(bound: wit.KeyAlgorithm) -> None:
    key = provider.Key_generate(bound, usage_of(bound), True)
    material = key.export_key(Format.RAW)
    again = provider.Key_import_key(bound, Format.RAW, material, usage_of(bound), True)
    assert again.export_key(Format.RAW) == material
    for key_format in (Format.PKCS8, Format.SPKI):
        with pytest.raises(types.Error_InvalidArgument, match="format"):
            key.export_key(key_format)
        with pytest.raises(types.Error_InvalidArgument, match="format"):
            provider.Key_import_key(bound, key_format, material, usage_of(bound), True)
    with pytest.raises(types.Error_InvalidArgument, match="no public part"):
        key.public_key()


@pytest.mark.parametrize(
    ("bound", "good", "bad"),
    [
        (HMAC, (16, 20, 64, 1024), (0, 15, 1025)),
        (wit.KeyAlgorithm_Mac(wit.MacAlgorithm.AES_128_CMAC), (16,), (0, 15, 17, 32)),
        (wit.KeyAlgorithm_Mac(wit.MacAlgorithm.AES_256_CMAC), (32,), (16, 24, 33)),
        (wit.KeyAlgorithm_Aead(wit.AeadAlgorithm.AES_128_GCM), (16,), (15, 24, 32)),
        (wit.KeyAlgorithm_Aead(wit.AeadAlgorithm.AES_256_GCM), (32,), (16, 31, 33)),
        (wit.KeyAlgorithm_Aead(wit.AeadAlgorithm.CHACHA20_POLY1305), (32,), (0, 16, 64)),
    ],
    ids=lambda value: name_of(value) if hasattr(value, "value") else None,
)
def test_sizes_of_secret_keys(bound: wit.KeyAlgorithm, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    for size in good:
        provider.Key_import_key(bound, Format.RAW, bytes(size), usage_of(bound), False)
    for size in bad:
        with pytest.raises(types.Error_InvalidArgument, match="material: has"):
            provider.Key_import_key(bound, Format.RAW, bytes(size), usage_of(bound), False)


@pytest.mark.parametrize("bound", SIGNATURES, ids=name_of)
def test_key_pairs_survive_every_encoding_they_have(bound: wit.KeyAlgorithm) -> None:
    private = provider.Key_generate(bound, BOTH, True)
    public = private.public_key()
    signature = provider.sign(private, b"message")
    for key_format in (Format.RAW, Format.PKCS8) if bound in CURVES else (Format.PKCS8,):
        again = provider.Key_import_key(bound, key_format, private.export_key(key_format), BOTH, False)
        assert again.key_type() is wit.KeyType.PRIVATE
        provider.verify(public, b"other", provider.sign(again, b"other"))
    for key_format in (Format.RAW, Format.SPKI) if bound in CURVES else (Format.SPKI,):
        again = provider.Key_import_key(bound, key_format, public.export_key(key_format), Usage.VERIFY, False)
        assert (again.key_type(), again.exportable()) == (wit.KeyType.PUBLIC, True)
        provider.verify(again, b"message", signature)
    with pytest.raises(types.Error_InvalidArgument):
        private.export_key(Format.SPKI)
    with pytest.raises(types.Error_InvalidArgument):
        public.export_key(Format.PKCS8)


@pytest.mark.parametrize("bound", RSA, ids=name_of)
def test_rsa_has_no_raw_form(bound: wit.KeyAlgorithm) -> None:
    key = provider.Key_generate(bound, BOTH, True)
    for holder in (key, key.public_key()):
        with pytest.raises(types.Error_InvalidArgument, match="no raw encoding"):
            holder.export_key(Format.RAW)
    with pytest.raises(types.Error_InvalidArgument, match="no raw encoding"):
        provider.Key_import_key(bound, Format.RAW, bytes(256), BOTH, False)


def test_the_public_part_outlives_the_private_key_and_verifies_only() -> None:
    private = provider.Key_generate(ED25519, Usage.SIGN, False)
    public = private.public_key()
    again = public.public_key()
    assert again is not public
    signature = provider.sign(private, b"message")
    private.drop()
    public.drop()
    assert (again.usage(), again.exportable(), again.key_type()) == (Usage.VERIFY, True, wit.KeyType.PUBLIC)
    provider.verify(again, b"message", signature)


def test_public_keys_can_be_used_to_verify_only() -> None:
    for bound in (ED25519, P256, RSA_256):
        spki = provider.Key_generate(bound, BOTH, False).public_key().export_key(Format.SPKI)
        for usage in (Usage.SIGN, BOTH):
            with pytest.raises(types.Error_InvalidArgument, match="verify only"):
                provider.Key_import_key(bound, Format.SPKI, spki, usage, False)


def _rsa(bits: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def _pkcs8(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _from_factors(p: int, q: int) -> rsa.RSAPrivateKey:
    """Make an RSA key whose equations hold, whatever its factors are."""
    d = pow(65537, -1, math.lcm(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


HUGE_DIFFIE_HELLMAN = _der(
    0x30,
    bytes.fromhex("020100"),
    _der(
        0x30,
        bytes.fromhex("06092a864886f70d010301"),
        _der(0x30, _der(2, b"\x7f" + bytes(6999) + b"\1"), bytes.fromhex("020102")),
    ),
    _der(4, _der(2, b"\x7f" * 6990)),
)


def _refused_material() -> dict[str, tuple[wit.KeyAlgorithm, wit.KeyFormat, bytes, wit.KeyUsage]]:
    good, weak, unsafe = _rsa(2048), _rsa(1024), _rsa(2048, 3)
    curve, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    numbers = good.private_numbers()
    point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    compressed = curve.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    encrypted = curve.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    sec1 = curve.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    pkcs1 = good.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    pkcs1_public = good.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    inconsistent = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d + 2, numbers.dmp1, numbers.dmq1, numbers.iqmp, numbers.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    first, second = (_rsa(1024).private_numbers().p for _ in range(2))
    composite = _pkcs8(_from_factors(first * second, numbers.q))
    lopsided = _pkcs8(_from_factors(_rsa(3072).private_numbers().p, _rsa(1024).private_numbers().p))
    both, verify = BOTH, Usage.VERIFY
    return {
        "empty pkcs8": (ED25519, Format.PKCS8, b"", both),
        "empty spki": (ED25519, Format.SPKI, b"", verify),
        "short seed": (ED25519, Format.RAW, bytes(31), both),
        "long seed": (ED25519, Format.RAW, bytes(33), both),
        "point of small order": (ED25519, Format.RAW, b"\1" + bytes(31), verify),
        "zero scalar": (P256, Format.RAW, bytes(32), both),
        "scalar above the order": (P256, Format.RAW, b"\xff" * 32, both),
        "point off the curve": (P256, Format.RAW, point[:-1] + bytes([point[-1] ^ 1]), verify),
        "compressed point": (P256, Format.RAW, compressed, verify),
        "hybrid point": (P256, Format.RAW, bytes([6 + point[-1] % 2]) + point[1:], verify),
        "point at infinity": (P256, Format.RAW, b"\0", verify),
        "another curve": (P256, Format.PKCS8, _pkcs8(other), both),
        "another curve's public key": (P256, Format.SPKI, _spki(other), verify),
        "another kind": (P256, Format.PKCS8, _pkcs8(good), both),
        "another kind of public key": (RSA_256, Format.SPKI, _spki(curve), verify),
        "an EC key for Ed25519": (ED25519, Format.PKCS8, _pkcs8(curve), both),
        "RSA of 1024 bits": (RSA_256, Format.PKCS8, _pkcs8(weak), both),
        "RSA of 1024 bits, public": (RSA_256, Format.SPKI, _spki(weak), verify),
        "RSA with exponent 3": (RSA_256, Format.PKCS8, _pkcs8(unsafe), both),
        "RSA with exponent 3, public": (RSA_256, Format.SPKI, _spki(unsafe), verify),
        "inconsistent RSA": (RSA_256, Format.PKCS8, _pkcs8(inconsistent), both),
        "RSA with a factor that is no prime": (RSA_256, Format.PKCS8, composite, both),
        "RSA with a short prime": (RSA_256, Format.PKCS8, lopsided, both),
        "Diffie-Hellman": (RSA_256, Format.PKCS8, HUGE_DIFFIE_HELLMAN, both),
        "DSA": (RSA_256, Format.SPKI, _spki(dsa.generate_private_key(1024)), verify),
        "encrypted": (P256, Format.PKCS8, encrypted, both),
        "SEC 1 in place of PKCS#8": (P256, Format.PKCS8, sec1, both),
        "PKCS#1 in place of PKCS#8": (RSA_256, Format.PKCS8, pkcs1, both),
        "PKCS#1 in place of SPKI": (RSA_256, Format.SPKI, pkcs1_public, verify),
        "PEM in place of DER": (
            P256,
            Format.PKCS8,
            curve.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            both,
        ),
        "bytes behind PKCS#8": (P256, Format.PKCS8, _pkcs8(curve) + b"\0", both),
        "bytes behind SPKI": (P256, Format.SPKI, _spki(curve) + b"\0", verify),
        "cut PKCS#8": (P256, Format.PKCS8, _pkcs8(curve)[:-1], both),
        "public in place of private": (P256, Format.PKCS8, _spki(curve), both),
        "private in place of public": (P256, Format.SPKI, _pkcs8(curve), verify),
    }


REFUSED = _refused_material()


@pytest.mark.parametrize("name", REFUSED)
def test_material_that_is_no_such_key_is_refused(name: str) -> None:
    bound, key_format, material, usage = REFUSED[name]
    with pytest.raises(types.Error_InvalidArgument, match="material") as caught:
        provider.Key_import_key(bound, key_format, material, usage, True)
    assert caught.value.__cause__ is None
    assert not material or material.hex() not in str(caught.value)


@pytest.mark.parametrize("bound", [HMAC, AEADS[0], *SIGNATURES], ids=name_of)
def test_long_material_is_refused_unread(bound: wit.KeyAlgorithm) -> None:
    for key_format in Format:
        with pytest.raises(types.Error_LimitExceeded, match="material"):
            provider.Key_import_key(bound, key_format, bytes(MAX_KEY_MATERIAL_BYTES + 1), usage_of(bound), False)


@given(
    bound=st.sampled_from([HMAC, AEADS[0], *SIGNATURES]),
    key_format=st.sampled_from(Format),
    material=st.binary(max_size=150),
    usage=st.sampled_from(list(every_usage())),
)
def test_any_material_gives_a_key_or_a_typed_error(
    bound: wit.KeyAlgorithm, key_format: wit.KeyFormat, material: bytes, usage: wit.KeyUsage
) -> None:
    try:
        provider.Key_import_key(bound, key_format, material, usage, False)
    except types.Error_InvalidArgument:
        return


@given(position=st.integers(0, 10_000), value=st.integers(1, 255), bound=st.sampled_from(CURVES))
def test_changed_encodings_give_a_key_or_a_typed_error(position: int, value: int, bound: wit.KeyAlgorithm) -> None:
    made = provider.Key_generate(bound, BOTH, True)
    for key_format, holder, usage in ((Format.PKCS8, made, BOTH), (Format.SPKI, made.public_key(), Usage.VERIFY)):
        changed = bytearray(holder.export_key(key_format))
        changed[position % len(changed)] ^= value
        try:
            provider.Key_import_key(bound, key_format, bytes(changed), usage, False)
        except types.Error_InvalidArgument:
            continue


def test_a_key_shows_nothing_of_itself() -> None:
    secret = bytes(range(0x30, 0x50))
    key = provider.Key_import_key(HMAC, Format.RAW, secret, BOTH, False)
    shown = repr(key) + str(key) + repr(vars(key))
    assert "hmac-sha-256" in repr(key)
    assert secret.decode() not in shown
    assert secret.hex() not in shown
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(key)


def test_dropping_a_key_erases_it() -> None:
    key = provider.Key_import_key(HMAC, Format.RAW, b"k" * 32, BOTH, True)
    material = key.material  # type: ignore[attr-defined]
    context = provider.MacContext_start(key)
    expected = provider.compute_mac(key, b"message")
    key.drop()
    key.drop()
    assert bytes(material.value) == bytes(32)
    context.update(b"message")
    assert context.finish() == expected
    with pytest.raises(types.Error_InvalidState):
        provider.compute_mac(key, b"message")
    assert repr(key) == "<dropped key>"
