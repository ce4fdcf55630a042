"""Known answers of the standards, each with its source. All figures are the standards' own."""

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import crypto as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.crypto import CryptoProvider

provider = CryptoProvider()
SIGN, VERIFY = wit.KeyUsage.SIGN, wit.KeyUsage.VERIFY
BOTH = SIGN | VERIFY
Hash, Mac, Aead, Signature = wit.HashAlgorithm, wit.MacAlgorithm, wit.AeadAlgorithm, wit.SignatureAlgorithm


def raw_key(algorithm: wit.KeyAlgorithm, material: str, usage: wit.KeyUsage) -> wit.Key:
    return provider.Key_import_key(algorithm, wit.KeyFormat.RAW, bytes.fromhex(material), usage, False)


@pytest.mark.parametrize(
    ("algorithm", "message", "digest"),
    [
        # NIST, examples of FIPS 180-4.
        (Hash.SHA_256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash.SHA_384,
            b"abc",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash.SHA_512,
            b"abc",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        # NIST, examples of FIPS 202.
        (Hash.SHA3_256, b"", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"),
        (
            Hash.SHA3_384,
            b"",
            "0c63a75b845e4f7d01107d852e4c2485c51a50aaaa94fc61995e71bbee983a2ac3713831264adb47fb6bd1e058d5f004",
        ),
        (
            Hash.SHA3_512,
            b"",
            "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
            "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26",
        ),
        # RFC 7693, appendix A.
        (
            Hash.BLAKE2B_512,
            b"abc",
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        ),
        # BLAKE3, test vectors of the reference implementation, input length 0.
        (Hash.BLAKE3, b"", "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
    ],
)
def test_hashes(algorithm: wit.HashAlgorithm, message: bytes, digest: str) -> None:
    assert provider.hash(algorithm, message).hex() == digest
    hasher = provider.Hasher_start(algorithm)
    for byte in message:
        hasher.update(bytes([byte]))
    assert hasher.finish().hex() == digest


@pytest.mark.parametrize(
    ("algorithm", "key", "message", "tag"),
    [
        # RFC 4231, section 4.2.
        (
            Mac.HMAC_SHA_256,
            "0b" * 20,
            b"Hi There".hex(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            Mac.HMAC_SHA_384,
            "0b" * 20,
            b"Hi There".hex(),
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
        ),
        (
            Mac.HMAC_SHA_512,
            "0b" * 20,
            b"Hi There".hex(),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ),
        # RFC 4493, section 4, examples 1 and 2.
        (Mac.AES_128_CMAC, "2b7e151628aed2a6abf7158809cf4f3c", "", "bb1d6929e95937287fa37d129b756746"),
        (
            Mac.AES_128_CMAC,
            "2b7e151628aed2a6abf7158809cf4f3c",
            "6bc1bee22e409f96e93d7e117393172a",
            "070a16b46b4d4144f79bdd9dd04a287c",
        ),
        # NIST SP 800-38B, appendix D.3.
        (
            Mac.AES_256_CMAC,
            "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
            "",
            "028962f61b7bf89efc6b551f4667d983",
        ),
    ],
)
def test_macs(algorithm: wit.MacAlgorithm, key: str, message: str, tag: str) -> None:
    made = raw_key(wit.KeyAlgorithm_Mac(algorithm), key, BOTH)
    assert provider.compute_mac(made, bytes.fromhex(message)).hex() == tag
    provider.verify_mac(made, bytes.fromhex(message), bytes.fromhex(tag))
    context = provider.MacContext_start(made)
    context.update(bytes.fromhex(message))
    assert context.finish().hex() == tag


SUNSCREEN = (
    b"Ladies and Gentlemen of the class of '99: "
    b"If I could offer you only one tip for the future, sunscreen would be it."
)


@pytest.mark.parametrize(
    ("algorithm", "key", "nonce", "plaintext", "associated", "ciphertext"),
    [
        # The Galois/Counter Mode of Operation (submission to NIST), appendix B, test cases 2 and 14.
        (
            Aead.AES_128_GCM,
            "00" * 16,
            "00" * 12,
            "00" * 16,
            "",
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf",
        ),
        (
            Aead.AES_256_GCM,
            "00" * 32,
            "00" * 12,
            "00" * 16,
            "",
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        ),
        # RFC 8452, appendix C.2, first vector.
        (Aead.AES_256_GCM_SIV, "01" + "00" * 31, "03" + "00" * 11, "", "", "07f5f4169bbf55a8400cd47ea6fd400f"),
        # RFC 8439, section 2.8.2.
        (
            Aead.CHACHA20_POLY1305,
            bytes(range(0x80, 0xA0)).hex(),
            "070000004041424344454647",
            SUNSCREEN.hex(),
            "50515253c0c1c2c3c4c5c6c7",
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
            "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
            "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
        ),
    ],
)
def test_aeads(
    algorithm: wit.AeadAlgorithm, key: str, nonce: str, plaintext: str, associated: str, ciphertext: str
) -> None:
    made = raw_key(wit.KeyAlgorithm_Aead(algorithm), key, wit.KeyUsage.ENCRYPT | wit.KeyUsage.DECRYPT)
    arguments = bytes.fromhex(nonce), bytes.fromhex(plaintext), bytes.fromhex(associated)
    assert provider.aead_encrypt_with_nonce(made, *arguments).hex() == ciphertext
    decrypted = provider.aead_decrypt(made, bytes.fromhex(nonce), bytes.fromhex(ciphertext), bytes.fromhex(associated))
    assert decrypted.hex() == plaintext


@pytest.mark.parametrize(
    ("algorithm", "seed", "public", "signature"),
    [
        # RFC 8032, section 7.1, test 1.
        (
            Signature.ED25519,
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        # RFC 8032, section 7.4, blank.
        (
            Signature.ED448,
            "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
            "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b",
            "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
            "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
            "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
            "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
            "b61149f05a7363268c71d95808ff2e652600",
        ),
    ],
)
def test_eddsa(algorithm: wit.SignatureAlgorithm, seed: str, public: str, signature: str) -> None:
    bound = wit.KeyAlgorithm_Signature(algorithm)
    private = raw_key(bound, seed, SIGN)
    assert provider.sign(private, b"").hex() == signature
    assert private.public_key().export_key(wit.KeyFormat.RAW).hex() == public
    provider.verify(raw_key(bound, public, VERIFY), b"", bytes.fromhex(signature))


# RFC 6979, appendix A.2.5: key pair, and the signature of "sample" with SHA-256.
P256_SCALAR = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
P256_POINT = (
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
P256_R = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
P256_S = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_ecdsa() -> None:
    bound = wit.KeyAlgorithm_Signature(Signature.ECDSA_P256_SHA_256)
    private = raw_key(bound, P256_SCALAR, BOTH)
    assert private.public_key().export_key(wit.KeyFormat.RAW).hex() == P256_POINT
    public = raw_key(bound, P256_POINT, VERIFY)
    provider.verify(public, b"sample", bytes.fromhex(P256_R + P256_S))
    provider.verify(public, b"other", provider.sign(private, b"other"))


@pytest.mark.parametrize(
    "signature",
    [
        P256_R + P256_S + "00",
        "00" + P256_R + P256_S,
        P256_R + P256_S[:-2],
        P256_R,
        "",
        "00" * 64,
        "00" * 32 + P256_S,
        P256_R + "00" * 32,
        "ff" * 64,
        f"{P256_ORDER:064x}" + P256_S,
        P256_R + f"{P256_ORDER:064x}",
        P256_S + P256_R,
        "3046022100" + P256_R + "022100" + P256_S,
    ],
)
def test_ecdsa_signatures_have_one_form(signature: str) -> None:
    public = raw_key(wit.KeyAlgorithm_Signature(Signature.ECDSA_P256_SHA_256), P256_POINT, VERIFY)
    with pytest.raises(types.Error_VerificationFailed):
        provider.verify(public, b"sample", bytes.fromhex(signature))
