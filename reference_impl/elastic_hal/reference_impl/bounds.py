"""The size bound that holds for every byte list of the contract, and the check that providers share."""

from typing import Final

from elastic_hal.common.text import counted

from .bindings.elastic_hal import types

MAX_DATA_BYTES: Final = 1 << 20
"""What one call moves in one list at most."""


def check_size(name: str, data: bytes, most: int = MAX_DATA_BYTES) -> None:
    """Raise `limit-exceeded` where `data` is longer than `most` bytes."""
    if len(data) > most:
        raise types.Error_LimitExceeded(f"{name} has {counted(len(data), 'byte')}, more than {most}")
