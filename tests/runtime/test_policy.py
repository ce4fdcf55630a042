"""Policies, limits, identities and measurements."""

import hashlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.common.quantities import format_size
from elastic_hal.runtime.errors import LimitError, PolicyError, WorkloadNameError
from elastic_hal.runtime.identity import Identity, content_digest
from elastic_hal.runtime.imports import track
from elastic_hal.runtime.limits import Limits, parse_duration, parse_size
from elastic_hal.runtime.measurements import runtime_measurement, workload_measurement
from elastic_hal.runtime.policy import DirectoryGrant, Grant, Policy

DIGEST = "sha256:" + "0a" * 32


@pytest.fixture
def policy(tmp_path: Path) -> Callable[[str], Policy]:
    def load(text: str) -> Policy:
        path = tmp_path / "policy.toml"
        path.write_text(text, encoding="utf-8")
        return Policy.load(path)

    return load


def test_a_whole_policy(policy: Callable[[str], Policy], tmp_path: Path) -> None:
    loaded = policy(f"""
        version = 1
        [workload.collector]
        digest = "{DIGEST}"
        limits = {{ memory = "64MiB", deadline = "1.5s", handles = 7 }}
        attestation = ["platform", "workload"]
        sealing = true
        environment = ["TZ"]
        directories = [{{ host = "data", guest = "/data", writable = true }}, {{ host = "/srv", guest = "/srv" }}]
    """)
    grant = loaded.grant_for(Identity("collector", DIGEST))
    assert grant == Grant(
        attestation=frozenset({"platform", "workload"}),
        sealing=True,
        environment=("TZ",),
        directories=(DirectoryGrant(tmp_path / "data", "/data", True), DirectoryGrant(Path("/srv"), "/srv")),
        limits=Limits(64 * 1024**2, 1.5, 7),
    )
    assert loaded.grant_for(Identity("collector", "sha256:" + "0b" * 32)) == Grant()
    assert loaded.grant_for(Identity("other", DIGEST)) == Grant()


def test_a_strict_host_starts_only_what_its_policy_names(policy: Callable[[str], Policy]) -> None:
    loaded = policy(f'version = 1\nworkload.tied.digest = "{DIGEST}"\nworkload.free.environment = ["TZ"]')
    assert loaded.admit(Identity("tied", DIGEST)) == Grant()
    assert loaded.admit(Identity("free", DIGEST)).environment == ("TZ",)
    with pytest.raises(PolicyError, match="does not admit workload 'other'") as caught:
        loaded.admit(Identity("other", DIGEST))
    assert "tied, free" in caught.value.hint
    with pytest.raises(PolicyError, match="ties workload 'tied' to"):
        loaded.admit(Identity("tied", "sha256:" + "0b" * 32))


