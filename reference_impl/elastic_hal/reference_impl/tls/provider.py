"""The `tls` interface for one run of a workload: bounds and grants are checked before anything leaves the host.

What speaks TLS is imported by the first call that needs it: a host starts sooner without it, and most workloads have
no use for it.
"""

from __future__ import annotations

from functools import partial

from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.network_grants import IpAddress, parse_host
from elastic_hal.runtime.policy import Grant

from ..bindings.elastic_hal import crypto, types
from ..bindings.elastic_hal import tls as wit
from .bounds import MOST_HOST_BYTES
from .lookups import Lookups
from .places import Places
from .watching import Watcher


class TlsProvider:
    """Who asks, and where it may connect and listen, is the host's word. `watcher` is one for all workloads."""

    def __init__(self, watcher: Watcher, identity: Identity, grant: Grant, control: Control) -> None:
        self._watcher = watcher
        self._identity = identity
        self._grant = grant.tls
        self._control = control
        self._lookups = Lookups()
        self._places = Places(control)
        control.at_end(self._lookups.end)

    def KeyContext_load_pkcs12(self, data: bytes, password: str) -> wit.KeyContext:
        """Load a key with its certificates."""
        from .pkcs12_files import load_pkcs12

        context = load_pkcs12(data, password)
        self._places.take_certificates(context, sum(map(len, context.certificates())))
        context.dropped = partial(self._places.give_back, context)
        return context

    def KeyContext_self_signed(self, key: crypto.Key, name: str, seconds: int) -> wit.KeyContext:
        """Make a certificate for a key of the host."""
        from .key_contexts import self_signed

        return self_signed(key, name, seconds)

    def ClientHandshake_start(self, server: wit.Address, options: wit.ClientOptions) -> wit.ClientHandshake:
        """Begin to connect."""
        from .contexts import client_context
        from .handshake_resources import ClientHandshake
        from .handshakes import ClientSide

        host = _host("server", server.host)
        if not server.port:
            raise types.Error_InvalidArgument("server: has port 0, where nobody can listen")
        if not self._grant.may_connect(host, server.port):
            raise types.Error_AccessDenied(
                f"the policy does not let this workload connect to {host} at port {server.port}"
            )
        name = host if options.server_name is None else _host("server-name", options.server_name)
        context = client_context(options, name)
        handshake = ClientSide(context, name, self._watcher, self._places, self._control)
        handshake.look_up(self._lookups, host, server.port)
        return ClientHandshake(handshake, self._control, f"server {host} at port {server.port}")

    def Listener_listen(self, local: wit.Address, options: wit.ServerOptions) -> wit.Listener:
        """Begin to listen."""
        from .contexts import server_context
        from .listener import Listener, listening_socket

        host = _host("local", local.host)
        if isinstance(host, str):
            raise types.Error_InvalidArgument("local: the host is no IP address")
        if not self._grant.may_listen(host, local.port):
            raise types.Error_AccessDenied(f"the policy does not let this workload listen at {host}, port {local.port}")
        context = server_context(options)
        sock = listening_socket(host, local.port)
        return Listener(sock, context, self._watcher, self._places, self._control)


def _host(what: str, text: str) -> str | IpAddress:
    size = len(text.encode())
    if not 1 <= size <= MOST_HOST_BYTES:
        raise types.Error_InvalidArgument(f"{what}: has {size} bytes, not 1 to {MOST_HOST_BYTES}")
    host = parse_host(text)
    if host is None:
        raise types.Error_InvalidArgument(f"{what}: is neither a DNS name in ASCII nor an IP address")
    return host
