"""The root key on disk: made once, whole, for its owner alone, whoever else starts at the same moment."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from elastic_hal.reference_impl import platforms
from elastic_hal.reference_impl.platforms import (
    PlatformOptionError,
    PlatformUnavailableError,
    UnknownPlatformError,
)
from elastic_hal.reference_impl.platforms.simulated import (
    RootAuthority,
    SealingRoot,
    SimulatedPlatform,
    StateError,
    default_directory,
    root_certificate,
)
from elastic_hal.runtime.platform import EvidenceRequest, Measurement, Platform, PlatformError


def test_first_use_creates_private_files_only(state: Path) -> None:
    before = os.umask(0)
    try:
        RootAuthority.open(state)
    finally:
        os.umask(before)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in state.iterdir()} == {
        "root-key.pem": "0o600",
        "root-cert.pem": "0o644",
    }
    assert state.stat().st_mode & 0o777 == 0o700


def test_later_uses_find_the_same_root(state: Path) -> None:
    first, second = RootAuthority.open(state), RootAuthority.open(state)
    assert first.certificate == second.certificate == root_certificate(state)


def test_asking_for_the_certificate_creates_nothing(state: Path) -> None:
    assert root_certificate(state) is None
    assert not state.exists()


def test_processes_that_start_together_share_one_root(state: Path) -> None:
    script = (
        "import sys, pathlib; from elastic_hal.reference_impl.platforms.simulated import RootAuthority; "
        "sys.stdin.readline(); print(RootAuthority.open(pathlib.Path(sys.argv[1])).certificate.serial_number)"
    )
    command = [sys.executable, "-c", script, str(state)]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    serials = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0] * 4
    assert len(serials) == 1
    assert sorted(file.name for file in state.iterdir()) == ["root-cert.pem", "root-key.pem"]


def test_threads_that_start_together_share_one_root(state: Path) -> None:
    roots: list[bytes] = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        roots.append(RootAuthority.open(state).certificate.public_bytes(Encoding.DER))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(roots) == 8
    assert len(set(roots)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_key_that_others_can_reach_is_refused(state: Path, mode: int) -> None:
    RootAuthority.open(state)
    (state / "root-key.pem").chmod(mode)
    with pytest.raises(StateError, match=rf"root-key\.pem: has mode {mode:04o}.*chmod 600"):
        RootAuthority.open(state)
    assert (state / "root-key.pem").stat().st_mode & 0o777 == mode


def test_a_directory_that_others_can_reach_is_refused(state: Path) -> None:
    state.mkdir(parents=True, mode=0o755)
    state.chmod(0o755)
    with pytest.raises(StateError, match=r"has mode 0755.*chmod 700"):
        RootAuthority.open(state)
    assert list(state.iterdir()) == []


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o757])
def test_a_directory_above_that_others_can_write_to_is_refused(state: Path, mode: int) -> None:
    RootAuthority.open(state)
    state.parent.chmod(mode)
    for use in (RootAuthority.open, SealingRoot.open, root_certificate):
        with pytest.raises(StateError, match=rf"state: has mode {mode:04o}.*chmod go-w.*ELASTIC_HAL_STATE"):
            use(state)


def test_directories_above_are_made_for_the_owner_alone(state: Path) -> None:
    before = os.umask(0)
    try:
        RootAuthority.open(state / "deep" / "simulated")
    finally:
        os.umask(before)
    made = [state.parent, state, state / "deep", state / "deep" / "simulated"]
    assert {oct(folder.stat().st_mode & 0o777) for folder in made} == {"0o700"}


def test_links_and_other_things_in_place_of_the_key_are_refused(state: Path, tmp_path: Path) -> None:
    state.mkdir(parents=True, mode=0o700)
    elsewhere = tmp_path / "elsewhere.pem"
    elsewhere.touch(mode=0o600)
    key = state / "root-key.pem"
    key.symlink_to(elsewhere)
    with pytest.raises(StateError, match="cannot open"):
        RootAuthority.open(state)
    key.unlink()
    os.mkfifo(key, 0o600)
    with pytest.raises(StateError, match="not a small regular file"):
        RootAuthority.open(state)
    key.unlink()
    key.mkdir(0o700)
    with pytest.raises(StateError, match=r"regular file|cannot"):
        RootAuthority.open(state)


@pytest.mark.parametrize("content", [b"", b"no key", bytes(70_000)])
def test_a_key_file_that_holds_no_key_is_refused_and_kept(state: Path, content: bytes) -> None:
    RootAuthority.open(state)
    key = state / "root-key.pem"
    key.write_bytes(content)
    with pytest.raises(StateError, match=r"root-key\.pem: is not a"):
        RootAuthority.open(state)
    assert key.read_bytes() == content


def test_the_error_of_a_damaged_key_does_not_show_it(state: Path) -> None:
    RootAuthority.open(state)
    key = state / "root-key.pem"
    damaged = key.read_text().replace("A", "B")
    key.write_text(damaged)
    with pytest.raises(StateError) as caught:
        RootAuthority.open(state)
    shown = "".join(str(error) for error in (caught.value, caught.value.__cause__, caught.value.__context__))
    assert not any(line in shown for line in damaged.splitlines())


def test_a_certificate_of_another_key_is_refused(state: Path, tmp_path: Path) -> None:
    RootAuthority.open(state)
    RootAuthority.open(tmp_path / "other")
    (state / "root-cert.pem").write_bytes((tmp_path / "other" / "root-cert.pem").read_bytes())
    with pytest.raises(StateError, match="does not belong"):
        RootAuthority.open(state)
    (state / "root-cert.pem").write_bytes(b"no certificate")
    with pytest.raises(StateError, match="not a certificate"):
        RootAuthority.open(state)
    (state / "root-cert.pem").unlink()
    assert RootAuthority.open(state).certificate == root_certificate(state)


def test_a_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (tmp_path / "file" / "simulated", tmp_path / "file"):
        with pytest.raises(PlatformUnavailableError, match="directory"):
            RootAuthority.open(directory)


def test_where_the_state_lives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ELASTIC_HAL_STATE", str(tmp_path))
    assert default_directory() == tmp_path / "simulated"
    monkeypatch.delenv("ELASTIC_HAL_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_directory() == tmp_path / "elastic-hal" / "simulated"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_directory() == tmp_path / ".local" / "state" / "elastic-hal" / "simulated"


def test_platforms_by_name(state: Path) -> None:
    assert platforms.names() == ("simulated", "sev-snp", "tdx")
    assert isinstance(platforms.load("simulated", state_directory=str(state)), Platform)
    with pytest.raises(UnknownPlatformError, match="'toaster'; this version serves simulated"):
        platforms.load("toaster")
    with pytest.raises(PlatformOptionError, match="no option 'device'"):
        platforms.load("simulated", device="/dev/null")
    with pytest.raises(PlatformOptionError, match="must be a path"):
        platforms.load("simulated", state_directory=3)


def test_the_key_is_in_no_repr(platform: SimulatedPlatform, state: Path) -> None:
    shown = repr(platform) + repr(vars(platform)) + repr(RootAuthority.open(state))
    assert "PRIVATE" not in shown
    assert (state / "root-key.pem").read_text().splitlines()[1] not in shown


def test_requests_that_evidence_cannot_state_are_the_platforms_error(platform: SimulatedPlatform) -> None:
    for request in (
        EvidenceRequest(nonce=b"short"),
        EvidenceRequest(nonce=bytes(8), public_key=b"no key"),
        EvidenceRequest(nonce=bytes(8), measurements=(Measurement("runtime", "blake3", bytes(32)),)),
    ):
        with pytest.raises(PlatformError, match="cannot state"):
            platform.evidence(request)


def test_the_sealing_secret_is_made_once_for_its_owner_alone(state: Path) -> None:
    before = os.umask(0)
    try:
        first = SealingRoot.open(state)
    finally:
        os.umask(before)
    secret = state / "sealing-secret"
    assert oct(secret.stat().st_mode & 0o777) == "0o600"
    assert len(secret.read_bytes()) == 32
    assert SealingRoot.open(state).key((), b"context") == first.key((), b"context")
    assert secret.read_bytes().hex() not in repr(first)


@pytest.mark.parametrize(("damage", "said"), [("short", "has 3 bytes, not 32"), ("mode", "chmod 600")])
def test_a_damaged_sealing_secret_is_refused(state: Path, damage: str, said: str) -> None:
    SealingRoot.open(state)
    secret = state / "sealing-secret"
    if damage == "short":
        secret.write_bytes(b"abc")
    else:
        secret.chmod(0o644)
    with pytest.raises(StateError, match=said):
        SealingRoot.open(state)