def test_no_policy_grants_nothing() -> None:
    assert Policy().grant_for(Identity("any", DIGEST)) == Grant(
        frozenset(), (), (), Limits(256 * 1024**2, None, 10_000)
    )


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("", "version", "version = 1"),
        ("version = 2", "version", "version = 1"),
        ("version = true", "version", ""),
        ("version = 1\nworkloads = {}", "workloads", "did you mean workload?"),
        ("version = 1\nworkload = 5", "workload", ""),
        ("version = 1\nworkload.a = 5", "workload.a", ""),
        ("version = 1\nworkload.a.limts = {}", "workload.a.limts", "did you mean limits?"),
        ("version = 1\nworkload.a.zzz = {}", "workload.a.zzz", "known keys here: digest"),
        ("version = 1\nworkload.a.digest = 'sha256:00'", "workload.a.digest", ""),
        ("version = 1\nworkload.a.limits.memory = 5", "workload.a.limits.memory", ""),
        ("version = 1\nworkload.a.limits.memory = '5 MB'", "workload.a.limits.memory", "256MiB"),
        ("version = 1\nworkload.a.limits.memory = '5B'", "workload.a.limits", ""),
        ("version = 1\nworkload.a.limits.deadline = '0s'", "workload.a.limits", ""),
        ("version = 1\nworkload.a.limits.deadline = 'soon'", "workload.a.limits.deadline", "30s"),
        ("version = 1\nworkload.a.limits.handles = 1.5", "workload.a.limits.handles", ""),
        ("version = 1\nworkload.a.limits.handles = 0", "workload.a.limits", ""),
        ("version = 1\nworkload.a.limits.memroy = '1MiB'", "workload.a.limits.memroy", "did you mean memory?"),
        ("version = 1\nworkload.a.attestation = 'platform'", "workload.a.attestation", ""),
        ("version = 1\nworkload.a.attestation = ['platfrom']", "workload.a.attestation[0]", "did you mean platform?"),
        ("version = 1\nworkload.a.environment = [5]", "workload.a.environment[0]", ""),
        ("version = 1\nworkload.a.environment = ['']", "workload.a.environment[0]", ""),
        ("version = 1\nworkload.a.directories = [5]", "workload.a.directories[0]", ""),
        ("version = 1\nworkload.a.directories = [{}]", "workload.a.directories[0].host", ""),
        ("version = 1\nworkload.a.directories = [{host='a', guest='b'}]", "directories[0].guest", ""),
        ("version = 1\nworkload.a.directories = [{host='a', guest='/b', writable=1}]", "directories[0].writable", ""),
        ("version = ", "not TOML", ""),
    ],
)
def test_a_policy_that_is_wrong_says_where(
    policy: Callable[[str], Policy], tmp_path: Path, text: str, place: str, hint: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        policy(text)
    assert caught.value.message.startswith(f"{tmp_path / 'policy.toml'}: ")
    assert place in caught.value.message
    assert hint in caught.value.hint


def test_a_policy_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="No such file"):
        Policy.load(tmp_path / "absent.toml")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="UTF-8"):
        Policy.load(tmp_path / "binary")


