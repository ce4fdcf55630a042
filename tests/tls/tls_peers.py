"""Other ends that are not ours: a socket of Python's own TLS, on a thread, and the openssl program."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tls_certificates import Authority, Leaf

Work = Callable[[socket.socket], None]


def client_side(authority: Authority, folder: Path, leaf: Leaf | None = None) -> ssl.SSLContext:
    """A context of Python's that believes the authority, and shows a certificate where there is one."""
    context = ssl.create_default_context(cadata=authority.root_der)
    if leaf is not None:
        context.load_cert_chain(*leaf.files(folder))
    return context


def server_side(leaf: Leaf, folder: Path, clients: Authority | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*leaf.files(folder))
    if clients is not None:
        context.load_verify_locations(cadata=clients.root_der)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextlib.contextmanager
def on_a_thread(work: Callable[[], None]) -> Iterator[None]:
    """Runs something beside the test, and raises at the end what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
        assert not thread.is_alive()
    if raised:
        raise raised[0]


@contextlib.contextmanager
def serving(work: Work) -> Iterator[int]:
    """Accepts one connection and works with it on a thread; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(60)
                work(connection)

        with on_a_thread(accept):
            yield listener.getsockname()[1]


def calling(port: int, work: Work) -> contextlib.AbstractContextManager[None]:
    """Connects to a port and works with the connection on a thread."""

    def call() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            work(connection)

    return on_a_thread(call)


def openssl(*arguments: object) -> subprocess.Popen[bytes]:
    """Starts the openssl program, whose input and output are pipes."""
    return subprocess.Popen(
        ["openssl", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
