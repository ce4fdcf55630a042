"""A guest that checks the guest SDK from the inside: prints one JSON object a line, with name and problem."""

import datetime
import hashlib
import hmac
import io
import json
import shutil
import sys

from elastic_hal.guest_sdk import (
    attestation,
    capabilities,
    clock,
    crypto,
    errors,
    post_quantum,
    program,
    randomness,
    sealing,
)

MEBIBYTE = 1024 * 1024
LONG = 3_000_000
LARGE = bytes(range(256)) * (4096 * 2) + b"and a bit"


def raises(kind, function, *arguments, **named):
    try:
        function(*arguments, **named)
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def check_hash_of_any_size():
    for data in (b"", b"abc", bytes(MEBIBYTE), bytes(MEBIBYTE + 1), LARGE):
        assert crypto.hash(data) == hashlib.sha256(data).digest(), len(data)
    assert crypto.hash(bytearray(b"abc")) == crypto.hash(memoryview(b"abc")) == hashlib.sha256(b"abc").digest()
    assert crypto.hash(b"abc", crypto.HashAlgorithm.BLAKE2B_512) == hashlib.blake2b(b"abc").digest()


def check_hash_file():
    file = io.BytesIO(LARGE)
    file.read(3)
    assert crypto.hash_file(file, crypto.HashAlgorithm.SHA3_512) == hashlib.sha3_512(LARGE[3:]).digest()


def check_hasher_is_written_to_like_a_file():
    with crypto.Hasher() as hasher:
        shutil.copyfileobj(io.BytesIO(LARGE), hasher)
        assert hasher.write(b"xyz") == 3
        assert hasher.finish() == hashlib.sha256(LARGE + b"xyz").digest()
        raises(errors.InvalidState, hasher.finish)
        raises(errors.InvalidState, hasher.update, b"late")


def check_mac_of_any_size():
    with crypto.MacKey.from_bytes(b"k" * 32) as key:
        tag = crypto.mac(key, LARGE)
        assert tag == hmac.digest(b"k" * 32, LARGE, "sha256")
        crypto.verify_mac(key, LARGE, tag)
        raises(errors.VerificationFailed, crypto.verify_mac, key, LARGE, tag[:-1])
        raises(errors.VerificationFailed, crypto.verify_mac, key, LARGE[1:], tag)
        raises(errors.AccessDenied, key.to_bytes)


def check_mac_outlives_its_key():
    key = crypto.MacKey.generate(crypto.MacAlgorithm.AES_256_CMAC)
    calculation = crypto.Mac(key)
    expected = crypto.mac(key, b"before after")
    assert calculation.write(b"before ") == 7
    key.close()
    calculation.update(b"after")
    assert calculation.finish() == expected
    calculation.close()


def check_encryption_carries_its_nonce():
    with crypto.EncryptionKey.generate() as key:
        sealed = key.encrypt(b"attack at dawn", b"header")
        assert len(sealed) == 12 + 14 + 16
        assert key.decrypt(sealed, b"header") == b"attack at dawn"
        assert key.encrypt(b"attack at dawn", b"header") != sealed
        for broken in (b"", sealed[:27], sealed[:-1], sealed + b"\0", bytes(12) + sealed[12:], sealed[:-1] + b"\0"):
            if broken != sealed:
                raises(errors.VerificationFailed, key.decrypt, broken, b"header")
        raises(errors.VerificationFailed, key.decrypt, sealed)
        raises(errors.LimitExceeded, key.encrypt, bytes(MEBIBYTE + 1))


def check_encryption_keys_come_and_go():
    with crypto.EncryptionKey.generate(crypto.AeadAlgorithm.CHACHA20_POLY1305, exportable=True) as key:
        assert key.exportable
        with crypto.EncryptionKey.from_bytes(key.to_bytes(), crypto.AeadAlgorithm.CHACHA20_POLY1305) as copy:
            assert not copy.exportable
            assert copy.decrypt(key.encrypt(b"both")) == b"both"
            raises(errors.AccessDenied, copy.to_bytes)
    raises(errors.InvalidArgument, crypto.EncryptionKey.from_bytes, b"short")


def check_keys_keep_to_their_uses():
    with crypto.EncryptionKey.generate(usage=crypto.KeyUsage.ENCRYPT) as key:
        assert key.usage == crypto.KeyUsage.ENCRYPT
        raises(errors.AccessDenied, key.decrypt, key.encrypt(b"one way"))


