"""Emulated machines whose keys lie on disk: the same root, chip and sealing secret each time one is started.

The keys lie in a directory of the owner's own, as those of the simulated platform do; whoever reads them can sign what
they like, which is why everything below these roots is marked as emulated.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from elastic_hal.reference_impl.verify.snp.tcb import Product, Tcb

from ..clock import moment
from ..simulated.state import StateError, create_once, default_directory, prepare_directory, read_file, write_anew
from .amd_authority import AmdAuthority, AuthorityKeys
from .boot_log import boot_events, registers
from .guest import EmulatedGuest
from .intel_authority import IntelAuthority, IntelKeys, PlatformIdentity
from .intel_collateral import collateral
from .intel_quote import QuoteSigner, TdReport
from .sev_guest import IMAGE as SNP_IMAGE
from .sev_guest import EmulatedSnpGuest
from .tdx_guest import IMAGE as TDX_IMAGE
from .tdx_guest import EmulatedTdxGuest

ROOT_FILE: Final = "root.pem"
COLLATERAL_FILE: Final = "collateral.json"
PRODUCTS: Final = tuple(product.value.lower() for product in Product)

_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_TCB: Final = {
    Product.MILAN: Tcb(None, 4, 0, 22, 213),
    Product.GENOA: Tcb(None, 9, 0, 23, 72),
    Product.TURIN: Tcb(1, 3, 1, 4, 70),
}
_PROVIDER: Final = "elastic-hal emulated provider"
_SKEW: Final = timedelta(minutes=5)
_SECRET_BYTES: Final = 32


def emulated_directory(platform: str) -> Path:
    """Give the directory of an emulated platform's keys, beside that of the simulated platform."""
    return default_directory().parent / f"emulated-{platform}"


def open_snp_guest(
    directory: Path, product: Product = Product.GENOA, key: str = "vcek", image: bytes | None = None
) -> EmulatedSnpGuest:
    """Make a SEV-SNP guest ready with the keys in `directory`, creating them on first use. Raises `StateError`.

    `image` stands for what was launched: its SHA-384 is the measurement.
    """
    prepare_directory(directory)
    keys = AuthorityKeys(*(_rsa_key(directory / f"{name}-key.pem") for name in ("ark", "ask", "asvk")))
    start = moment() - _SKEW
    authority = AmdAuthority(product, keys, start)
    authority.root = _lasting(directory / f"{product.value.lower()}-{ROOT_FILE}", authority.root)
    secret = _secret(directory / "chip-secret")
    # A chip is named by its secret, so that the name lasts as long as the keys that it derives.
    chip_id = secret[_SECRET_BYTES:].ljust(64, b"\x5a") if product is not Product.TURIN else secret[_SECRET_BYTES:][:8]
    tcb = _TCB[product]
    endorsed = authority.vcek(tcb, chip_id, start) if key == "vcek" else authority.vlek(tcb, _PROVIDER, start)
    measurement = hashlib.sha384(SNP_IMAGE if image is None else image).digest()
    return EmulatedSnpGuest(product, endorsed, tcb, chip_id, secret[:_SECRET_BYTES], measurement)


def open_tdx_guest(directory: Path, version: int = 4, image: bytes | None = None) -> EmulatedTdxGuest:
    """Make a TDX guest ready with the keys in `directory`, creating them on first use, and write collateral there.

    `image` stands for what was launched: its SHA-384 is MRTD. Raises `StateError`.
    """
    prepare_directory(directory)
    keys = IntelKeys(*(_p256_key(directory / f"{name}-key.pem") for name in ("root", "pck-authority", "tcb-signing")))
    now = moment()
    authority = IntelAuthority(keys, now - _SKEW)
    authority.root = _lasting(directory / ROOT_FILE, authority.root)
    identity = PlatformIdentity()
    signer = QuoteSigner(authority.provisioning_key(identity))
    launched = TDX_IMAGE if image is None else image
    boot = boot_events(launched)
    report = TdReport(mrtd=hashlib.sha384(launched).digest(), rtmrs=registers(boot))
    guest = EmulatedTdxGuest(signer, report, version, boot=boot)
    text = collateral(authority, identity, guest.report, signer.enclave, now - _SKEW)
    write_anew(directory / COLLATERAL_FILE, text.encode(), 0o644)
    return guest


def trust_files(directory: Path, guest: EmulatedGuest) -> dict[str, Path]:
    """Give the files that a verifier needs for a guest that was opened in `directory`, by what they are called."""
    if isinstance(guest, EmulatedSnpGuest):
        return {"root certificate": directory / f"{guest.product.value.lower()}-{ROOT_FILE}"}
    return {"root certificate": directory / ROOT_FILE, "collateral": directory / COLLATERAL_FILE}


def _lasting(path: Path, made: x509.Certificate) -> x509.Certificate:
    """Give the root certificate that was made when the key was new: whoever trusts it goes on trusting it."""
    create_once(path, made.public_bytes(Encoding.PEM), 0o644)
    try:
        kept = x509.load_pem_x509_certificate(read_file(path, private=False) or b"")
    except ValueError:
        raise StateError(f"{path}: is not a certificate in PEM; remove it to have it made again") from None
    if kept.public_key() != made.public_key():
        raise StateError(f"{path}: does not belong to the keys beside it; remove it to have it made again")
    return kept


def _rsa_key(path: Path) -> rsa.RSAPrivateKey:
    key = _key(path, lambda: rsa.generate_private_key(65537, 4096))
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != 4096:
        raise StateError(f"{path}: is not an RSA key of 4096 bits; remove it to have a new one made")
    return key


def _p256_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = _key(path, lambda: ec.generate_private_key(ec.SECP256R1()))
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise StateError(f"{path}: is not a P-256 key; remove it to have a new one made")
    return key


def _key(path: Path, make: Callable[[], _PrivateKey]) -> object:
    pem = read_file(path, private=True)
    if pem is None:
        create_once(path, make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        pem = read_file(path, private=True)
    try:
        return load_pem_private_key(pem or b"", None)
    except (ValueError, TypeError):
        raise StateError(f"{path}: is not a private key in PEM; remove it to have a new one made") from None


def _secret(path: Path) -> bytes:
    if read_file(path, private=True) is None:
        create_once(path, secrets.token_bytes(2 * _SECRET_BYTES), 0o600)
    secret = read_file(path, private=True) or b""
    if len(secret) != 2 * _SECRET_BYTES:
        raise StateError(f"{path}: has {len(secret)} bytes, not {2 * _SECRET_BYTES}; remove it to have a new one made")
    return secret
