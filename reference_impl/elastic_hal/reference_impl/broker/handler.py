"""Reads one request of the protocol from a connection and writes its answer; decides nothing itself."""

import logging
import re
import ssl
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from .errors import BrokerUnavailableError, MalformedRequestError, ReleaseRefusedError
from .messages import (
    MAX_MESSAGE_BYTES,
    NONCE_PATH,
    RELEASE_PATH,
    MediaType,
    encode_fields,
    is_name,
    media_type,
    parse_release,
)

if TYPE_CHECKING:
    from .server import BrokerServer

_Fields: TypeAlias = dict[str, str | bytes | int]

_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_log = logging.getLogger(__name__)


class _Answer(Exception):
    """Ends a request with an error: status, and one of the words of the protocol."""

    def __init__(self, status: HTTPStatus, error: str, detail: str = "") -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.detail = detail


class RequestHandler(BaseHTTPRequestHandler):
    """One connection, which may carry several requests."""

    protocol_version = "HTTP/1.1"
    server: "BrokerServer"
    connection: ssl.SSLSocket
    # The answer's head and body leave in one piece.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Shake hands, then serve requests until the peer has no more."""
        try:
            self.connection.do_handshake()
            super().handle()
        except (OSError, ValueError) as error:
            _log.debug("a connection ended: %s", error)

    def finish(self) -> None:
        """Send what is left, if there still is somebody."""
        try:
            super().finish()
        except (OSError, ValueError) as error:
            _log.debug("a connection ended: %s", error)

    def handle_one_request(self) -> None:
        """Serve one request in its time."""
        self.server.begin_request(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:
        """Give a nonce."""
        self._answer(NONCE_PATH, self._nonce)

    def do_POST(self) -> None:
        """Release a secret."""
        self._answer(RELEASE_PATH, self._release)

    def version_string(self) -> str:
        """Say no more than what the documentation says."""
        return "elastic-hal-broker"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP as this server takes it, without repeating any of it."""
        del message, explain
        self.close_connection = True
        self._send(HTTPStatus(code), MediaType.JSON, {"error": "malformed"})

    def log_message(self, format: str, *arguments: object) -> None:
        """Leave the log to the broker: lines of requests are chosen by strangers."""

    def _answer(self, path: str, make: Callable[[str, bytes, MediaType], _Fields]) -> None:
        media = MediaType.JSON
        try:
            media = self._media()
            parts = urlsplit(self.path)
            _check_path(parts.path, path)
            body = self._body()
            self.server.begin_answer(self.connection)
            self._send(HTTPStatus.OK, media, make(parts.query, body, media))
        except MalformedRequestError as error:
            self._refuse(_Answer(HTTPStatus.BAD_REQUEST, "malformed", str(error)), media)
        except ValueError:
            self._refuse(_Answer(HTTPStatus.BAD_REQUEST, "malformed"), media)
        except ReleaseRefusedError:
            self._send(HTTPStatus.FORBIDDEN, media, {"error": "refused"})
        except BrokerUnavailableError:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, media, {"error": "unavailable"})
        except _Answer as answer:
            self._refuse(answer, media)
        except OSError:
            raise
        except Exception:
            _log.exception("a request failed")
            self._refuse(_Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "unavailable"), media)

    def _nonce(self, query: str, body: bytes, media: MediaType) -> _Fields:
        del media
        fields = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=2, errors="strict")
        if len(fields) != 1 or fields[0][0] != "name" or not is_name(fields[0][1]) or body:
            raise MalformedRequestError("ask for a nonce with ?name= and the name of a secret")
        nonces = self.server.broker.nonces
        return {"nonce": nonces.issue(fields[0][1]), "lifetime": int(nonces.lifetime)}

    def _release(self, query: str, body: bytes, media: MediaType) -> _Fields:
        if query:
            raise MalformedRequestError("a release has no query")
        request = parse_release(body, media)
        released = self.server.broker.release(request, str(self.client_address[0]))
        return {"enc": released.encapsulated, "ciphertext": released.ciphertext}

    def _media(self) -> MediaType:
        """Tell how the messages of this request are encoded: as the body is, or as the peer accepts."""
        values = self.headers.get_all("Content-Type" if self.command == "POST" else "Accept") or []
        if len(values) > 1:
            raise _Answer(HTTPStatus.BAD_REQUEST, "malformed")
        try:
            return media_type(values[0] if values else None)
        except MalformedRequestError as error:
            raise _Answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "malformed", str(error)) from None

    def _body(self) -> bytes:
        """Read the body, whose length must be said once and be small enough."""
        lengths = self.headers.get_all("Content-Length") or []
        if self.headers.get("Transfer-Encoding") is not None or len(lengths) > 1:
            raise _Answer(HTTPStatus.BAD_REQUEST, "malformed", "a body has one Content-Length and no other encoding")
        if not lengths:
            if self.command == "POST":
                raise _Answer(HTTPStatus.LENGTH_REQUIRED, "malformed")
            return b""
        if _LENGTH.fullmatch(lengths[0].strip()) is None:
            raise _Answer(HTTPStatus.BAD_REQUEST, "malformed")
        length = int(lengths[0])
        if length > MAX_MESSAGE_BYTES:
            raise _Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "malformed")
        body = self.rfile.read(length)
        if len(body) != length:
            raise ConnectionError("the peer went away")
        return body

    def _refuse(self, answer: _Answer, media: MediaType) -> None:
        """Answer an error after which it is not known where the next request begins."""
        self.close_connection = True
        detail: _Fields = {"detail": answer.detail} if answer.detail else {}
        self._send(answer.status, media, {"error": answer.error, **detail})

    def _send(self, status: HTTPStatus, media: MediaType, fields: _Fields) -> None:
        body = encode_fields(fields, media)
        self.send_response(status)
        self.send_header("Content-Type", media.value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _check_path(asked: str, path: str) -> None:
    if asked not in (NONCE_PATH, RELEASE_PATH):
        raise _Answer(HTTPStatus.NOT_FOUND, "not-found")
    if asked != path:
        raise _Answer(HTTPStatus.METHOD_NOT_ALLOWED, "malformed")
