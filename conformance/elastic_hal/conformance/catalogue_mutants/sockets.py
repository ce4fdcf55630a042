"""Sockets as far as the contract itself has them: TLS, SOC-3, SOC-4, SOC-7 and SOC-8."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

from elastic_hal.conformance.catalogue_mutants.changes import (
    VERIFICATION_FAILED,
    does_nothing,
    with_answer,
    with_argument,
)
from elastic_hal.conformance.catalogue_mutants.target import Change, Target

_PROVIDER = "elastic_hal_tls"


def _trusting_anyone(options: Any) -> Any:
    """The options of a client, without asking who the server is."""
    anyone = sys.modules[type(options.trust).__module__].Trust_Anyone()
    return dataclasses.replace(options, trust=anyone)


def _asking_nobody(options: Any) -> Any:
    """The options of a server, without asking who its clients are."""
    return dataclasses.replace(options, client_trust=None)


def _by_any_password() -> Change:
    """Opens a file that was opened once with the right password by any other one, too."""
    opened: dict[bytes, str] = {}

    def change(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(data: bytes, password: str) -> Any:
            try:
                loaded = function(data, password)
            except Exception as raised:
                if type(raised).__name__ != VERIFICATION_FAILED or data not in opened:
                    raise
                return function(data, opened[data])
            opened[data] = password
            return loaded

        return call

    return change


MUTANTS = (
    Target(
        "soc-3-accepts-any-certificate",
        _PROVIDER,
        {"ClientHandshake_start": with_argument(1, _trusting_anyone)},
        "tls and trust-refuses",
    ),
    Target(
        "soc-3-exports-what-everybody-knows",
        _PROVIDER,
        {"Connection.export_keying_material": with_answer(lambda exported: b"\x17" * len(exported))},
        "tls and (export-the-same or kept-apart)",
    ),
    Target(
        "soc-3-reads-backwards",
        _PROVIDER,
        {"Connection.read": with_answer(lambda data: data[::-1])},
        "tls and both-ways",
    ),
    Target(
        "soc-4-asks-nobody-for-a-certificate",
        _PROVIDER,
        {"Listener_listen": with_argument(1, _asking_nobody)},
        "tls and client-trust",
    ),
    Target(
        "soc-4-never-says-that-it-ends",
        _PROVIDER,
        {"Connection.close_output": does_nothing()},
        "tls and close-output",
    ),
    Target(
        "soc-7-opens-by-any-password",
        _PROVIDER,
        {"KeyContext_load_pkcs12": _by_any_password()},
        "tls and load-pkcs12-refuses-a-wrong-password",
    ),
    Target(
        "soc-7-loses-the-issuers",
        _PROVIDER,
        {"KeyContext.certificates": with_answer(lambda certificates: certificates[:1])},
        "tls and (load-pkcs12 or connect-by)",
    ),
    Target(
        "soc-8-certifies-another-name",
        _PROVIDER,
        {"KeyContext_self_signed": with_argument(1, lambda _: "other.example")},
        "tls and self-signed",
    ),
)
