"""What a workload or a peer must not bring about in the host: memory that grows, a watcher that never wakes, and one
connection's trouble at another.
"""

import gc
import os
import resource
import socket
import threading
import weakref
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tls_certificates import Authority, Leaf
from tls_hosts import ANYWHERE, PATIENCE_SECONDS, TLS12, Workload, roots

from elastic_hal.reference_impl.bindings.elastic_hal import tls as wit
from elastic_hal.reference_impl.bindings.elastic_hal import types
from elastic_hal.reference_impl.tls import Watcher
from elastic_hal.reference_impl.tls.contexts import NoCommonProtocolError
from elastic_hal.reference_impl.tls.der import only_element
from elastic_hal.reference_impl.tls.lookups import MOST_AT_ONCE
from elastic_hal.reference_impl.tls.pkcs12_structure import read_file
from elastic_hal.reference_impl.tls.watching import READABLE


@pytest.fixture(scope="module")
def leaf(authority: Authority) -> Leaf:
    return authority.issue()


def test_handshakes_that_are_given_up_are_not_kept(
    workload: Workload, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Servers of names that never answer keep as many handshakes alive as they keep threads busy, and no more."""
    answers = threading.Event()

    def silent(*_arguments: object, **_options: object) -> list[object]:
        answers.wait(PATIENCE_SECONDS)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    started: list[weakref.ref[object]] = []
    try:
        for number in range(10 * MOST_AT_ONCE):
            handshake = workload.start(443, roots(authority), host=f"n{number}.invalid")
            started.append(weakref.ref(handshake._handshake))
            handshake.drop()
            del handshake
        gc.collect()
        assert sum(each() is not None for each in started) <= MOST_AT_ONCE
    finally:
        answers.set()


def test_a_failed_handshake_is_no_trouble_of_another_connection(
    workload: Workload, authority: Authority, leaf: Leaf
) -> None:
    """OpenSSL's wrapper keeps what a callback raises in the context that all connections of a listener share."""
    listener = workload.listen(leaf, protocols=("known",))
    _, server = workload.connected(listener, roots(authority), protocols=("known",))
    context = server._session._context  # type: ignore[attr-defined]
    problems = context.library._alpn_select_helper._problems
    found: list[BaseException] = []

    def read() -> None:
        try:
            server.read(1)
        except BaseException as error:
            found.append(error)

    reader = threading.Thread(target=read)
    with context.lock:  # as while a handshake takes a step
        problems.append(NoCommonProtocolError("of the other one"))
        reader.start()
        reader.join(0.2)
        problems.clear()
    reader.join(PATIENCE_SECONDS)
    assert [type(error) for error in found] == [types.Error_WouldBlock]


def _settle() -> None:
    """Wait for the threads of earlier tests, which give descriptors back when they end."""
    for thread in threading.enumerate():
        if thread.name.startswith("tls "):
            thread.join(PATIENCE_SECONDS)


def _without_descriptors_but(left: int, action: Callable[[], object]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(highest + 20, soft), hard))
    try:
        while True:
            try:
                taken.append(os.dup(0))
            except OSError:
                break
        for _ in range(left):
            os.close(taken.pop())
        action()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)


@pytest.mark.parametrize("left", [0, 1])
def test_a_watcher_survives_a_host_without_descriptors(left: int) -> None:
    _settle()
    watcher, told = Watcher(), threading.Event()
    here, there = socket.socketpair()

    def fails() -> None:
        with pytest.raises(OSError, match="Too many"):
            watcher.add(here.fileno(), told.set)

    with here, there:
        _without_descriptors_but(left, fails)
        watcher.add(here.fileno(), told.set)
        watcher.arm(here.fileno(), READABLE)
        there.send(b"x")
        assert told.wait(PATIENCE_SECONDS)
        watcher.remove(here.fileno())


def test_a_listener_of_a_host_without_descriptors_leaves_nothing(workload: Workload, leaf: Leaf) -> None:
    _settle()
    keys = workload.keys(leaf)

    def fails() -> None:
        for _ in range(20):  # more than there are places for
            with pytest.raises(types.Error_Internal):
                workload.tls.Listener_listen(ANYWHERE, wit.ServerOptions(keys, None, [], TLS12))

    other = Workload()
    other.listen(leaf)  # what is imported with the first one needs descriptors too; its watcher keeps its own
    _without_descriptors_but(1, fails)
    workload.listen(leaf)
    other.control.end()


def test_a_key_in_the_open_is_not_shown(authority: Authority) -> None:
    leaf = authority.issue()
    secret = leaf.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    file = read_file(leaf.pkcs12(""))
    assert secret[-16:] in file.content
    shown = repr(file) + repr(only_element(secret)) + repr(list(only_element(secret).children()))
    assert repr(secret[-8:])[2:-1] not in shown


def test_certificates_that_a_workload_may_keep(workload: Workload) -> None:
    """As many key contexts as there may be handles, each of 1 MiB, would be the memory of a host."""
    large = Authority("root", padding=1_000_000)
    leaf = large.issue()
    data = Leaf(leaf.key, leaf.certificate, [large.intermediate, large.root]).pkcs12("")

    def load() -> wit.KeyContext:
        return workload.tls.KeyContext_load_pkcs12(data, "")

    held = [load() for _ in range(16)]
    with pytest.raises(types.Error_LimitExceeded, match="certificates"):
        load()
    held.pop().drop()
    load()
