"""HPKE against two other implementations, in both directions, and the counting of messages."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import hpke as library
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from elastic_hal.reference_impl.crypto import hpke
from elastic_hal.reference_impl.crypto.hpke import MessagesExhaustedError, OpenError, Suite

SUITES: dict[str, tuple[Suite, Any, Any, KEMId, AEADId]] = {
    "x25519-aes-128": (
        hpke.X25519_AES_128_GCM,
        library.KEM.X25519,
        library.AEAD.AES_128_GCM,
        KEMId.DHKEM_X25519_HKDF_SHA256,
        AEADId.AES128_GCM,
    ),
    "x25519-aes-256": (
        hpke.X25519_AES_256_GCM,
        library.KEM.X25519,
        library.AEAD.AES_256_GCM,
        KEMId.DHKEM_X25519_HKDF_SHA256,
        AEADId.AES256_GCM,
    ),
    "x25519-chacha": (
        hpke.X25519_CHACHA20_POLY1305,
        library.KEM.X25519,
        library.AEAD.CHACHA20_POLY1305,
        KEMId.DHKEM_X25519_HKDF_SHA256,
        AEADId.CHACHA20_POLY1305,
    ),
    "p256-aes-128": (
        hpke.P256_AES_128_GCM,
        library.KEM.P256,
        library.AEAD.AES_128_GCM,
        KEMId.DHKEM_P256_HKDF_SHA256,
        AEADId.AES128_GCM,
    ),
    "p256-aes-256": (
        hpke.P256_AES_256_GCM,
        library.KEM.P256,
        library.AEAD.AES_256_GCM,
        KEMId.DHKEM_P256_HKDF_SHA256,
        AEADId.AES256_GCM,
    ),
    "p256-chacha": (
        hpke.P256_CHACHA20_POLY1305,
        library.KEM.P256,
        library.AEAD.CHACHA20_POLY1305,
        KEMId.DHKEM_P256_HKDF_SHA256,
        AEADId.CHACHA20_POLY1305,
    ),
}


@pytest.mark.parametrize("name", SUITES)
def test_one_message_in_both_directions_with_cryptography(name: str) -> None:
    suite, kem, aead, _, _ = SUITES[name]
    other = library.Suite(kem, library.KDF.HKDF_SHA256, aead)
    key = suite.kem.group.generate()
    public: Any = key.public().library_key
    private: Any = key.library_key
    received = other.encrypt(b"hello", public, info=b"info")
    size = suite.kem.encapsulated_bytes
    assert suite.receive(received[:size], key, b"info").open(received[size:], b"") == b"hello"
    encapsulated, context = suite.send(key.public(), b"info")
    assert other.decrypt(encapsulated + context.seal(b"hello", b""), private, info=b"info") == b"hello"


@pytest.mark.parametrize("name", SUITES)
def test_many_messages_in_both_directions_with_pyhpke(name: str) -> None:
    suite, _, _, kem_id, aead_id = SUITES[name]
    other = CipherSuite.new(kem_id, KDFId.HKDF_SHA256, aead_id)
    key = suite.kem.group.generate()
    private: Any = key.library_key
    theirs = KEMKey.from_pyca_cryptography_key(private)
    their_public = KEMKey.from_pyca_cryptography_key(private.public_key())
    encapsulated, context = suite.send(key.public(), b"info")
    recipient = other.create_recipient_context(encapsulated, theirs, info=b"info")
    encapsulated, sender = other.create_sender_context(their_public, info=b"info")
    received = suite.receive(encapsulated, key, b"info")
    for number in range(300):
        aad = number.to_bytes(2, "big")
        assert recipient.open(context.seal(b"hello", aad), aad) == b"hello"
        assert received.open(sender.seal(b"hello", aad), aad) == b"hello"


def test_a_forged_message_does_not_cut_the_connection() -> None:
    suite = hpke.X25519_AES_128_GCM
    key = suite.kem.group.generate()
    encapsulated, sender = suite.send(key.public(), b"")
    recipient = suite.receive(encapsulated, key, b"")
    message = sender.seal(b"hello", b"")
    for forged in (b"", message[:-1], message + b"\0", bytes(len(message))):
        with pytest.raises(OpenError):
            recipient.open(forged, b"")
    assert recipient.open(message, b"") == b"hello"


def test_a_context_ends_before_its_numbers_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hpke, "MAX_MESSAGES", 2)
    suite = hpke.X25519_AES_128_GCM
    key = suite.kem.group.generate()
    encapsulated, sender = suite.send(key.public(), b"")
    recipient = suite.receive(encapsulated, key, b"")
    messages = [sender.seal(b"", b"") for _ in range(2)]
    assert len(set(messages)) == 2
    for message in messages:
        recipient.open(message, b"")
    with pytest.raises(MessagesExhaustedError):
        sender.seal(b"", b"")
    with pytest.raises(MessagesExhaustedError):
        recipient.open(messages[1], b"")
