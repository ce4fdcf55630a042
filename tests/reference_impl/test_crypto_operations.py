"""Operations on keys: uses, kinds, bounds, nonces, contexts, and what belongs together."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.crypto import CryptoProvider, nonces

MIB = 1 << 20
provider = CryptoProvider()
ALLOWANCE = nonces.NonceAllowance()
Usage = wit.KeyUsage
HMAC = wit.KeyAlgorithm_Mac(wit.MacAlgorithm.HMAC_SHA_256)
GCM = wit.KeyAlgorithm_Aead(wit.AeadAlgorithm.AES_256_GCM)
ED25519 = wit.KeyAlgorithm_Signature(wit.SignatureAlgorithm.ED25519)
BOTH, SEALING = Usage.SIGN | Usage.VERIFY, Usage.ENCRYPT | Usage.DECRYPT
Call = Callable[[wit.Key], object]


def key(bound: wit.KeyAlgorithm, usage: wit.KeyUsage) -> wit.Key:
    return provider.Key_generate(bound, usage, False)


MAC_CALLS: dict[str, tuple[Call, wit.KeyUsage]] = {
    "compute": (lambda k: provider.compute_mac(k, b""), Usage.SIGN),
    "verify": (lambda k: provider.verify_mac(k, b"", bytes(32)), Usage.VERIFY),
    "finish": (lambda k: provider.MacContext_start(k).finish(), Usage.SIGN),
    "context verify": (lambda k: provider.MacContext_start(k).verify(bytes(32)), Usage.VERIFY),
}
AEAD_CALLS: dict[str, tuple[Call, wit.KeyUsage]] = {
    "encrypt": (lambda k: provider.aead_encrypt(k, b"", b""), Usage.ENCRYPT),
    "encrypt with nonce": (lambda k: provider.aead_encrypt_with_nonce(k, bytes(12), b"", b""), Usage.ENCRYPT),
    "decrypt": (lambda k: provider.aead_decrypt(k, bytes(12), bytes(16), b""), Usage.DECRYPT),
}
SIGNATURE_CALLS: dict[str, tuple[Call, wit.KeyUsage]] = {
    "sign": (lambda k: provider.sign(k, b""), Usage.SIGN),
    "verify": (lambda k: provider.verify(k, b"", bytes(64)), Usage.VERIFY),
}
Family = tuple[wit.KeyAlgorithm, wit.KeyUsage, dict[str, tuple[Call, wit.KeyUsage]]]
FAMILIES: list[Family] = [(HMAC, BOTH, MAC_CALLS), (GCM, SEALING, AEAD_CALLS), (ED25519, BOTH, SIGNATURE_CALLS)]


def test_a_use_that_the_key_was_not_made_for_is_denied() -> None:
    for bound, whole, calls in FAMILIES:
        for call, needed in calls.values():
            with pytest.raises(types.Error_AccessDenied):
                call(key(bound, whole & ~needed))


def test_a_key_of_another_kind_is_an_invalid_argument() -> None:
    for _, _, calls in FAMILIES:
        for bound, usage, other in FAMILIES:
            if other is not calls:
                for call, _ in calls.values():
                    with pytest.raises(types.Error_InvalidArgument, match="key"):
                        call(key(bound, usage))


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(types.Error_InvalidArgument, match="public key cannot sign"):
        provider.sign(key(ED25519, BOTH).public_key(), b"")


def test_bounds_hold_to_the_byte() -> None:
    most, more = bytes(MIB), bytes(MIB + 1)
    mac, aead, pair = key(HMAC, BOTH), key(GCM, SEALING), key(ED25519, BOTH)
    hasher, context = provider.Hasher_start(wit.HashAlgorithm.SHA_256), provider.MacContext_start(mac)
    sealed = provider.aead_encrypt(aead, most, most)
    assert provider.aead_decrypt(aead, sealed.nonce, sealed.ciphertext, most) == most
    provider.verify_mac(mac, most, provider.compute_mac(mac, most))
    provider.verify(pair, most, provider.sign(pair, most))
    hasher.update(most)
    context.update(most)
    for refused in (
        lambda: provider.hash(wit.HashAlgorithm.BLAKE3, more),
        lambda: hasher.update(more),
        lambda: context.update(more),
        lambda: provider.compute_mac(mac, more),
        lambda: provider.verify_mac(mac, more, b""),
        lambda: provider.verify_mac(mac, b"", more),
        lambda: context.verify(more),
        lambda: provider.aead_encrypt(aead, more, b""),
        lambda: provider.aead_encrypt(aead, b"", more),
        lambda: provider.aead_encrypt_with_nonce(aead, bytes(12), more, b""),
        lambda: provider.aead_encrypt_with_nonce(aead, bytes(12), b"", more),
        lambda: provider.aead_encrypt_with_nonce(aead, more, b"", b""),
        lambda: provider.aead_decrypt(aead, bytes(12), bytes(MIB + 17), b""),
        lambda: provider.aead_decrypt(aead, bytes(12), b"", more),
        lambda: provider.sign(pair, more),
        lambda: provider.verify(pair, more, b""),
        lambda: provider.verify(pair, b"", more),
    ):
        with pytest.raises(types.Error_LimitExceeded):
            refused()
    assert hasher.finish() == provider.hash(wit.HashAlgorithm.SHA_256, most)
    assert context.finish() == provider.compute_mac(mac, most)


@given(parts=st.lists(st.binary(max_size=300), max_size=5), algorithm=st.sampled_from(wit.HashAlgorithm))
def test_parts_hash_as_the_whole(parts: list[bytes], algorithm: wit.HashAlgorithm) -> None:
    hasher = provider.Hasher_start(algorithm)
    for part in parts:
        hasher.update(part)
    assert hasher.finish() == provider.hash(algorithm, b"".join(parts))


@given(parts=st.lists(st.binary(max_size=300), max_size=5), algorithm=st.sampled_from(wit.MacAlgorithm))
def test_parts_are_authenticated_as_the_whole(parts: list[bytes], algorithm: wit.MacAlgorithm) -> None:
    made = key(wit.KeyAlgorithm_Mac(algorithm), BOTH)
    context, checking = provider.MacContext_start(made), provider.MacContext_start(made)
    for part in parts:
        context.update(part)
        checking.update(part)
    tag = context.finish()
    assert tag == provider.compute_mac(made, b"".join(parts))
    checking.verify(tag)


def test_a_finished_hasher_is_finished() -> None:
    hasher = provider.Hasher_start(wit.HashAlgorithm.SHA_256)
    hasher.finish()
    for refused in (hasher.finish, lambda: hasher.update(b"")):
        with pytest.raises(types.Error_InvalidState):
            refused()


def test_a_mac_context_ends_once_and_a_denied_call_does_not_end_it() -> None:
    made = key(HMAC, BOTH)
    for ending in ("finish", "good", "bad"):
        context = provider.MacContext_start(made)
        if ending == "finish":
            context.finish()
        elif ending == "good":
            context.verify(provider.compute_mac(made, b""))
        else:
            with pytest.raises(types.Error_VerificationFailed):
                context.verify(bytes(32))
        for refused in (context.finish, lambda: context.update(b""), lambda: context.verify(bytes(32))):  # noqa: B023
            with pytest.raises(types.Error_InvalidState):
                refused()
    context = provider.MacContext_start(key(HMAC, Usage.SIGN))
    with pytest.raises(types.Error_AccessDenied):
        context.verify(bytes(32))
    assert len(context.finish()) == 32


@given(message=st.binary(max_size=50), bit=st.integers(0, 255), cut=st.integers(0, 31))
def test_only_the_whole_tag_is_accepted(message: bytes, bit: int, cut: int) -> None:
    made = key(HMAC, BOTH)
    tag = provider.compute_mac(made, message)
    changed = bytearray(tag)
    changed[bit // 8] ^= 1 << (bit % 8)
    for wrong in (bytes(changed), tag[:cut], tag + b"\0", b""):
        with pytest.raises(types.Error_VerificationFailed):
            provider.verify_mac(made, message, wrong)


@given(
    algorithm=st.sampled_from(wit.AeadAlgorithm),
    plaintext=st.binary(max_size=100),
    associated=st.binary(max_size=50),
    position=st.integers(0, 10_000),
)
def test_ciphertext_nonce_data_and_key_belong_together(
    algorithm: wit.AeadAlgorithm, plaintext: bytes, associated: bytes, position: int
) -> None:
    bound = wit.KeyAlgorithm_Aead(algorithm)
    made = key(bound, SEALING)
    sealed = provider.aead_encrypt(made, plaintext, associated)
    assert len(sealed.ciphertext) == len(plaintext) + 16
    assert provider.aead_decrypt(made, sealed.nonce, sealed.ciphertext, associated) == plaintext
    changed = bytearray(sealed.ciphertext)
    changed[position % len(changed)] ^= 1
    nonce = bytearray(sealed.nonce)
    nonce[position % 12] ^= 1
    for arguments in (
        (made, sealed.nonce, bytes(changed), associated),
        (made, bytes(nonce), sealed.ciphertext, associated),
        (made, sealed.nonce, sealed.ciphertext, associated + b"\0"),
        (made, sealed.nonce, sealed.ciphertext[:-1], associated),
        (made, sealed.nonce, sealed.ciphertext[: position % 16], associated),
        (key(bound, SEALING), sealed.nonce, sealed.ciphertext, associated),
    ):
        with pytest.raises(types.Error_VerificationFailed) as caught:
            provider.aead_decrypt(*arguments)
        assert caught.value.args == ()


@pytest.mark.parametrize("size", [0, 8, 11, 13, 16])
def test_nonces_have_one_length(size: int) -> None:
    made = key(GCM, SEALING)
    calls: list[Callable[[], object]] = [
        lambda: provider.aead_encrypt_with_nonce(made, bytes(size), b"", b""),
        lambda: provider.aead_decrypt(made, bytes(size), bytes(16), b""),
    ]
    for refused in calls:
        with pytest.raises(types.Error_InvalidArgument, match="nonce"):
            refused()


def test_no_nonce_is_used_twice() -> None:
    made = key(GCM, SEALING)
    own = provider.aead_encrypt(made, b"", b"").nonce
    provider.aead_encrypt_with_nonce(made, bytes(12), b"", b"")
    for used in (own, bytes(12)):
        with pytest.raises(types.Error_InvalidArgument, match="used with this key before"):
            provider.aead_encrypt_with_nonce(made, used, b"", b"")
    provider.aead_encrypt_with_nonce(key(GCM, SEALING), own, b"", b"")


def test_nonces_of_the_host_differ_and_are_known_again() -> None:
    ledger = nonces.NonceLedger()
    drawn = [ledger.draw() for _ in range(2000)]
    assert len(set(drawn)) == len(drawn)
    assert ledger.encryptions == len(drawn)
    for nonce in drawn[::100]:
        with pytest.raises(nonces.NonceReusedError):
            ledger.claim(nonce, ALLOWANCE)
        ledger.claim(bytes([nonce[0] ^ 1]) + nonce[1:], ALLOWANCE)


def test_the_host_avoids_the_callers_nonces(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = nonces.NonceLedger()
    monkeypatch.setattr(ledger, "_first_counter", 2**32 - 1)
    upcoming = [ledger._nonce(counter) for counter in (2**32 - 1, 0, 1)]
    ledger.claim(upcoming[0], ALLOWANCE)
    ledger.claim(upcoming[1], ALLOWANCE)
    assert ledger.draw() == upcoming[2]


def test_a_key_wears_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = key(GCM, SEALING)
    ledger = made.material.nonces  # type: ignore[attr-defined]
    monkeypatch.setattr(ledger, "_drawn", nonces.MAX_ENCRYPTIONS - 1)
    provider.aead_encrypt(made, b"", b"")
    for refused in (
        lambda: provider.aead_encrypt(made, b"", b""),
        lambda: provider.aead_encrypt_with_nonce(made, bytes(12), b"", b""),
    ):
        with pytest.raises(types.Error_LimitExceeded, match="4294967296"):
            refused()


def test_a_key_takes_so_many_nonces_of_the_caller() -> None:
    ledger = nonces.NonceLedger()
    for number in range(nonces.MAX_CALLER_NONCES):
        ledger.claim(number.to_bytes(12, "big"), ALLOWANCE)
    with pytest.raises(nonces.NoncesExhaustedError, match="65536"):
        ledger.claim(b"\xff" * 12, ALLOWANCE)
    ledger.draw()


def test_the_keys_of_a_workload_share_what_the_host_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    of_one = CryptoProvider()
    monkeypatch.setattr(of_one, "_nonce_allowance", nonces.NonceAllowance(3))
    first, second = key(GCM, SEALING), key(GCM, SEALING)
    of_one.aead_encrypt_with_nonce(first, bytes(12), b"", b"")
    with pytest.raises(types.Error_InvalidArgument):
        of_one.aead_encrypt_with_nonce(first, bytes(12), b"", b"")
    of_one.aead_encrypt_with_nonce(first, b"\x01" * 12, b"", b"")
    of_one.aead_encrypt_with_nonce(second, bytes(12), b"", b"")
    with pytest.raises(types.Error_LimitExceeded, match=r"3 nonces .* in all"):
        of_one.aead_encrypt_with_nonce(second, b"\x01" * 12, b"", b"")
    of_one.aead_encrypt(second, b"", b"")
    provider.aead_encrypt_with_nonce(key(GCM, SEALING), bytes(12), b"", b"")
    first.drop()
    of_one.aead_encrypt_with_nonce(second, b"\x01" * 12, b"", b"")
    of_one.aead_encrypt_with_nonce(second, b"\x02" * 12, b"", b"")
    with pytest.raises(types.Error_LimitExceeded):
        of_one.aead_encrypt_with_nonce(second, b"\x03" * 12, b"", b"")


@given(signature=st.binary(max_size=300), algorithm=st.sampled_from(wit.SignatureAlgorithm))
def test_any_bytes_are_no_signature(signature: bytes, algorithm: wit.SignatureAlgorithm) -> None:
    with pytest.raises(types.Error_VerificationFailed):
        provider.verify(PUBLIC[algorithm], b"message", signature)


PAIRS = {name: key(wit.KeyAlgorithm_Signature(name), BOTH) for name in wit.SignatureAlgorithm}
PUBLIC = {name: pair.public_key() for name, pair in PAIRS.items()}
LENGTHS = {"ed25519": 64, "ed448": 114, "ecdsa-p256-sha-256": 64, "ecdsa-p384-sha-384": 96, "ecdsa-p521-sha-512": 132}


@given(algorithm=st.sampled_from(wit.SignatureAlgorithm), message=st.binary(max_size=50), position=st.integers(0, 9999))
def test_signatures_belong_to_message_and_key(algorithm: wit.SignatureAlgorithm, message: bytes, position: int) -> None:
    signature = provider.sign(PAIRS[algorithm], message)
    assert len(signature) == LENGTHS.get(algorithm.value, 3072 // 8)
    provider.verify(PUBLIC[algorithm], message, signature)
    changed = bytearray(signature)
    changed[position % len(changed)] ^= 1 << (position % 8)
    for other_message, other in ((message + b"\0", signature), (message, bytes(changed)), (message, signature + b"\0")):
        with pytest.raises(types.Error_VerificationFailed):
            provider.verify(PUBLIC[algorithm], other_message, other)
