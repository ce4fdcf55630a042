from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from elastic_hal.conformance.catalogue_mutants import TARGETS
from elastic_hal.conformance.mutants import MutantFailure, mutant_names, wrap


@dataclass(frozen=True)
class Sealed:
    nonce: bytes
    parts: list[bytes]
    count: int


class Key:
    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        self._material = material

    def export(self) -> bytes:
        return self._material

    def drop(self) -> None:
        """What every resource has."""


class Provider:
    interface = "a"

    def digest(self, data: bytes) -> bytes:
        return data

    def seal(self) -> Sealed:
        return Sealed(b"\x00\x01", [b"", b"\x02"], 3)

    def Key_make(self) -> Key:
        return Key(b"\x10")


def test_wrong_bytes_changes_bytes_and_nothing_else() -> None:
    broken = wrap(Provider(), "wrong-bytes")
    assert broken.digest(b"\x00a") == b"\x01a"
    assert broken.seal() == Sealed(b"\x01\x01", [b"\x00", b"\x03"], 3)
    assert broken.interface == "a"


def test_resources_are_broken_and_stay_what_they_are() -> None:
    key = wrap(Provider(), "wrong-bytes").Key_make()
    assert isinstance(key, Key)
    assert key.export() == b"\x11"
    key.drop()
    assert Provider().Key_make().export() == b"\x10"


def test_always_error_raises_whatever_is_called() -> None:
    broken = wrap(Provider(), "always-error")
    with pytest.raises(MutantFailure):
        broken.digest(b"")
    with pytest.raises(MutantFailure):
        broken.Key_make()


def test_hangs_does_not_come_back() -> None:
    thread = threading.Thread(target=wrap(Provider(), "hangs").digest, args=(b"",), daemon=True)
    thread.start()
    thread.join(0.2)
    assert thread.is_alive()


def test_names() -> None:
    assert mutant_names() == ("always-error", "wrong-bytes", "hangs", *TARGETS)
    with pytest.raises(ValueError, match="there is no mutant 'other'"):
        wrap(Provider(), "other")
