"""`elastic-hal run` with and without the bytes bridge: what a guest gets is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from elastic_hal.runtime.abi.window import Window

HASH = '(import "elastic:hal/crypto@0.2.0" "hash" (func $hash (param i32 i32 i32 i32)))'
# The hash of three bytes, so that the guest can tell: SHA-256 of "abc" begins with ba 78 16 bf.
BODY = """(call $hash (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 128))
    (i32.ne (i32.load (i32.load offset=4 (i32.const 128))) (i32.const 0xbf1678ba))"""


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What guests passed through a window."""
    found: list[bytes] = []
    read = Window.read

    def kept(window: Window, address: int, length: int) -> bytes:
        found.append(read(window, address, length))
        return found[-1]

    monkeypatch.setattr(Window, "read", kept)
    return found


def test_the_bridge_is_on_unless_it_is_switched_off(
    cli: Callable[..., Any], hal_guest: Callable[..., Path], place: Path, reads: list[bytes]
) -> None:
    component = hal_guest(BODY, HASH, data='(data (i32.const 64) "abc")')
    assert cli("run", component, "--no-cache").code == 0
    assert reads[-1] == b"abc"
    reads.clear()
    assert cli("run", component, "--no-cache", "--no-bytes-bridge").code == 0
    policy = place / "policy.toml"
    policy.write_text("version = 1\n[workload.guest]\nbytes_bridge = false\n[workload.other]\n")
    assert cli("run", component, "--no-cache", "--policy", policy).code == 0
    assert not reads
    assert cli("run", component, "--no-cache", "--policy", policy, "--name", "other").code == 0
    assert reads == [b"abc"]


def test_the_switch_of_the_policy_is_true_or_false(
    cli: Callable[..., Any], hal_guest: Callable[..., Path], place: Path
) -> None:
    policy = place / "policy.toml"
    policy.write_text('version = 1\n[workload.guest]\nbytes_bridge = "no"\n')
    cli("run", hal_guest("i32.const 0"), "--policy", policy).refuses(
        2, "workload.guest.bytes_bridge: must be true or false"
    )
