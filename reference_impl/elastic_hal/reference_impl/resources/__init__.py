"""The resource allocation family (RES-1, RES-2, RES-3): `budget` is what the host has for all of its workloads,
`provider` what guests call.
"""

from .budget import Budget
from .provider import ResourceAllocationProvider

__all__ = ["Budget", "ResourceAllocationProvider"]
