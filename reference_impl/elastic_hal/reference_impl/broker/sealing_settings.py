"""Where a platform gets its sealing keys from, where that is a key broker: one TOML file.

    version = 1
    broker = "https://broker.example:8443"
    secret = "thermostat/root"          # its name at the broker
    roots = "broker.pem"                # optional: what to trust instead of the system's certificates; relative to this
    timeout = "20s"                     # optional: how long a guest waits for the broker

Who can change this file chooses whose secret is sealed under, so that it belongs into what is measured.
"""

from pathlib import Path
from typing import Final

from elastic_hal.runtime.errors import LimitError, RuntimeFailure
from elastic_hal.runtime.limits import parse_duration
from elastic_hal.runtime.platform import Platform
from elastic_hal.runtime.strict_toml import StrictReader

from .client import TIMEOUT_SECONDS, BrokerClient
from .errors import BrokerSettingsError
from .messages import is_name
from .sealing_root import BrokerSealing

_VERSION: Final = 1
_KEYS: Final = ("version", "broker", "secret", "roots", "timeout")
_MOST_SECONDS: Final = 600.0


class SealingSettingsError(RuntimeFailure):
    """The file cannot be read, or something in it is wrong. The text names the place and what to do."""


def seal_by_broker(platform: Platform, settings: Path) -> BrokerSealing:
    """Give the platform with sealing keys of the broker that the file names. Asks nobody yet.

    Raises `SealingSettingsError`.
    """
    reader = StrictReader(settings, SealingSettingsError)
    document = reader.document("sealing settings")
    reader.known(document, "", _KEYS)
    reader.version(document, _VERSION)
    address, secret = reader.text(document.get("broker"), "broker"), reader.text(document.get("secret"), "secret")
    if not is_name(secret):
        raise reader.wrong("secret", f"{secret!r} is no name of a secret", "see docs/key-broker.md for what names are")
    roots = settings.parent / reader.text(document["roots"], "roots") if "roots" in document else None
    seconds = _seconds(reader, document["timeout"]) if "timeout" in document else TIMEOUT_SECONDS
    try:
        client = BrokerClient(address, roots=roots, timeout=seconds)
    except BrokerSettingsError as error:
        raise SealingSettingsError(f"{settings}: {error}") from None
    return BrokerSealing(platform, client, secret)


def _seconds(reader: StrictReader, value: object) -> float:
    try:
        seconds = parse_duration(reader.text(value, "timeout"))
    except LimitError as error:
        raise reader.wrong("timeout", error.message, error.hint) from None
    if not 0 < seconds <= _MOST_SECONDS:
        raise reader.wrong("timeout", f"is not more than 0 and at most {_MOST_SECONDS:g} s")
    return seconds
