"""Sealing keys from a broker: what the settings may say, and how long anybody waits for a broker in trouble."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from broker_site import Site, write_policy, write_tls

from elastic_hal.reference_impl.broker import BrokerClient, BrokerSealing, server_context
from elastic_hal.reference_impl.broker.errors import BrokerUnavailableError
from elastic_hal.reference_impl.broker.sealing_settings import SealingSettingsError, seal_by_broker
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform
from elastic_hal.runtime.platform import PlatformError, SealingRequest, SealingSource

ROOT = "sealing/root"
REQUEST = SealingRequest(False, b"context")
GOOD = 'version = 1\nbroker = "https://127.0.0.1:{port}"\nsecret = "sealing/root"\nroots = "tls.pem"\n'


@pytest.fixture
def root_site(site: Site) -> Site:
    """A site whose broker has a sealing root for this platform."""
    site.store.add_secret(ROOT, bytes(range(32)), {"event": "added"})
    write_policy(site.directory, "allow_simulated = true\n", ROOT)
    return site


def refusals(site: Site) -> int:
    return sum(entry["event"] == "refused" for entry in site.log())


def test_settings_name_a_broker(root_site: Site) -> None:
    settings = root_site.directory / "sealing.toml"
    settings.write_text(GOOD.format(port=root_site.server.port) + 'timeout = "30s"\n')
    platform = seal_by_broker(root_site.platform, settings)
    assert platform.sealing_source is SealingSource.BROKER
    assert platform.sealing_key(REQUEST) == seal_by_broker(root_site.platform, settings).sealing_key(REQUEST)
    assert platform.sealing_key(REQUEST) != root_site.platform.sealing_key(REQUEST)
    assert (platform.name, platform.debug) == (root_site.platform.name, True)


@pytest.mark.parametrize(
    ("changed", "written", "reason"),
    [
        ("version = 1", "version = 2", "version: must be 1"),
        ("https://127.0.0.1:8443", "http://127.0.0.1", "no address of a broker"),
        ("sealing/root", "/root", "no name of a secret"),
        ("tls.pem", "absent.pem", "(holds no certificates|No such file)"),
        ("timeout", "patience", "patience: unknown key"),
        ("30s", "long", "not a duration"),
        ("30s", "0s", "not more than 0"),
        ("30s", "11min", "at most 600 s"),
        ("=", ":", "not TOML"),
    ],
)
def test_settings_that_cannot_be(
    platform: SimulatedPlatform, tmp_path: Path, changed: str, written: str, reason: str
) -> None:
    write_tls(tmp_path)
    settings = tmp_path / "sealing.toml"
    settings.write_text((GOOD.format(port=8443) + 'timeout = "30s"\n').replace(changed, written))
    with pytest.raises(SealingSettingsError, match=reason):
        seal_by_broker(platform, settings)


def test_all_who_wait_get_one_answer(root_site: Site) -> None:
    sealing = BrokerSealing(root_site.platform, root_site.client, ROOT)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: sealing.sealing_key(REQUEST).key, range(32)))
    assert len(keys) == 1
    assert [entry["event"] for entry in root_site.log()].count("released") == 1


def test_a_refusal_stands_for_a_moment(root_site: Site) -> None:
    """A guest that asks in a loop is not a broker's log full of refusals."""
    write_policy(root_site.directory, "", ROOT)
    patient = BrokerSealing(root_site.platform, root_site.client, ROOT, retry_seconds=3600)
    for _ in range(5):
        with pytest.raises(PlatformError, match="does not release"):
            patient.sealing_key(REQUEST)
    assert refusals(root_site) == 1
    eager = BrokerSealing(root_site.platform, root_site.client, ROOT, retry_seconds=0)
    with pytest.raises(PlatformError, match="does not release"):
        eager.sealing_key(REQUEST)
    assert refusals(root_site) == 2
    write_policy(root_site.directory, "allow_simulated = true\n", ROOT)
    assert len(eager.sealing_key(REQUEST).key) == 32


def test_a_root_that_is_too_short(root_site: Site) -> None:
    root_site.store.add_secret(ROOT, bytes(31), {"event": "replaced"}, replace=True)
    with pytest.raises(PlatformError, match="has 31 bytes"):
        BrokerSealing(root_site.platform, root_site.client, ROOT).sealing_key(REQUEST)


@contextmanager
def dripping(directory: Path) -> Iterator[int]:
    """A server that agrees on keys and then sends an answer that never ends, a byte after the other."""
    write_tls(directory)
    context = server_context(directory / "tls.pem", directory / "tls.key")
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, context.wrap_socket(connection, server_side=True) as stream:
            try:
                stream.sendall(b"HTTP/1.1 200 OK\r\nX-Padding: ")
                while not done.wait(0.02):
                    stream.sendall(b"a")
            except (OSError, ssl.SSLError):
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def test_a_broker_that_sends_byte_by_byte_is_given_up(platform: SimulatedPlatform, tmp_path: Path) -> None:
    with dripping(tmp_path) as port:
        client = BrokerClient(f"https://127.0.0.1:{port}", roots=tmp_path / "tls.pem", timeout=0.5)
        with pytest.raises(BrokerUnavailableError, match=r"does not answer within 0\.5 s"):
            client.fetch(ROOT, platform)


def test_a_broker_that_says_nothing_is_given_up(platform: SimulatedPlatform, tmp_path: Path) -> None:
    write_tls(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        client = BrokerClient(address, roots=tmp_path / "tls.pem", timeout=0.2)
        sealing = BrokerSealing(platform, client, ROOT, retry_seconds=0)
        for _ in range(2):
            with pytest.raises(PlatformError, match=r"does not answer within 0\.2 s"):
                sealing.sealing_key(REQUEST)
