"""Who a workload is: the host's word, never the guest's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """A workload's name, given by whoever starts it, and `sha256:<hex>` of the component that runs."""

    name: str
    digest: str

    @property
    def digest_bytes(self) -> bytes:
        """The 32 bytes of the digest."""
        return bytes.fromhex(self.digest.removeprefix("sha256:"))


def content_digest(content: bytes) -> str:
    """The digest that identifies a component, `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
