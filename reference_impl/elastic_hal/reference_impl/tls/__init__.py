"""TLS over TCP for workloads: sockets, keys and secrets of sessions stay with the host (SOC-3, SOC-4, SOC-7, SOC-8).

Without a session that is taken up again, without renegotiation, compression and early data.
"""

from .provider import TlsProvider
from .watching import Watcher

__all__ = ["TlsProvider", "Watcher"]
