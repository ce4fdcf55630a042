"""Products and their versions of the trusted computing base: eight bytes, laid out by product line."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from .errors import SnpError

MAX_TCB_FIELD: Final = 255


class Product(Enum):
    """A product line, which is what a root key of AMD stands for."""

    MILAN = "Milan"
    GENOA = "Genoa"
    TURIN = "Turin"


_LINES: Final = {"Milan": Product.MILAN, "Genoa": Product.GENOA, "Turin": Product.TURIN}
# Two more names that certificates of the Genoa line may carry.
_LINE_OF_NAME: Final = {**_LINES, "Bergamo": Product.GENOA, "Siena": Product.GENOA}

TCB_FIELDS: Final = ("fmc", "bootloader", "tee", "snp", "microcode")
_OLDER: Final = {"bootloader": 0, "tee": 1, "snp": 6, "microcode": 7}
_LAYOUTS: Final = {
    Product.MILAN: _OLDER,
    Product.GENOA: _OLDER,
    Product.TURIN: {"fmc": 0, "bootloader": 1, "tee": 2, "snp": 3, "microcode": 7},
}


@dataclass(frozen=True, slots=True)
class Tcb:
    """Security version numbers of the parts of a platform; `fmc` is there on Turin only."""

    fmc: int | None
    bootloader: int
    tee: int
    snp: int
    microcode: int

    def fields(self) -> dict[str, int]:
        """Give the parts that there are, by name."""
        every = {name: getattr(self, name) for name in TCB_FIELDS}
        return {name: value for name, value in every.items() if value is not None}

    def parts_above(self, other: "Tcb") -> list[str]:
        """Name the parts of this version that are newer than those of another."""
        mine, others = self.fields(), other.fields()
        return [name for name, value in mine.items() if value > others.get(name, 0)]

    def to_json(self) -> dict[str, int]:
        """Give the parts under the short names that AMD's tools use."""
        short = {"bootloader": "bl", "microcode": "ucode"}
        return {short.get(name, name): value for name, value in self.fields().items()}

    def __str__(self) -> str:
        return " ".join(f"{name} {value}" for name, value in self.fields().items())


def tcb_fields(product: Product) -> tuple[str, ...]:
    """Name the parts that the TCB of a product has."""
    return tuple(_LAYOUTS[product])


def decode_tcb(raw: bytes, product: Product, name: str) -> Tcb:
    """Take eight bytes apart, or raise `SnpError` where bytes are set that the product does not use."""
    layout = _LAYOUTS[product]
    for index, byte in enumerate(raw):
        if byte and index not in layout.values():
            raise SnpError(f"{name} has a value in byte {index}, which is reserved on {product.value}")
    values = {part: raw[index] for part, index in layout.items()}
    return Tcb(values.get("fmc"), values["bootloader"], values["tee"], values["snp"], values["microcode"])


def encode_tcb(tcb: Tcb, product: Product) -> bytes:
    """Lay a TCB version out as the product does."""
    raw = bytearray(8)
    for part, index in _LAYOUTS[product].items():
        raw[index] = tcb.fields()[part]
    return bytes(raw)


def product_of_cpuid(family: int, model: int) -> Product:
    """Tell the product line by CPUID family and model, or raise `SnpError`."""
    if family == 0x19 and model <= 0x0F:
        return Product.MILAN
    if family == 0x19 and (0x10 <= model <= 0x1F or 0xA0 <= model <= 0xAF):
        return Product.GENOA
    if family == 0x1A and model <= 0x11:
        return Product.TURIN
    raise SnpError(f"the processor of family {family:#x}, model {model:#x} is of no known product")


def product_of_name(name: str) -> Product:
    """Tell the product line by the name in a certificate, such as `Milan-B0`, or raise `SnpError`."""
    line = _LINE_OF_NAME.get(name.partition("-")[0])
    if line is None:
        raise SnpError(f"{name[:32]!r} is no known product")
    return line