def check_signatures():
    for algorithm in (crypto.SignatureAlgorithm.ED25519, crypto.SignatureAlgorithm.ECDSA_P256_SHA_256):
        key = crypto.SigningKey.generate(algorithm, exportable=True)
        signature = key.sign(b"message")
        with crypto.SigningKey.from_pkcs8(key.to_pkcs8(), algorithm) as copy:
            copy.verify(b"message", signature)
        public = key.public_key()
        key.close()
        public.verify(b"message", signature)
        raises(errors.VerificationFailed, public.verify, b"massage", signature)
        with crypto.VerifyingKey.from_spki(public.to_spki(), algorithm) as imported:
            imported.verify(b"message", signature)
        raises(errors.InvalidArgument, crypto.VerifyingKey.from_bytes, b"no key", algorithm)


def check_ciphers_without_authentication():
    for algorithm in crypto.CipherAlgorithm:
        with crypto.CipherKey.generate(algorithm, exportable=True) as key:
            encrypted = key.encrypt(b"attack at dawn")
            assert key.decrypt(encrypted) == b"attack at dawn"
            assert key.encrypt(b"attack at dawn") != encrypted
            iv = bytes(range(16))
            assert key.encrypt(b"interoperates", iv=iv)[:16] == iv
            raises(errors.InvalidArgument, key.encrypt, b"once more", iv=iv)
            raises(errors.VerificationFailed, key.decrypt, b"short")
            with crypto.CipherKey.from_bytes(key.to_bytes(), algorithm) as copy:
                assert copy.decrypt(encrypted) == b"attack at dawn"
            with crypto.Encryptor(key) as encryptor:
                parts = [encryptor.iv, encryptor.update(LARGE), encryptor.update(b"xyz"), encryptor.finish()]
                raises(errors.InvalidState, encryptor.finish)
            whole = b"".join(parts)
            with crypto.Decryptor(key, whole[:16]) as decryptor:
                assert decryptor.update(whole[16:]) + decryptor.finish() == LARGE + b"xyz"


def check_public_key_encryption():
    with crypto.PrivateKey.generate() as key:
        public = crypto.PublicKey.from_bytes(key.public_key().to_bytes())
        sealed = public.encrypt(b"for your eyes", info=b"letters", associated_data=b"no 1")
        assert key.decrypt(sealed, info=b"letters", associated_data=b"no 1") == b"for your eyes"
        raises(errors.VerificationFailed, key.decrypt, sealed, info=b"letters", associated_data=b"no 2")
        raises(errors.InvalidArgument, public.encrypt_oaep, b"for your eyes")
        sender = crypto.HpkeSender(public, info=b"talk")
        with crypto.HpkeRecipient(key, sender.encapsulated, info=b"talk") as recipient:
            for number in range(3):
                message = sender.encrypt(b"message %d" % number)
                raises(errors.VerificationFailed, recipient.decrypt, message[:-1])
                assert recipient.decrypt(message) == b"message %d" % number
    raises(errors.VerificationFailed, crypto.HpkeRecipient, crypto.PrivateKey.generate(), b"no secret")


def check_rsa_oaep():
    algorithm = crypto.EncryptionAlgorithm.RSA_OAEP_SHA_256
    with crypto.PrivateKey.generate(algorithm, exportable=True) as key:
        public = crypto.PublicKey.from_spki(key.public_key().to_spki(), algorithm)
        sealed = public.encrypt_oaep(b"a key", label=b"keys")
        with crypto.PrivateKey.from_pkcs8(key.to_pkcs8(), algorithm) as copy:
            assert copy.decrypt_oaep(sealed, label=b"keys") == b"a key"
            raises(errors.VerificationFailed, copy.decrypt_oaep, sealed)


def check_agreement_and_derivation():
    for algorithm in crypto.AgreementAlgorithm:
        one, other = (crypto.AgreementKey.generate(algorithm) for _ in range(2))
        shared = one.agree(crypto.PeerKey.from_bytes(other.public_key().to_bytes(), algorithm))
        same = other.agree(crypto.PeerKey.from_spki(one.public_key().to_spki(), algorithm))
        sealed = shared.derive_encryption_key(b"one to other").encrypt(b"hello")
        assert same.derive_encryption_key(b"one to other").decrypt(sealed) == b"hello"
        raises(errors.VerificationFailed, same.derive_encryption_key(b"other to one").decrypt, sealed)
        raises(errors.AccessDenied, shared.derive_bytes, b"bytes", 32)
    raises(errors.InvalidArgument, crypto.PeerKey.from_bytes, bytes(32))


def check_derived_bytes():
    key = crypto.DerivationKey.from_bytes(b"\x0b" * 22, exportable=True)
    expected = bytes.fromhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    assert key.derive_bytes(bytes(range(0xF0, 0xFA)), 42, salt=bytes(range(13))) == expected
    assert crypto.mac(key.derive_mac_key(b"macs"), b"data") == crypto.mac(key.derive_mac_key(b"macs"), b"data")


