"""The channels family (CHN-1, CHN-2, CHN-3): bounded buffers between two workloads of one host.

`buffer` keeps the bytes, `exchange` brings the two ends of a channel together, `provider` is what guests call.
"""

from .exchange import Exchange
from .provider import ChannelsProvider

__all__ = ["ChannelsProvider", "Exchange"]
