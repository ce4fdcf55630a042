"""The messages of the protocol, in JSON or CBOR: read strictly, bounded, and each in one spelling only.

In JSON, bytes are base64url without padding (RFC 4648 section 5). In CBOR they are byte strings, and the encoding is
the deterministic one of RFC 8949 section 4.2.1.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cbor2

from elastic_hal.reference_impl.eat import EvidenceError
from elastic_hal.reference_impl.eat.binding import MAX_HARDWARE_EVIDENCE_BYTES
from elastic_hal.reference_impl.eat.cbor import decode

from .errors import MalformedRequestError

NONCE_PATH: Final = "/v1/nonce"
RELEASE_PATH: Final = "/v1/release"
MAX_NAME_CHARACTERS: Final = 128
MAX_SECRET_BYTES: Final = 65_536
MAX_MESSAGE_BYTES: Final = 400_000
"""Holds the largest evidence in base64url; what is longer is refused before it is read."""
MAX_NONCE_BYTES: Final = 64

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")


class MediaType(Enum):
    """How a message is encoded."""

    JSON = "application/json"
    CBOR = "application/cbor"


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """What an attester asks: a secret by name, its evidence, and the nonce that the evidence answers."""

    name: str
    evidence: bytes
    nonce: bytes


def is_name(text: str) -> bool:
    """Tell whether `text` can be the name of a secret."""
    return _NAME.fullmatch(text) is not None


def media_type(header: str | None) -> MediaType:
    """Read a Content-Type or Accept header; absent or open means JSON. Raises `MalformedRequestError`."""
    if header is None or header.strip() in ("", "*/*"):
        return MediaType.JSON
    wanted = header.split(";", 1)[0].strip().lower()
    for known in MediaType:
        if wanted == known.value:
            return known
    raise MalformedRequestError("messages are application/json or application/cbor")


def parse_release(body: bytes, media: MediaType) -> ReleaseRequest:
    """Read a request for a secret, or raise `MalformedRequestError`."""
    fields = parse_fields(body, media, {"name": str, "evidence": bytes, "nonce": bytes})
    name, evidence, nonce = fields["name"], fields["evidence"], fields["nonce"]
    if not isinstance(name, str) or not isinstance(evidence, bytes) or not isinstance(nonce, bytes):
        raise TypeError("fields are of the kinds that were asked for")
    if not is_name(name):
        raise MalformedRequestError("the name is not a name of a secret")
    if not evidence or len(evidence) > MAX_HARDWARE_EVIDENCE_BYTES:
        raise MalformedRequestError(f"evidence has 1 to {MAX_HARDWARE_EVIDENCE_BYTES} bytes")
    if not nonce or len(nonce) > MAX_NONCE_BYTES:
        raise MalformedRequestError(f"a nonce has 1 to {MAX_NONCE_BYTES} bytes")
    return ReleaseRequest(name, evidence, nonce)


def encode_release(request: ReleaseRequest, media: MediaType) -> bytes:
    """Write a request for a secret."""
    return encode_fields({"name": request.name, "evidence": request.evidence, "nonce": request.nonce}, media)


def encode_fields(fields: Mapping[str, str | bytes | int], media: MediaType) -> bytes:
    """Write a message."""
    if media is MediaType.CBOR:
        return cbor2.dumps(dict(fields), canonical=True)
    texts = {name: _to_base64url(value) if isinstance(value, bytes) else value for name, value in fields.items()}
    return json.dumps(texts, separators=(",", ":")).encode()


def parse_fields(
    body: bytes, media: MediaType, expected: Mapping[str, type[str] | type[bytes] | type[int]]
) -> dict[str, str | bytes | int]:
    """Read a message that has exactly the expected fields, or raise `MalformedRequestError`."""
    if len(body) > MAX_MESSAGE_BYTES:
        raise MalformedRequestError(f"a message has at most {MAX_MESSAGE_BYTES} bytes")
    document = _json(body) if media is MediaType.JSON else _cbor(body)
    if not isinstance(document, dict) or set(document) != set(expected):
        raise MalformedRequestError(f"the message does not have exactly the fields {', '.join(expected)}")
    return {name: _field(document[name], name, kind, media) for name, kind in expected.items()}


def _field(value: object, name: str, kind: type, media: MediaType) -> str | bytes | int:
    if kind is bytes and media is MediaType.JSON and isinstance(value, str):
        return _from_base64url(value, name)
    if isinstance(value, str | bytes | int) and type(value) is kind:
        return value
    raise MalformedRequestError(f"the field {name} is not of its kind")


def _json(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_without_repetition, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise MalformedRequestError("the message is not JSON") from None


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands there twice")
    return fields


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _cbor(body: bytes) -> object:
    try:
        return decode(body)
    except EvidenceError:
        raise MalformedRequestError("the message is not deterministic CBOR") from None


def _to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _from_base64url(text: str, name: str) -> bytes:
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        raise MalformedRequestError(f"the field {name} is not base64url without padding")
    value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _to_base64url(value) != text:
        raise MalformedRequestError(f"the field {name} is not base64url in its one spelling")
    return value