def check_signatures_of_files():
    for algorithm in (crypto.SignatureAlgorithm.ECDSA_P384_SHA_384, crypto.SignatureAlgorithm.ECDSA_P256_SHA_256):
        key = crypto.SigningKey.generate(algorithm)
        signature = crypto.sign_file(key, io.BytesIO(LARGE))
        crypto.verify_file(key.public_key(), io.BytesIO(LARGE), signature)
        raises(errors.VerificationFailed, crypto.verify_file, key.public_key(), io.BytesIO(LARGE[1:]), signature)
        with crypto.Signer(key) as signer:
            assert signer.write(b"abc") == 3
            key.verify(b"abc", signer.finish())
    raises(errors.InvalidArgument, crypto.Signer, crypto.SigningKey.generate())


def check_sealing():
    sealed = sealing.seal(b"a secret", associated_data=b"for later")
    assert b"a secret" not in sealed
    assert sealing.unseal(sealed, associated_data=b"for later") == b"a secret"
    raises(errors.VerificationFailed, sealing.unseal, sealed)
    raises(errors.VerificationFailed, sealing.unseal_key, sealed, associated_data=b"for later")
    for state in (sealing.State(0), sealing.State.PLATFORM | sealing.State.RUNTIME | sealing.State.WORKLOAD):
        assert sealing.unseal(sealing.seal(b"", state=state)) == b""


def check_sealed_keys():
    keys = (
        crypto.EncryptionKey.generate(),
        crypto.MacKey.generate(),
        crypto.CipherKey.generate(),
        crypto.DerivationKey.generate(),
        crypto.SigningKey.generate(),
        crypto.PrivateKey.generate(),
        crypto.AgreementKey.generate(),
        crypto.SigningKey.generate().public_key(),
        crypto.PrivateKey.generate().public_key(),
        crypto.AgreementKey.generate().public_key(),
    )
    for key in keys:
        again = sealing.unseal_key(sealing.seal_key(key))
        assert type(again) is type(key)
        assert (again.usage, again.exportable) == (key.usage, key.exportable)
    with sealing.unseal_key(sealing.seal_key(keys[0])) as again:
        assert again.decrypt(keys[0].encrypt(b"before")) == b"before"


def check_post_quantum():
    for algorithm in post_quantum.KemAlgorithm:
        private = post_quantum.DecapsulationKey.generate(algorithm, False)
        ciphertext, shared = post_quantum.encapsulate(private.encapsulation_key())
        sealed = shared.derive_encryption_key(b"info").encrypt(b"hello")
        same = post_quantum.decapsulate(private, ciphertext)
        assert same.derive_encryption_key(b"info").decrypt(sealed) == b"hello"
    for algorithm in post_quantum.PostQuantumSignature:
        signing = post_quantum.SigningKey.generate(algorithm, False)
        signature = signing.sign(b"message", b"")
        signing.verifying_key().verify(b"message", signature, b"")
        raises(errors.VerificationFailed, signing.verifying_key().verify, b"massage", signature, b"")


def check_errors_say_what_they_are():
    error = raises(errors.InvalidArgument, crypto.EncryptionKey.from_bytes, b"short")
    assert isinstance(error, errors.HalError)
    assert error.case == "invalid-argument"
    assert str(error).startswith("invalid-argument: ")
    refused = raises(errors.VerificationFailed, crypto.EncryptionKey.generate().decrypt, bytes(40))
    assert str(refused) == "verification-failed"


def check_random_bytes():
    assert randomness.random_bytes(0) == b""
    assert len(randomness.random_bytes(MEBIBYTE + 5)) == MEBIBYTE + 5
    assert len({randomness.random_bytes(16) for _ in range(50)}) == 50
    raises(ValueError, randomness.random_bytes, -1)


def check_random_below():
    assert {randomness.random_below(5) for _ in range(500)} == {0, 1, 2, 3, 4}
    assert {randomness.random_below(1) for _ in range(5)} == {0}
    assert max(randomness.random_below(2**100) for _ in range(20)) > 2**64
    raises(ValueError, randomness.random_below, 0)


def check_clock():
    before = clock.now_nanoseconds()
    read = clock.now()
    assert read.utcoffset() == datetime.timedelta(0)
    assert before // 1000 <= round(read.timestamp() * 1_000_000) <= clock.now_nanoseconds() // 1000 + 1
    local = clock.local_now()
    assert local.utcoffset() is not None
    assert abs(local - read) < datetime.timedelta(seconds=30)
    assert clock.zone()


