"""The attester's side: asks a broker for a secret with evidence of a platform, and opens what comes back.

The key that the secret is wrapped to is made for one request and never leaves the process.
"""

import http.client
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from elastic_hal.common.files import FileError, read_text
from elastic_hal.common.text import shown
from elastic_hal.runtime.platform import EvidencePurpose, EvidenceRequest, Measurement, Platform

from .connection import BoundedConnection, BoundedSocket
from .errors import (
    BrokerSettingsError,
    BrokerUnavailableError,
    MalformedRequestError,
    ReleaseRefusedError,
)
from .messages import (
    MAX_MESSAGE_BYTES,
    NONCE_PATH,
    RELEASE_PATH,
    MediaType,
    ReleaseRequest,
    encode_release,
    is_name,
    parse_fields,
)
from .wrapping import WrappingError, unwrap

TIMEOUT_SECONDS: Final = 20.0
_MAX_ROOTS_BYTES: Final = 4 << 20

_HEADERS: Final = {"Content-Type": MediaType.CBOR.value, "Accept": MediaType.CBOR.value}


class BrokerClient:
    """One broker by its address. Each request has a connection of its own."""

    def __init__(self, url: str, *, roots: Path | None = None, timeout: float = TIMEOUT_SECONDS) -> None:
        """Check the address, `https://HOST[:PORT]`; `roots` are the certificates to trust instead of the system's.

        `timeout` is how many seconds there are for the whole of a request, the making of evidence included.

        Raises `BrokerSettingsError`.
        """
        try:
            parts = urlsplit(url)
            self._host, self._port = parts.hostname or "", parts.port or 443
        except ValueError:
            raise BrokerSettingsError(f"{url!r} is no address of a broker") from None
        if parts.scheme != "https" or not self._host or parts.path not in ("", "/") or parts.query or parts.username:
            raise BrokerSettingsError(f"{url!r} is no address of a broker; it is https://HOST or https://HOST:PORT")
        self._timeout = timeout
        try:
            self._context = ssl.create_default_context(cadata=None if roots is None else _certificates(roots))
        except ssl.SSLError:
            raise BrokerSettingsError(f"{shown(roots)}: holds no certificates in PEM") from None
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._context.sslsocket_class = BoundedSocket

    @property
    def timeout(self) -> float:
        """How many seconds there are for a request."""
        return self._timeout

    def fetch(
        self,
        name: str,
        platform: Platform,
        measurements: Sequence[Measurement] = (),
        *,
        purpose: EvidencePurpose = EvidencePurpose.HOST_SECRET,
    ) -> bytes:
        """Give the secret, for evidence of `platform` that states `measurements` besides the platform's own.

        It says that the host asks, and for which `purpose`.

        Raises `ReleaseRefusedError`, `BrokerUnavailableError`, and the platform's `PlatformError`.
        """
        key = x25519.X25519PrivateKey.generate()
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        connection = self._connect()
        try:
            nonce = self._nonce(connection, name)
            evidence = platform.evidence(EvidenceRequest(nonce, tuple(measurements), spki, purpose))
            encapsulated, ciphertext = self._release(connection, ReleaseRequest(name, evidence.data, nonce))
        finally:
            connection.close()
        try:
            return unwrap(key, encapsulated, ciphertext, name, nonce)
        except WrappingError as error:
            raise BrokerUnavailableError(str(error)) from None

    def nonce(self, name: str) -> bytes:
        """Ask for a nonce for one secret. Raises `BrokerUnavailableError`."""
        connection = self._connect()
        try:
            return self._nonce(connection, name)
        finally:
            connection.close()

    def release(self, request: ReleaseRequest) -> tuple[bytes, bytes]:
        """Ask for a secret with evidence: the encapsulated key, and the ciphertext.

        Raises `ReleaseRefusedError` and `BrokerUnavailableError`.
        """
        connection = self._connect()
        try:
            return self._release(connection, request)
        finally:
            connection.close()

    def _connect(self) -> BoundedConnection:
        return BoundedConnection(self._host, self._port, self._context, self._timeout)

    def _nonce(self, connection: BoundedConnection, name: str) -> bytes:
        if not is_name(name):
            raise BrokerSettingsError(f"{name!r} is no name of a secret")
        path = f"{NONCE_PATH}?name={quote(name, safe='')}"
        fields = self._exchange(connection, "GET", path, None, {"nonce": bytes, "lifetime": int})
        nonce = fields["nonce"]
        if not isinstance(nonce, bytes):
            raise TypeError("fields are of the kinds that were asked for")
        return nonce

    def _release(self, connection: BoundedConnection, request: ReleaseRequest) -> tuple[bytes, bytes]:
        body = encode_release(request, MediaType.CBOR)
        fields = self._exchange(connection, "POST", RELEASE_PATH, body, {"enc": bytes, "ciphertext": bytes})
        encapsulated, ciphertext = fields["enc"], fields["ciphertext"]
        if not isinstance(encapsulated, bytes) or not isinstance(ciphertext, bytes):
            raise TypeError("fields are of the kinds that were asked for")
        return encapsulated, ciphertext

    def _exchange(
        self,
        connection: BoundedConnection,
        method: str,
        path: str,
        body: bytes | None,
        expected: dict[str, type[str] | type[bytes] | type[int]],
    ) -> dict[str, str | bytes | int]:
        place = f"https://{self._host}:{self._port}"
        try:
            connection.request(method, path, body, _HEADERS)
            response = connection.getresponse()
            content = response.read(MAX_MESSAGE_BYTES + 1)
        except ssl.SSLCertVerificationError as error:
            reason = f"its certificate is not trusted: {error.verify_message}"
            raise BrokerUnavailableError(f"{place}: {reason}") from None
        except TimeoutError:
            raise BrokerUnavailableError(f"{place}: the broker does not answer within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
            raise BrokerUnavailableError(f"{place}: the broker does not answer: {reason}") from None
        if response.status == http.HTTPStatus.FORBIDDEN:
            raise ReleaseRefusedError(f"{place}: the broker does not release the secret; its audit log says why")
        if response.status != http.HTTPStatus.OK:
            raise BrokerUnavailableError(f"{place}: the broker answered with status {response.status}")
        try:
            return parse_fields(content, MediaType.CBOR, expected)
        except MalformedRequestError as error:
            raise BrokerUnavailableError(f"{place}: what answered is no broker: {error}") from None


def _certificates(path: Path) -> str:
    try:
        text = read_text(path, _MAX_ROOTS_BYTES)
    except FileError as error:
        raise BrokerSettingsError(str(error)) from None
    if not text.strip():
        # To the library, nothing would mean the certificates of the system.
        raise BrokerSettingsError(f"{shown(path)}: holds no certificates in PEM")
    return text
