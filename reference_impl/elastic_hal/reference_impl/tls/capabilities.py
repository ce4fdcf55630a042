"""What of TLS is served, from the tables and bounds that the calls themselves use."""

from __future__ import annotations

from ..bindings.elastic_hal import tls as wit
from ..bounds import MAX_DATA_BYTES
from ..capability_entry import Entry, names
from .bounds import (
    KEY_KINDS,
    MOST_CERTIFICATES,
    MOST_CONNECTIONS,
    MOST_EXPORTED_BYTES,
    MOST_FILE_BYTES,
    MOST_LISTENERS,
    MOST_WAITING_CLIENTS,
)
from .suites import TLS12_SUITES, TLS13_SUITES


def tls_entries() -> dict[str, Entry]:
    """Give the entries SOC-3, SOC-4, SOC-7 and SOC-8. What the policy does not grant is denied, not unsupported."""
    spoken = (*names(wit.TlsVersion), *TLS13_SUITES, *TLS12_SUITES.values())
    moved = (
        ("data-bytes", MAX_DATA_BYTES),
        ("connections", MOST_CONNECTIONS),
        ("exported-bytes", MOST_EXPORTED_BYTES),
    )
    served = (*moved, ("listeners", MOST_LISTENERS), ("waiting-clients", MOST_WAITING_CLIENTS))
    keys = Entry(wit.INTERFACE, KEY_KINDS, (("file-bytes", MOST_FILE_BYTES), ("certificates", MOST_CERTIFICATES)))
    return {
        "SOC-3": Entry(wit.INTERFACE, spoken, moved),
        "SOC-4": Entry(wit.INTERFACE, spoken, served),
        "SOC-7": keys,
        "SOC-8": keys,
    }
