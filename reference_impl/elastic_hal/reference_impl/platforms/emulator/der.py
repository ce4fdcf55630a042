"""The few forms of DER that the certificates of emulated platforms need beyond what `cryptography` writes."""

OCTET_STRING, ENUMERATED, BOOLEAN = 0x04, 0x0A, 0x01

_INTEGER, _OBJECT, _SEQUENCE, _UTF8_STRING = 0x02, 0x06, 0x30, 0x0C


def encode(tag: int, content: bytes) -> bytes:
    """Encode one item."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(value: int) -> bytes:
    """Encode a number that is not negative; a zero stands before a first bit of one."""
    return encode(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def text(value: str) -> bytes:
    """Encode a text."""
    return encode(_UTF8_STRING, value.encode())


def sequence(*items: bytes) -> bytes:
    """Encode a sequence of encoded items."""
    return encode(_SEQUENCE, b"".join(items))


def identifier(dotted: str) -> bytes:
    """Encode an object identifier."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    return encode(_OBJECT, b"".join(_base128(part) for part in (40 * first + second, *rest)))


def _base128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
