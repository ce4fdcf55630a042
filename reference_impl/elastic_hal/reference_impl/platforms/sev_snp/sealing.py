"""Sealing keys from the processor's derived keys.

The processor mixes in, besides its own secret: the launch measurement, which alone of what is selectable a host cannot
choose for an image of its own; the guest's policy, so that a guest that can be debugged gets other keys; and the
guest's and the platform's versions, so that older firmware cannot derive the keys of newer. All of it goes in always,
whether a request says `measured` or not: a key without the measurement is one that the host has too. The identifiers of
family and image stay out, since whoever launches signs them with a key of his own. From that key HKDF derives one for
each context.
"""

import struct
import threading
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elastic_hal.runtime.platform import SEALING_KEY_BYTES, SealingKey, SealingParametersError, SealingRequest

from ..kernel.errors import FirmwareRefusalError
from .device import derive_key
from .report_fields import OwnReport

POLICY, MEASUREMENT, GUEST_SVN, TCB_VERSION = 1 << 0, 1 << 3, 1 << 4, 1 << 5
"""The bits by which a request selects what goes into a derived key."""
FIELDS: Final = POLICY | MEASUREMENT | GUEST_SVN | TCB_VERSION

_PARAMETERS: Final = struct.Struct("<BIQ")
_PARAMETERS_VERSION: Final = 2
_MOST_KNOWN: Final = 64
_DOMAIN: Final = b"elastic-hal SEV-SNP sealing key 2"


class DerivedKeys:
    """The keys of one guest. Neither its repr nor its errors show them."""

    def __init__(self, device: Path, vmpl: int) -> None:
        self._device = device
        self._vmpl = vmpl
        self._lock = threading.Lock()
        self._known: dict[tuple[int, int], bytes] = {}

    def key(self, request: SealingRequest, report: OwnReport) -> SealingKey:
        """Give the key of a request; `report` is of the guest's present state.

        Raises `SealingParametersError`, and `KernelInterfaceError`.
        """
        if request.parameters is None:
            svn, tcb = report.guest_svn, report.committed_tcb
        else:
            svn, tcb = _read_parameters(request.parameters)
        try:
            root = self._root(svn, tcb)
        except FirmwareRefusalError as error:
            if request.parameters is None:
                raise
            raise SealingParametersError(f"sealed by newer firmware or a newer guest: {error}") from None
        parts = (_DOMAIN, b"measured" if request.measured else b"", request.context)
        info = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        key = HKDF(hashes.SHA256(), SEALING_KEY_BYTES, None, info).derive(root)
        return SealingKey(key, _PARAMETERS.pack(_PARAMETERS_VERSION, svn, tcb))

    def _root(self, svn: int, tcb: int) -> bytes:
        """Ask the processor once for each pair of versions: the host may slow such calls down."""
        with self._lock:
            known = self._known.get((svn, tcb))
            if known is None:
                known = derive_key(self._device, FIELDS, self._vmpl, svn, tcb)
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[svn, tcb] = known
            return known


def _read_parameters(parameters: bytes) -> tuple[int, int]:
    if len(parameters) != _PARAMETERS.size:
        raise SealingParametersError("the parameters are not those of a SEV-SNP sealing key")
    version, svn, tcb = _PARAMETERS.unpack(parameters)
    if version != _PARAMETERS_VERSION:
        raise SealingParametersError(f"the parameters are of version {version}, not {_PARAMETERS_VERSION}")
    return svn, tcb
