"""What is sealed, as bytes: a header that says what it is bound to, and AES-256-GCM under a key that is used once.

    magic         4   `EHSB`
    version       1   1
    content       1   1 data, 2 a key
    state         1   bit 0 platform, bit 1 runtime, bit 2 workload
    length        1   of the parameters
    parameters        what the platform needs to give the key again, up to 255 bytes
    salt         32   random
    ciphertext        as long as the content, then a tag of 16 bytes

The key comes from the platform, for a context of: a domain, the header up to the salt, the workload's name, and the
measurements that `state` names. Header and associated data are authenticated. The nonce is zero, since the salt makes
every key a new one.
"""

import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from elastic_hal.runtime.platform import MAX_SEALING_PARAMETERS, Platform, SealingParametersError, SealingRequest

MAX_OVERHEAD_BYTES: Final = 8 + MAX_SEALING_PARAMETERS + 32 + 16

_MAGIC: Final = b"EHSB"
_VERSION: Final = 1
_DOMAIN: Final = b"elastic-hal sealed envelope 1"
_FIXED_BYTES: Final = 8
_SALT_BYTES: Final = 32
_TAG_BYTES: Final = 16
_NONCE: Final = bytes(12)

DATA: Final = 1
KEY: Final = 2

PLATFORM: Final = 1
RUNTIME: Final = 2
WORKLOAD: Final = 4
_STATES: Final = PLATFORM | RUNTIME | WORKLOAD


_NOT_SEALED: Final = "it is nothing that was sealed as that, in this format"


class UnsealError(Exception):
    """That was not sealed by this workload on this platform in this state. The text is for the host's log."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals: a workload by its name, with the measurements of now."""

    platform: Platform
    name: str
    runtime: bytes
    workload: bytes

    def seal(self, content: int, data: bytes, state: int, associated_data: bytes) -> bytes:
        """Seal `data` as that content, bound to `state`. Raises `PlatformError`."""
        salt = secrets.token_bytes(_SALT_BYTES)
        given = self.platform.sealing_key(self._request(content, state, salt, None))
        header = _header(content, state, given.parameters) + salt
        return header + AESGCM(given.key).encrypt(_NONCE, data, header + associated_data)

    def unseal(self, content: int, sealed: bytes, associated_data: bytes) -> bytes:
        """Give what was sealed as that content. Raises `UnsealError`, and `PlatformError`."""
        state, parameters = _read_header(content, sealed)
        end = _FIXED_BYTES + len(parameters) + _SALT_BYTES
        header, ciphertext = sealed[:end], sealed[end:]
        if len(ciphertext) < _TAG_BYTES:
            raise UnsealError(_NOT_SEALED)
        request = self._request(content, state, header[-_SALT_BYTES:], parameters)
        try:
            key = self.platform.sealing_key(request).key
            return AESGCM(key).decrypt(_NONCE, ciphertext, header + associated_data)
        except (InvalidTag, SealingParametersError):
            raise UnsealError(
                "it does not open: it was changed, or sealed by another workload, on another platform, in another "
                "state or with other associated data"
            ) from None

    def _request(self, content: int, state: int, salt: bytes, parameters: bytes | None) -> SealingRequest:
        parts = (
            _DOMAIN,
            bytes([content, state]),
            salt,
            self.name.encode(),
            self.runtime if state & RUNTIME else b"",
            self.workload if state & WORKLOAD else b"",
        )
        context = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return SealingRequest(measured=bool(state & PLATFORM), context=context, parameters=parameters)


def _header(content: int, state: int, parameters: bytes) -> bytes:
    return _MAGIC + bytes([_VERSION, content, state, len(parameters)]) + parameters


def _read_header(content: int, sealed: bytes) -> tuple[int, bytes]:
    """Give state and parameters. The key depends on both, so that a changed header gives another key."""
    if len(sealed) < _FIXED_BYTES + _SALT_BYTES + _TAG_BYTES or sealed[:6] != _MAGIC + bytes([_VERSION, content]):
        raise UnsealError(_NOT_SEALED)
    state, length = sealed[6], sealed[7]
    if state & ~_STATES or len(sealed) < _FIXED_BYTES + length + _SALT_BYTES + _TAG_BYTES:
        raise UnsealError(_NOT_SEALED)
    return state, sealed[_FIXED_BYTES : _FIXED_BYTES + length]
