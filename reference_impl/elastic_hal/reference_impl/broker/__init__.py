"""A key broker: a service that releases a named secret to evidence that satisfies its policy, and the client of one.

The service is `Broker` (what is decided), `BrokerServer` (https) and `Store` (what is kept); the other side is
`BrokerClient`, and `BrokerSealing`, a platform whose sealing keys come from a broker. Importable without the
WebAssembly engine. The protocol is in docs/key-broker.md.
"""

from .client import BrokerClient
from .release_policy import LivePolicy, ReleasePolicy
from .sealing_root import BrokerSealing
from .server import BrokerServer, server_context
from .service import Broker, Released
from .store import Store

__all__ = [
    "Broker",
    "BrokerClient",
    "BrokerSealing",
    "BrokerServer",
    "LivePolicy",
    "ReleasePolicy",
    "Released",
    "Store",
    "server_context",
]