@pytest.mark.parametrize(
    ("text", "size"), [("65536", 65536), ("64KiB", 65536), ("256 MiB", 2**28), ("2GiB", 2**31), ("7B", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("250ms", 0.25), ("1.5 min", 90), ("2h", 7200)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@given(st.text(max_size=20))
def test_any_other_text_is_refused_or_read(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            assert parse(text) >= 0
        except LimitError as error:
            assert error.hint  # noqa: PT017


def test_limits_have_bounds_of_their_own() -> None:
    for wrong in ({"memory_bytes": 1}, {"deadline_seconds": 0}, {"deadline_seconds": float("nan")}, {"handles": 0}):
        with pytest.raises(LimitError):
            Limits(**wrong)


@pytest.mark.parametrize(
    ("one", "other", "compatible"),
    [
        ("a:b/c@0.2.0", "a:b/c@0.2.9", True),
        ("a:b/c@0.2.0", "a:b/c@0.3.0", False),
        ("a:b/c@1.0.0", "a:b/c@1.9.3", True),
        ("a:b/c@1.0.0", "a:b/c@2.0.0", False),
        ("a:b/c@0.0.1", "a:b/c@0.0.2", False),
        ("a:b/c@0.2.0-rc", "a:b/c@0.2.0", False),
        ("a:b/c", "a:b/c@0.2.0", False),
        ("a:b/c@0.2.0", "a:b/d@0.2.0", False),
    ],
)
def test_versions_are_compared_as_wasmtime_does(one: str, other: str, compatible: bool) -> None:
    assert (track(one) == track(other)) is compatible


def test_a_workload_is_measured_by_its_component() -> None:
    identity = Identity("guest", content_digest(b"content"))
    measurement = workload_measurement(identity)
    assert (measurement.name, measurement.algorithm) == ("workload", "sha-256")
    assert measurement.value == hashlib.sha256(b"content").digest()


def test_the_runtime_is_measured_by_its_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = runtime_measurement()
    assert (own.name, own.algorithm, len(own.value)) == ("runtime", "sha-384", 48)

    package = tmp_path / "measured_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_bytes(b"")
    (package / "inner" / "module.py").write_bytes(b"x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    expected = hashlib.sha384()
    for part in (
        b"elastic-hal runtime measurement 1",
        *(b"measured_package/__init__.py", b""),
        *(b"measured_package/inner/module.py", b"x = 1\n"),
        *(
            part.encode()
            for library in ("blake3", "cbor2", "cryptography", "cwt", "pyopenssl", "service-identity", "wasmtime")
            for part in (library, metadata.version(library))
        ),
    ):
        expected.update(len(part).to_bytes(8, "big") + part)
    assert runtime_measurement(("measured_package",)).value == expected.digest()


@pytest.mark.parametrize("text", ["17179869185GiB", "18446744073709551616", "9" * 400 + "GiB", "1073741825GiB"])
@pytest.mark.parametrize(
    "place", ["limits.memory", "limits.output", "resources.memory", "containers.box.quota"], ids=lambda place: place
)
def test_sizes_that_no_machine_has_are_refused(policy: Callable[[str], Policy], place: str, text: str) -> None:
    rights = "workload.a.containers.box.rights = ['read']\n" if "box" in place else ""
    with pytest.raises(PolicyError, match="is more than 1073741824GiB") as refused:
        policy(f"version = 1\n{rights}workload.a.{place} = '{text}'")
    assert f"workload.a.{place}" in str(refused.value)
    assert len(str(refused.value)) < 1000


def test_the_largest_size_is_allowed(policy: Callable[[str], Policy]) -> None:
    loaded = policy("version = 1\nworkload.a.limits.memory = '000001073741824GiB'")
    assert loaded.rules["a"].grant.limits.memory_bytes == 2**60


def test_handles_of_more_than_64_bits_are_no_number_of_toml(policy: Callable[[str], Policy]) -> None:
    with pytest.raises(PolicyError, match="outside of the 64 bits"):
        policy(f"version = 1\nworkload.a.limits.handles = 1{'0' * 300}")


@pytest.mark.parametrize("count", ["0", "-1", "16777217", str(2**63 - 1)])
def test_handles_have_bounds(policy: Callable[[str], Policy], count: str) -> None:
    with pytest.raises(PolicyError, match="handles: must be a whole number from 1 to 16777216"):
        policy(f"version = 1\nworkload.a.limits.handles = {count}")


@pytest.mark.parametrize(
    ("first", "second"), [("/data", "/data"), ("/data", "/data/"), ("/data", "//data"), ("/", "///"), ("/a/b", "/a//b")]
)
def test_two_directories_at_one_path_are_refused(policy: Callable[[str], Policy], first: str, second: str) -> None:
    entries = ", ".join(f'{{ host = "{host}", guest = "{guest}" }}' for host, guest in (("a", first), ("b", second)))
    with pytest.raises(PolicyError, match=r"directories\[1\].guest: is the same path as that of .*directories\[0\]"):
        policy(f"version = 1\nworkload.a.directories = [{entries}]")


@pytest.mark.parametrize("guest", ["/data/../etc", "/./data", "/data/.", "/.."])
def test_paths_of_guests_are_plain(policy: Callable[[str], Policy], guest: str) -> None:
    with pytest.raises(PolicyError, match=r"must not hold \. or \.\."):
        policy(f'version = 1\nworkload.a.directories = [{{ host = "a", guest = "{guest}" }}]')


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[2J", "n" * 257, "\u2028", "\udcff"])
def test_names_of_workloads_are_one_printable_line(name: str) -> None:
    with pytest.raises(WorkloadNameError, match="cannot be the name of a workload") as refused:
        Identity(name, DIGEST)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_policies_name_only_what_a_workload_can_be_called(policy: Callable[[str], Policy]) -> None:
    with pytest.raises(PolicyError, match="no workload can have this name: it must be printable"):
        policy('version = 1\nworkload."a\\nb".sealing = true')


def test_names_may_have_256_bytes() -> None:
    assert Identity("ü" * 128, DIGEST).name == "ü" * 128
