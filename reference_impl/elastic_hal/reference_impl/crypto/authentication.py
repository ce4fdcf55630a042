"""MACs with a key, at once and in parts (CRY-9, CRY-10)."""

from cryptography.hazmat.primitives.constant_time import bytes_eq

from ..bindings.elastic_hal import crypto as wit
from ..bindings.elastic_hal import types
from ..bounds import check_size
from .keys import Key, SecretBytes, own, require_usage
from .macs import MACS, Calculation


def compute(key: wit.Key, data: bytes) -> bytes:
    """Calculate the MAC of `data`."""
    held, calculation = _start(key)
    require_usage(held, wit.KeyUsage.SIGN)
    check_size("data", data)
    calculation.update(data)
    return calculation.finalize()


def verify(key: wit.Key, data: bytes, tag: bytes) -> None:
    """Compare the MAC of `data` with `tag` in constant time."""
    held, calculation = _start(key)
    require_usage(held, wit.KeyUsage.VERIFY)
    check_size("data", data)
    check_size("tag", tag)
    calculation.update(data)
    _compare(calculation, tag)


class MacContext(wit.MacContext):
    """A MAC calculation in several parts. It outlives its key."""

    def __init__(self, key: wit.Key) -> None:
        held, calculation = _start(key)
        self._usage = held.usage()
        self._calculation: Calculation | None = calculation

    def update(self, data: bytes) -> None:
        """Add a part of the message."""
        check_size("data", data)
        self._running().update(data)

    def finish(self) -> bytes:
        """End the calculation and give the tag."""
        self._require(wit.KeyUsage.SIGN)
        calculation = self._running()
        self._calculation = None
        return calculation.finalize()

    def verify(self, tag: bytes) -> None:
        """End the calculation and compare its tag with `tag` in constant time."""
        self._require(wit.KeyUsage.VERIFY)
        check_size("tag", tag)
        calculation = self._running()
        self._calculation = None
        _compare(calculation, tag)

    def drop(self) -> None:
        """Forget key and state."""
        self._calculation = None

    def _require(self, needed: wit.KeyUsage) -> None:
        if needed not in self._usage:
            raise types.Error_AccessDenied(f"the key may not {str(needed.name).lower()}")

    def _running(self) -> Calculation:
        if self._calculation is None:
            raise types.Error_InvalidState("the MAC context has finished")
        return self._calculation


def _start(key: wit.Key) -> tuple[Key, Calculation]:
    held = own(key)
    algorithm, material = held.algorithm(), held.material
    if not isinstance(algorithm, wit.KeyAlgorithm_Mac) or not isinstance(material, SecretBytes):
        raise types.Error_InvalidArgument("key: is not one for message authentication")
    return held, MACS[algorithm.value].start(material.value)


def _compare(calculation: Calculation, tag: bytes) -> None:
    if not bytes_eq(calculation.finalize(), tag):
        raise types.Error_VerificationFailed
