"""Ciphers without authentication, streams of signatures and derivation, beyond what the conformance cases see."""

import contextlib
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.reference_impl.bindings.elastic_hal import crypto as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.crypto import CryptoProvider, bare_encryption, ciphers, nonces
from elastic_hal.reference_impl.crypto.nonces import NonceLedger

provider = CryptoProvider()
Usage = wit.KeyUsage
BOTH = Usage.ENCRYPT | Usage.DECRYPT
CTR = wit.KeyAlgorithm_Cipher(wit.CipherAlgorithm.AES_256_CTR)
CBC = wit.KeyAlgorithm_Cipher(wit.CipherAlgorithm.AES_256_CBC)
HKDF = wit.KeyAlgorithm_Derivation(wit.DerivationAlgorithm.HKDF_SHA_256)


def key(algorithm: wit.KeyAlgorithm, material: bytes = bytes(range(32))) -> wit.Key:
    return provider.Key_import_key(algorithm, wit.KeyFormat.RAW, material, BOTH, False)


@given(st.lists(st.binary(max_size=50), max_size=8), st.sampled_from([CTR, CBC]), st.integers(1, 60))
def test_parts_of_any_length_round_trip(parts: list[bytes], algorithm: wit.KeyAlgorithm, cut: int) -> None:
    used = key(algorithm)
    encryptor = provider.Encryptor_start(used)
    iv = encryptor.iv()
    ciphertext = b"".join(encryptor.update(part) for part in parts) + encryptor.finish()
    whole = b"".join(parts)
    assert provider.cipher_decrypt(used, iv, ciphertext) == whole
    decryptor = provider.Decryptor_start(used, iv)
    pieces = [ciphertext[at : at + cut] for at in range(0, len(ciphertext), cut)]
    assert b"".join(decryptor.update(piece) for piece in pieces) + decryptor.finish() == whole


@given(st.binary(min_size=16, max_size=64), st.binary(min_size=16, max_size=16))
def test_whatever_is_decrypted_is_an_answer_or_one_kind_of_refusal(ciphertext: bytes, iv: bytes) -> None:
    with contextlib.suppress(types.Error_VerificationFailed):
        assert len(provider.cipher_decrypt(key(CBC), iv, ciphertext)) < len(ciphertext)


def test_decryption_lets_the_counter_run_over_all_its_bytes() -> None:
    iv = bytes(12) + b"\xff\xff\xff\xff"
    library = Cipher(algorithms.AES(bytes(range(32))), modes.CTR(iv)).encryptor()
    ciphertext = library.update(b"a" * 40) + library.finalize()
    assert provider.cipher_decrypt(key(CTR), iv, ciphertext) == b"a" * 40


def test_ivs_of_the_host_and_the_caller_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonces, "MAX_ENCRYPTIONS", 3)
    for algorithm in (CTR, CBC):
        used = key(algorithm)
        provider.cipher_encrypt(used, b"")
        provider.Encryptor_start(used)
        provider.cipher_encrypt_with_iv(used, bytes(16), b"")
        for call in (
            lambda used=used: provider.cipher_encrypt(used, b""),
            lambda used=used: provider.cipher_encrypt_with_iv(used, b"1" * 16, b""),
        ):
            with pytest.raises(types.Error_LimitExceeded, match="3 encryptions"):
                call()


def test_a_nonce_that_the_host_drew_is_refused_in_counter_mode() -> None:
    used = key(CTR)
    iv = provider.cipher_encrypt(used, b"one").iv
    with pytest.raises(types.Error_InvalidArgument, match="used with this key"):
        provider.cipher_encrypt_with_iv(used, iv[:12] + b"\0\0\0\1", b"two")


def test_ivs_in_cbc_mode_are_random() -> None:
    ledger = NonceLedger()
    scheme = ciphers.ChainingScheme(32)
    ivs = {scheme.choose_iv(ledger) for _ in range(200)}
    assert len({iv[:4] for iv in ivs}) > 190
    assert ledger.encryptions == 200


def test_a_message_in_cbc_mode_has_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_encryption, "MAX_MESSAGE_BYTES", 40)
    encryptor = provider.Encryptor_start(key(CBC))
    encryptor.update(bytes(40))
    with pytest.raises(types.Error_LimitExceeded):
        encryptor.update(b"1")
    encryptor.finish()


@given(st.binary(min_size=16, max_size=80), st.binary(max_size=40), st.binary(max_size=40), st.integers(1, 200))
def test_derived_bytes_are_those_of_hkdf(material: bytes, salt: bytes, info: bytes, length: int) -> None:
    made = provider.Key_import_key(HKDF, wit.KeyFormat.RAW, material, Usage.DERIVE_BITS, True)
    pseudorandom = hmac.digest(salt or bytes(32), material, hashlib.sha256)
    expected, block, counter = b"", b"", 0
    while len(expected) < length:
        counter += 1
        block = hmac.digest(pseudorandom, block + info + bytes([counter]), hashlib.sha256)
        expected += block
    assert provider.derive_bits(made, salt, info, length) == expected[:length]


def test_secrets_are_not_shown() -> None:
    used = key(CTR)
    assert bytes(range(32)).hex() not in repr(used)
    for thing in (provider.Encryptor_start(used), provider.Decryptor_start(used, bytes(16))):
        assert "\\x01" not in repr(thing)
        thing.drop()
        with pytest.raises(types.Error_InvalidState):
            thing.update(b"")
