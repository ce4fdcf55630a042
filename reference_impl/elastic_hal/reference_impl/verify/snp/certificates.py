"""The certificate of a signing key (VCEK or VLEK, AMD publication 57230): what AMD says of the key in extensions."""

from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from .errors import SnpError
from .tcb import Product, Tcb, product_of_name

_AMD: Final = "1.3.6.1.4.1.3704.1"
_STRUCTURE_VERSION, _PRODUCT, _HARDWARE_ID, _PROVIDER = f"{_AMD}.1", f"{_AMD}.2", f"{_AMD}.4", f"{_AMD}.5"
_PARTS: Final = {
    "bootloader": f"{_AMD}.3.1",
    "tee": f"{_AMD}.3.2",
    "snp": f"{_AMD}.3.3",
    "microcode": f"{_AMD}.3.8",
}
_FMC: Final = f"{_AMD}.3.9"
_RESERVED_PARTS: Final = tuple(f"{_AMD}.3.{number}" for number in range(4, 8))

CHIP_ID_BYTES: Final = 64
_TURIN_ID_BYTES: Final = 8
_INTEGER, _OCTET_STRING, _IA5_STRING, _UTF8_STRING = 0x02, 0x04, 0x16, 0x0C
_LAYOUTS: Final = {Product.MILAN: 0, Product.GENOA: 0, Product.TURIN: 1}
"""Which structure of extensions the certificates of a product have."""
_COMMON_NAMES: Final = {"vcek": "SEV-VCEK", "vlek": "SEV-VLEK"}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What the certificate says: kind of key, product, the TCB that the key is derived for, and whose key it is.

    A VCEK belongs to one chip (`hardware_id`, which is shorter on Turin), a VLEK to a provider of machines.
    """

    kind: str
    structure_version: int
    product_name: str
    product: Product
    tcb: Tcb
    hardware_id: bytes | None
    provider: str | None

    @property
    def chip_id(self) -> bytes | None:
        """The chip as reports name it: padded with zeros."""
        return None if self.hardware_id is None else self.hardware_id.ljust(CHIP_ID_BYTES, b"\0")


def read_signing_key(certificate: x509.Certificate) -> SigningKey:
    """Read the extensions of a VCEK's or VLEK's certificate, or raise `SnpError`."""
    values = {
        extension.oid.dotted_string: extension.value.value
        for extension in certificate.extensions
        if isinstance(extension.value, x509.UnrecognizedExtension)
    }
    has_chip, has_provider = _HARDWARE_ID in values, _PROVIDER in values
    if has_chip == has_provider:
        both = "both" if has_chip else "neither"
        raise SnpError(f"the certificate names {both} of chip (VCEK) and provider (VLEK)")
    kind = "vcek" if has_chip else "vlek"
    name = common_name(certificate.subject)
    if name != _COMMON_NAMES[kind]:
        raise SnpError(f"the certificate of a {kind.upper()} is made out to {name!r}, not {_COMMON_NAMES[kind]}")
    product_name = _text(values, _PRODUCT, "product name")
    product = product_of_name(product_name)
    return SigningKey(
        kind=kind,
        structure_version=_structure_version(values, kind, product),
        product_name=product_name,
        product=product,
        tcb=_tcb(values, product),
        hardware_id=_hardware_id(values[_HARDWARE_ID], product) if has_chip else None,
        provider=_text(values, _PROVIDER, "provider") if has_provider else None,
    )


def is_signing_key(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is made out to a VCEK or VLEK."""
    return common_name(certificate.subject) in _COMMON_NAMES.values()


def common_name(name: x509.Name) -> str | None:
    """Give the one common name, or None where there is none or more than one."""
    names = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:64] if len(names) == 1 else None


def _structure_version(values: dict[str, bytes], kind: str, product: Product) -> int:
    """Read which structure the extensions have. One that is unknown may give the rest of them another meaning."""
    version = _number(values, _STRUCTURE_VERSION, "structure version")
    # AMD has published this of chips' keys. That of a provider's keys for Turin is in no certificate that we know.
    known = {_LAYOUTS[product]} if kind == "vcek" else set(_LAYOUTS.values())
    if version not in known:
        expected = " or ".join(map(str, sorted(known)))
        whose = f"the certificate of a {kind.upper()} of {product.value}"
        raise SnpError(f"{whose} has structure version {version}, not {expected}")
    return version


def _tcb(values: dict[str, bytes], product: Product) -> Tcb:
    for oid in _RESERVED_PARTS:
        if oid in values and _number(values, oid, "reserved part of the TCB"):
            raise SnpError(f"extension {oid} of the certificate is reserved, but not zero")
    parts = {name: _number(values, oid, f"TCB {name}") for name, oid in _PARTS.items()}
    fmc = _number(values, _FMC, "TCB fmc") if product is Product.TURIN else None
    if product is not Product.TURIN and _FMC in values and _number(values, _FMC, "TCB fmc"):
        raise SnpError(f"the certificate states an fmc, which {product.value} does not have")
    return Tcb(fmc, parts["bootloader"], parts["tee"], parts["snp"], parts["microcode"])


def _hardware_id(value: bytes, product: Product) -> bytes:
    """Read the chip's identifier: bare bytes, though a tag and length before them are understood too."""
    sizes = (_TURIN_ID_BYTES, CHIP_ID_BYTES) if product is Product.TURIN else (CHIP_ID_BYTES,)
    if len(value) - 2 in sizes and value[:2] == bytes((_OCTET_STRING, len(value) - 2)):
        value = value[2:]
    if len(value) not in sizes:
        raise SnpError(f"the chip identifier in the certificate has {len(value)} bytes")
    return value


def _content(values: dict[str, bytes], oid: str, what: str, *tags: int) -> bytes:
    """Give the content of an extension that is one short DER item with one of `tags`."""
    value = values.get(oid)
    if value is None:
        raise SnpError(f"the certificate does not state its {what} (extension {oid})")
    if len(value) < 3 or value[0] not in tags or value[1] >= 0x80 or len(value) != 2 + value[1]:
        raise SnpError(f"the {what} in the certificate is not what it must be (extension {oid})")
    return value[2:]


def _number(values: dict[str, bytes], oid: str, what: str) -> int:
    content = _content(values, oid, what, _INTEGER)
    # DER: as short as can be, and a leading zero only where the number would look negative without it.
    if len(content) == 2 and content[0] == 0 and content[1] >= 0x80:
        return content[1]
    if len(content) != 1 or content[0] >= 0x80:
        raise SnpError(f"the {what} in the certificate is no number from 0 to 255 (extension {oid})")
    return content[0]


def _text(values: dict[str, bytes], oid: str, what: str) -> str:
    content = _content(values, oid, what, _IA5_STRING, _UTF8_STRING)
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text.isprintable() or not text:
        raise SnpError(f"the {what} in the certificate is no printable text (extension {oid})")
    return text