def check_local_time_follows_the_zone():
    summer = clock.localize(datetime.datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC))
    winter = clock.localize(datetime.datetime(2026, 1, 1, 12, 0, tzinfo=datetime.UTC))
    assert clock.zone() == "Europe/Berlin"
    assert (summer.isoformat(), summer.tzname()) == ("2026-07-01T14:00:00.123456+02:00", "CEST")
    assert (winter.isoformat(), winter.tzname()) == ("2026-01-01T13:00:00+01:00", "CET")
    raises(ValueError, clock.localize, datetime.datetime(2026, 1, 1))
    raises(ValueError, clock.localize, datetime.datetime(1969, 12, 31, tzinfo=datetime.UTC))


def check_stopwatch():
    watch = clock.Stopwatch()
    assert not watch.running
    raises(RuntimeError, lambda: watch.elapsed)
    raises(RuntimeError, lambda: watch.nanoseconds)
    raises(RuntimeError, watch.stop)
    watch.start()
    raises(RuntimeError, watch.start)
    crypto.hash(LARGE)
    first = watch.stop()
    assert 0 < first == watch.elapsed
    assert watch.elapsed == first
    with watch:
        assert watch.nanoseconds >= first * 1e9
        crypto.hash(LARGE)
    assert watch.elapsed > first
    watch.reset()
    raises(RuntimeError, lambda: watch.elapsed)


def check_capabilities():
    assert capabilities.platform().platform is capabilities.PlatformType.SIMULATED
    assert capabilities.supports("CRY-11")
    assert capabilities.supports("CRY-11", crypto.AeadAlgorithm.AES_256_GCM)
    assert not capabilities.supports("CRY-11", "rot13")
    assert not capabilities.supports("ABC-1")
    capabilities.require("CRY-6", "blake3")
    assert "CRY-11 with rot13" in str(raises(errors.Unsupported, capabilities.require, "CRY-11", "rot13"))
    raises(errors.Unsupported, capabilities.require, "GPU-1")
    raises(errors.NotFound, capabilities.limit, "ABC-1", "message-bytes")
    assert capabilities.limit("CRY-6", "parsecs") is None


def check_attestation():
    nonce = randomness.random_bytes(32)
    with crypto.SigningKey.generate() as key:
        evidence = attestation.attest(nonce, key=key)
        assert attestation.attest(nonce, key=key.public_key()).data
    document = attestation.to_document(evidence)
    assert document["format"] == "eat"
    assert json.loads(json.dumps(document)) == document
    assert [measurement.name for measurement in attestation.measurements()] == ["platform", "runtime", "workload"]
    raises(errors.InvalidArgument, attestation.attest, b"short")
    with crypto.MacKey.generate() as secret:
        raises(errors.InvalidArgument, attestation.attest, nonce, key=secret)


def check_late_imports_of_the_standard_library():
    assert datetime.datetime.strptime("2026-11-22", "%Y-%m-%d").year == 2026
    for encoding in ("ascii", "latin-1", "cp1252", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "idna", "punycode"):
        assert "guest".encode(encoding).decode(encoding) == "guest", encoding


CHECKS = {name.removeprefix("check_"): value for name, value in sorted(globals().items()) if name.startswith("check_")}


def endure() -> int:
    """Calls that pass a mebibyte, get one and fail: 300 MiB of each."""
    data = bytes(range(256)) * 4096
    refused = 0
    with crypto.EncryptionKey.generate() as key:
        for _ in range(300):
            crypto.hash(data)
            sealed = key.encrypt(data[:-64])
            try:
                key.decrypt(sealed[:-1] + bytes([sealed[-1] ^ 1]))
            except errors.VerificationFailed:
                refused += 1
    print(refused)
    return 0


def main(arguments: list[str]) -> int:
    """Runs every check; with an argument, behaves as that says."""
    if arguments == ["value-error"]:
        raise ValueError("a programming mistake")
    if arguments == ["hal-error"]:
        capabilities.require("GPU-1")
    if arguments == ["file-error"]:
        open("/nowhere/file").close()
    if arguments == ["exit-message"]:
        sys.exit("told so")
    if arguments == ["exit-zero"]:
        sys.exit()
    if arguments == ["number"]:
        return 7
    if arguments == ["long-output"]:
        sys.stdout.write("ä" * LONG)
        print("", end="|", flush=True)
        assert sys.stdout.buffer.write(b"b" * LONG) == LONG
        sys.stdout.writelines(["|", "c" * LONG])
        sys.stderr.write("e" * LONG)
        return 0
    if arguments == ["endurance"]:
        return endure()
    if arguments:
        print(json.dumps(arguments))
        return 0
    for name, check in CHECKS.items():
        try:
            check()
            problem = None
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        print(json.dumps({"check": name, "problem": problem}))
    return 0


Run = program.command(main)
