"""What OpenSSL says in the words of the contract. Reasons of OpenSSL name what happened, and hold no secret."""

from __future__ import annotations

from typing import Final

from OpenSSL import SSL

from ..bindings.elastic_hal import types
from ..unproven import unproven

_UNPROVEN: Final = frozenset(
    {
        "certificate verify failed",
        "peer did not return a certificate",
        "bad signature",
        "bad ecpoint",
        "digest check failed",
        "decryption failed or bad record mac",
        "no certificate returned",
        "missing signing cert",
        "wrong signature type",
        "wrong certificate type",
        "unable to find public key parameters",
    }
)
_CHANGED: Final = frozenset({"decryption failed or bad record mac", "decryption failed", "bad record type", "bad mac"})


def handshake_failure(error: SSL.Error) -> types.Error:
    """Tell why keys could not be agreed upon."""
    reasons = _reasons(error)
    if not _UNPROVEN.isdisjoint(reasons):
        return unproven(f"the other end does not prove who it is: {_spelled(reasons)}")
    return types.Error_Peer(f"no TLS connection comes about: {_spelled(reasons)}")


def record_failure(error: SSL.Error) -> types.Error:
    """Tell why a connection that was there is no more."""
    reasons = _reasons(error)
    if not _CHANGED.isdisjoint(reasons):
        return unproven(f"what arrived was changed on its way: {_spelled(reasons)}")
    return types.Error_Peer(f"the connection failed: {_spelled(reasons)}")


def _reasons(error: SSL.Error) -> list[str]:
    entries = error.args[0] if error.args and isinstance(error.args[0], list | tuple) else ()
    return [str(entry[2]).lower() for entry in entries if isinstance(entry, tuple) and len(entry) > 2]


def _spelled(reasons: list[str]) -> str:
    return (
        "; ".join(dict.fromkeys(reason for reason in reasons if reason))
        or "the other end does not keep to the protocol"
    )
