"""Keys with their certificates: PKCS#12 files of many makers, and certificates that keys of the host sign."""

import contextlib
import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat, pkcs12
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tls_certificates import PASSWORD, AnyKey, Authority, Leaf
from tls_hosts import Workload, roots

from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.tls.pkcs12_files import load_pkcs12
from elastic_hal.reference_impl.tls.pkcs12_password import MOST_ROUNDS

SIGNING = crypto.KeyUsage.SIGN | crypto.KeyUsage.VERIFY


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


@pytest.mark.parametrize("password", [PASSWORD, "", "x" * 1024, "\N{GRINNING FACE} ü"])
def test_the_certificates_stand_in_order(leaf: Leaf, authority: Authority, password: str) -> None:
    shuffled = Leaf(leaf.key, leaf.certificate, [authority.root, Authority().root, authority.intermediate])
    certificates = load_pkcs12(shuffled.pkcs12(password), password).certificates()
    assert [x509.load_der_x509_certificate(each) for each in certificates] == [
        leaf.certificate,
        authority.intermediate,
        authority.root,
    ]


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed25519.Ed25519PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate(),
    ],
)
def test_every_kind_of_key_is_loaded(authority: Authority, key: AnyKey) -> None:
    assert len(load_pkcs12(authority.issue(key=key).pkcs12(), PASSWORD).certificates()) == 2


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP256K1()),
        dsa.generate_private_key(2048),
    ],
)
def test_keys_of_other_kinds(authority: Authority, key: AnyKey) -> None:
    with pytest.raises(types.Error_InvalidArgument, match="kind"):
        load_pkcs12(authority.issue(key=key).pkcs12(), PASSWORD)


