"""Who a workload is: the host's word, never the guest's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from elastic_hal.common.text import shown
from elastic_hal.runtime.errors import WorkloadNameError

MAX_NAME_BYTES: Final = 256


@dataclass(frozen=True, slots=True)
class Identity:
    """A workload's name, given by whoever starts it, and `sha256:<hex>` of the component that runs.

    Raises:
        WorkloadNameError: No workload can have that name.
    """

    name: str
    digest: str

    def __post_init__(self) -> None:
        problem = name_problem(self.name)
        if problem:
            raise WorkloadNameError(
                f"'{shown(self.name)}' cannot be the name of a workload: {problem}", "start it under another name"
            )

    @property
    def digest_bytes(self) -> bytes:
        """The 32 bytes of the digest."""
        return bytes.fromhex(self.digest.removeprefix("sha256:"))


def name_problem(name: str) -> str:
    """Return why a workload cannot have a name; the empty string where it can.

    Names stand in policies, in logs, before lines of output and in what is sealed, so they are one printable line.
    """
    if not name:
        return "it must not be empty"
    if not name.isprintable():
        return "it must be printable"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"it must have at most {MAX_NAME_BYTES} bytes"
    return ""


def content_digest(content: bytes) -> str:
    """The digest that identifies a component, `sha256:<hex>`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
