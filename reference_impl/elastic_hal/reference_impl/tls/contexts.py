"""Contexts of OpenSSL: the options of one end of connections, with the versions and suites that are ever spoken."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Final

from OpenSSL import SSL

from elastic_hal.runtime.network_grants import IpAddress

from ..bindings.elastic_hal import tls as wit
from ..bindings.elastic_hal import types
from .bounds import MOST_PROTOCOL_BYTES, MOST_PROTOCOLS
from .key_contexts import KeyContext, own_context
from .suites import TLS12_SUITES, TLS13_SUITES
from .trust import demand_proof

_VERSIONS: Final = {wit.TlsVersion.TLS12: SSL.TLS1_2_VERSION, wit.TlsVersion.TLS13: SSL.TLS1_3_VERSION}


# SSL_MODE_NO_AUTO_CHAIN: the other end gets the certificates of the key context, and no others that lie around.
_NO_AUTO_CHAIN: Final = 0x8


class NoCommonProtocolError(Exception):
    """A client offers protocols, and none that the server speaks."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context of OpenSSL. Its lock is held by every call that may raise: what a callback raises in a handshake is
    kept in the context, where any call of another connection would find it.
    """

    library: SSL.Context
    lock: threading.Lock = field(default_factory=threading.Lock)


def client_context(options: wit.ClientOptions, name: str | IpAddress) -> Context:
    """Make the context of one client's connection, which has to be to that name."""
    context = _context(SSL.TLS_CLIENT_METHOD, options.oldest)
    protocols = _protocols(options.protocols)
    if protocols:
        context.set_alpn_protos(protocols)
    demand_proof(context, options.trust, name)
    if options.keys is not None:
        _use_keys(context, own_context(options.keys))
    return Context(context)


def server_context(options: wit.ServerOptions) -> Context:
    """Make the context of a listener."""
    context = _context(SSL.TLS_SERVER_METHOD, options.oldest)
    protocols = _protocols(options.protocols)
    if protocols:
        context.set_alpn_select_callback(lambda _tls, offered: _select(protocols, offered))
    # OpenSSL keeps the name that a client tells only where somebody looks at it.
    context.set_tlsext_servername_callback(lambda _tls: None)
    if options.client_trust is not None:
        demand_proof(context, options.client_trust, None)
    _use_keys(context, own_context(options.keys))
    return Context(context)


def _context(method: int, oldest: wit.TlsVersion) -> SSL.Context:
    context = SSL.Context(method)
    context.set_min_proto_version(_VERSIONS[oldest])
    context.set_max_proto_version(SSL.TLS1_3_VERSION)
    context.set_cipher_list(f"{':'.join(TLS12_SUITES)}:@SECLEVEL=2".encode())
    context.set_tls13_ciphersuites(":".join(TLS13_SUITES).encode())
    context.set_options(SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_COMPRESSION | SSL.OP_NO_TICKET)
    context.set_mode(_NO_AUTO_CHAIN)
    # Every connection proves both ends anew: no session is ever taken up again.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    return context


def _protocols(protocols: list[str]) -> list[bytes]:
    if len(protocols) > MOST_PROTOCOLS:
        raise types.Error_InvalidArgument(f"protocols: has {len(protocols)}, more than {MOST_PROTOCOLS}")
    encoded = [protocol.encode() for protocol in protocols]
    for protocol in encoded:
        if not 1 <= len(protocol) <= MOST_PROTOCOL_BYTES:
            raise types.Error_InvalidArgument(
                f"protocols: one has {len(protocol)} bytes, not 1 to {MOST_PROTOCOL_BYTES}"
            )
    return encoded


def _select(known: list[bytes], offered: list[bytes]) -> bytes:
    for protocol in known:
        if protocol in offered:
            return protocol
    raise NoCommonProtocolError("the client speaks none of the protocols")


def _use_keys(context: SSL.Context, keys: KeyContext) -> None:
    try:
        context.use_certificate(keys.chain[0])
        for certificate in keys.chain[1:]:
            context.add_extra_chain_cert(certificate)
        context.use_privatekey(keys.key)
    except SSL.Error:
        raise types.Error_InvalidArgument("keys: a certificate is too weak for TLS") from None