def test_a_wrong_password_and_a_changed_file_are_not_authentic(leaf: Leaf) -> None:
    data = leaf.pkcs12()
    for wrong in ("", "password", PASSWORD + "x", PASSWORD.upper()):
        with pytest.raises(types.Error_VerificationFailed):
            load_pkcs12(data, wrong)
    for place in range(200, len(data) - 200, 97):
        changed = bytearray(data)
        changed[place] ^= 1
        with pytest.raises((types.Error_VerificationFailed, types.Error_InvalidArgument)):
            load_pkcs12(bytes(changed), PASSWORD)
    middle = bytearray(data)
    middle[len(data) // 2] ^= 1
    with pytest.raises(types.Error_VerificationFailed):
        load_pkcs12(bytes(middle), PASSWORD)


def test_what_is_no_file_of_that_kind(leaf: Leaf) -> None:
    data = leaf.pkcs12()
    for wrong in (b"", b"garbage", data[:-1], data + b"\0", leaf.der, b"\x30\x80\x00\x00"):
        with pytest.raises(types.Error_InvalidArgument, match="data: is no PKCS#12 file"):
            load_pkcs12(wrong, PASSWORD)


def test_what_a_file_lacks_or_has_too_much(leaf: Leaf, authority: Authority) -> None:
    def file(key: object, certificate: object, others: list[x509.Certificate]) -> bytes:
        return pkcs12.serialize_key_and_certificates(b"x", key, certificate, others, NoEncryption())  # type: ignore[arg-type]

    with pytest.raises(types.Error_InvalidArgument, match="no private key"):
        load_pkcs12(file(None, leaf.certificate, []), "")
    with pytest.raises(types.Error_InvalidArgument, match="certificate of its private key"):
        load_pkcs12(file(leaf.key, None, [authority.root]), "")
    load_pkcs12(file(leaf.key, leaf.certificate, [authority.root] * 15), "")
    with pytest.raises(types.Error_InvalidArgument, match="16 certificates"):
        load_pkcs12(file(leaf.key, leaf.certificate, [authority.root] * 16), "")


def test_sizes(leaf: Leaf) -> None:
    with pytest.raises(types.Error_LimitExceeded):
        load_pkcs12(bytes((1 << 20) + 1), "")
    with pytest.raises(types.Error_InvalidArgument, match="password"):
        load_pkcs12(leaf.pkcs12(), "x" * 1025)
    with pytest.raises(types.Error_InvalidArgument, match="password"):
        load_pkcs12(leaf.pkcs12(), "ü" * 513)


def test_a_file_does_not_make_the_host_hash_for_hours(leaf: Leaf) -> None:
    """The rounds of the password are counted where they are hidden too: inside of what is encrypted."""
    rounds = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(MOST_ROUNDS // 2 + 1)
    data = leaf.pkcs12(encryption=rounds.build(PASSWORD.encode()))
    with pytest.raises(types.Error_InvalidArgument, match="rounds"):
        load_pkcs12(data, PASSWORD)


def test_no_number_keeps_the_host_looking_for_primes() -> None:
    """Two primes that are known and large: to show that they are primes takes the library many seconds."""
    p, q, e = 2**4423 - 1, 2**4253 - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    key = numbers.private_key(unsafe_skip_rsa_key_validation=True)
    data = pkcs12.serialize_key_and_certificates(b"x", key, None, None, NoEncryption())
    with pytest.raises(types.Error_InvalidArgument, match="8192"):
        load_pkcs12(data, "")


def test_structures_with_too_many_parts_or_too_long_names() -> None:
    def element(tag: int, content: bytes) -> bytes:
        length = len(content).to_bytes(4, "big").lstrip(b"\0")
        return bytes([tag, *([0x80 | len(length)] if len(content) > 0x7F else [])]) + length + content

    many = element(0x30, b"\x05\x00" * 500_000)
    long_name = element(0x30, b"\x02\x01\x03" + element(0x30, element(0x06, b"\xff" * 50_000 + b"\x01") + b"\xa0\x00"))
    for data, problem in (many, "1024 elements"), (long_name, "64 bytes"):
        with pytest.raises(types.Error_InvalidArgument, match=problem):
            load_pkcs12(data, "")


def test_a_certificate_whose_names_cannot_be_read(leaf: Leaf) -> None:
    assert leaf.der.count(b"below root") == 1
    broken = x509.load_der_x509_certificate(leaf.der.replace(b"below root", b"below r\xff\xff\xff"))
    data = pkcs12.serialize_key_and_certificates(b"x", leaf.key, broken, None, NoEncryption())
    with pytest.raises(types.Error_InvalidArgument, match="certificates cannot be read"):
        load_pkcs12(data, "")


OPENSSL_WAYS = [
    [],
    ["-legacy", "-certpbe", "PBE-SHA1-RC2-128"],
    ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
    ["-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES"],
    ["-keypbe", "NONE", "-certpbe", "NONE", "-macalg", "sha384"],
    ["-keypbe", "AES-128-CBC", "-certpbe", "AES-192-CBC", "-macalg", "sha512"],
    ["-keypbe", "DES-EDE3-CBC", "-certpbe", "DES-EDE3-CBC", "-iter", "1"],
]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
@pytest.mark.parametrize("ways", OPENSSL_WAYS, ids=" ".join)
@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_files_of_openssl(leaf: Leaf, tmp_path: Path, ways: list[str], password: str) -> None:
    certificates, key = leaf.files(tmp_path)
    made = _openssl(tmp_path, certificates, key, password, *ways)
    if made.returncode and "unsupported" in made.stderr:
        pytest.skip(f"this openssl cannot make it: {made.stderr.strip().splitlines()[-1]}")
    assert made.returncode == 0, made.stderr
    data = (tmp_path / "made.p12").read_bytes()
    assert load_pkcs12(data, password).certificates()[0] == leaf.der
    with pytest.raises(types.Error_VerificationFailed):
        load_pkcs12(data, password + "x")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl program")
def test_a_file_without_a_mac(leaf: Leaf, tmp_path: Path) -> None:
    certificates, key = leaf.files(tmp_path)
    assert _openssl(tmp_path, certificates, key, PASSWORD, "-nomac").returncode == 0
    with pytest.raises(types.Error_InvalidArgument, match="no MAC"):
        load_pkcs12((tmp_path / "made.p12").read_bytes(), PASSWORD)


def _openssl(
    folder: Path, certificates: Path, key: Path, password: str, *ways: str
) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "pkcs12", "-export", "-inkey", key, "-in", certificates, "-out", folder / "made.p12"]
    return subprocess.run(
        [*command, "-passout", f"pass:{password}", *ways],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/usr/local/bin", "LC_ALL": "C.UTF-8"},
    )


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bytes_that_are_changed_anywhere_are_refused_or_loaded(leaf: Leaf, data: st.DataObject) -> None:
    file = bytearray(leaf.pkcs12("", PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(b"x")))
    for _ in range(data.draw(st.integers(1, 5))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(types.Error_InvalidArgument, types.Error_VerificationFailed):
        load_pkcs12(bytes(file), "x")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(types.Error_InvalidArgument):
        load_pkcs12(data, "")


def test_no_secret_is_shown(leaf: Leaf) -> None:
    context = load_pkcs12(leaf.pkcs12(), PASSWORD)
    assert repr(context) == "<TLS key with 2 certificates>"
    with pytest.raises(TypeError):
        context.__reduce__()
    with pytest.raises(types.Error_VerificationFailed) as caught:
        load_pkcs12(leaf.pkcs12(), "secret password")
    assert "secret" not in f"{caught.value!r} {caught.value.__dict__} {caught.value.__context__}"


@pytest.mark.parametrize(
    "algorithm",
    [
        crypto.SignatureAlgorithm.ECDSA_P256_SHA_256,
        crypto.SignatureAlgorithm.ECDSA_P384_SHA_384,
        crypto.SignatureAlgorithm.ED25519,
    ],
)
def test_a_key_of_the_host_signs_its_own_certificate(workload: Workload, algorithm: crypto.SignatureAlgorithm) -> None:
    key = CryptoProvider().Key_generate(crypto.KeyAlgorithm_Signature(algorithm), crypto.KeyUsage.SIGN, False)
    context = workload.tls.KeyContext_self_signed(key, "own.test", 3600)
    (der,) = context.certificates()
    certificate = x509.load_der_x509_certificate(der)
    certificate.verify_directly_issued_by(certificate)
    now = datetime.datetime.now(datetime.UTC)
    minute = datetime.timedelta(minutes=1)
    assert abs(certificate.not_valid_before_utc - now + datetime.timedelta(hours=1)) < minute
    assert abs(certificate.not_valid_after_utc - now - datetime.timedelta(hours=1)) < minute
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_key().export_key(crypto.KeyFormat.SPKI))
    key.drop()
    options = wit.ServerOptions(context, wit.Trust_PublicKeys([digest.finalize()]), [], wit.TlsVersion.TLS13)
    listener = workload.tls.Listener_listen(wit.Address("127.0.0.1", 0), options)
    client_options = wit.ClientOptions(wit.Trust_Roots([der]), "own.test", context, [], wit.TlsVersion.TLS13)
    handshake = workload.tls.ClientHandshake_start(listener.local_address(), client_options)
    context.drop()
    client, server = workload.meet(handshake, workload.accept(listener))
    assert isinstance(client, wit.Connection)
    assert isinstance(server, wit.Connection)
    assert server.info().peer_certificates == [der]


def test_keys_that_cannot_sign_a_certificate(workload: Workload) -> None:
    made = CryptoProvider()
    signature, uses = crypto.KeyAlgorithm_Signature, crypto.KeyUsage
    ed25519_key = made.Key_generate(signature(crypto.SignatureAlgorithm.ED25519), SIGNING, False)
    others = (
        made.Key_generate(crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_128_GCM), uses.ENCRYPT, False),
        made.Key_generate(signature(crypto.SignatureAlgorithm.ED448), SIGNING, False),
        made.Key_generate(signature(crypto.SignatureAlgorithm.ECDSA_P521_SHA_512), SIGNING, False),
        ed25519_key.public_key(),
    )
    for key in others:
        with pytest.raises(types.Error_InvalidArgument, match="key:"):
            workload.tls.KeyContext_self_signed(key, "x", 1)
    verifying = made.Key_generate(signature(crypto.SignatureAlgorithm.ED25519), uses.VERIFY | uses.SIGN, False)
    assert workload.tls.KeyContext_self_signed(verifying, "x", 31_622_400)
    for name in ("", "x" * 65, "a b", "ü", "a_b", "a\n"):
        with pytest.raises(types.Error_InvalidArgument, match="name:"):
            workload.tls.KeyContext_self_signed(ed25519_key, name, 1)
    for seconds in (0, 31_622_401):
        with pytest.raises(types.Error_InvalidArgument, match="seconds:"):
            workload.tls.KeyContext_self_signed(ed25519_key, "x", seconds)


def test_a_key_that_may_not_sign(workload: Workload) -> None:
    made = CryptoProvider()
    algorithm = crypto.KeyAlgorithm_Signature(crypto.SignatureAlgorithm.ED25519)
    exportable = made.Key_generate(algorithm, SIGNING, True)
    only_verifies = made.Key_import_key(
        algorithm, crypto.KeyFormat.PKCS8, exportable.export_key(crypto.KeyFormat.PKCS8), crypto.KeyUsage.VERIFY, False
    )
    with pytest.raises(types.Error_AccessDenied):
        workload.tls.KeyContext_self_signed(only_verifies, "x", 1)


def test_a_key_context_that_was_dropped_is_not_needed_any_more(workload: Workload, authority: Authority) -> None:
    context = workload.keys(authority.issue())
    options = wit.ServerOptions(context, None, [], wit.TlsVersion.TLS13)
    listener = workload.tls.Listener_listen(wit.Address("127.0.0.1", 0), options)
    context.drop()
    client, _ = workload.connected(listener, roots(authority))
    assert len(client.info().peer_certificates) == 2
