"""Deployment files, channel grants and shares of policies, and groups of workloads."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.runtime.channel_grants import ChannelGrant
from elastic_hal.runtime.deployment import Deployment, Link, Member
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import DeploymentError, NotACommandError, PolicyError
from elastic_hal.runtime.group import Ended, Group
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.policy import Policy, ResourceGrant
from elastic_hal.runtime.workload import Workload

DIGEST = "sha256:" + "0a" * 32
LOOP = "(loop $l (br $l)) i32.const 0"
MEMBERS = '[workload.a]\ncomponent = "a.wasm"\n[workload.b]\ncomponent = "b.wasm"\n'
CHANNEL = '[[channel]]\nname = "line"\nfrom = "a"\nto = "b"\n'
Load = Callable[[str], Deployment]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def read(text: str) -> Deployment:
        path = tmp_path / "deployment.toml"
        path.write_text(text, encoding="utf-8")
        return Deployment.load(path)

    return read


def test_a_whole_deployment(load: Load, tmp_path: Path) -> None:
    loaded = load(f"""
        version = 1
        policy = "policy.toml"
        stop-on-failure = true
        [host]
        memory = "1GiB"
        cpu = 1.5
        {MEMBERS}
        arguments = ["--x", ""]
        {CHANNEL}""")
    assert loaded == Deployment(
        (Member("a", tmp_path / "a.wasm"), Member("b", tmp_path / "b.wasm", ("--x", ""))),
        (Link("line", "a", "b"),),
        tmp_path / "policy.toml",
        True,
        1024**3,
        1500,
    )
    digests = {"a": DIGEST, "b": "sha256:" + "0b" * 32}
    assert loaded.channels_of("a", digests) == (ChannelGrant("line", "b", True, digests["b"]),)
    assert loaded.channels_of("b", digests) == (ChannelGrant("line", "a", False, digests["a"]),)


def test_the_least_deployment(load: Load) -> None:
    loaded = load('version = 1\n[workload.a]\ncomponent = "a.wasm"\n')
    assert (loaded.policy, loaded.stop_on_failure, loaded.memory_bytes, loaded.cpu_thousandths) == (
        None,
        False,
        None,
        None,
    )
    assert loaded.channels_of("a", {"a": DIGEST}) == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (MEMBERS, "version: must be 1"),
        ("version = 1", "workload: there is none"),
        ("version = 1\nworkloads = 2\n" + MEMBERS, "workloads: unknown key"),
        ("version = 1\n[workload.a]\n", "workload.a.component: must be a string"),
        ('version = 1\n[workload.a]\ncomponent = ""\n', "workload.a.component: must be a string that is neither empty"),
        ('version = 1\n[workload.a]\ncomponent = "a"\nargument = []\n', "workload.a.argument: unknown key"),
        ('version = 1\n[workload.a]\ncomponent = "a"\narguments = [1]\n', "workload.a.arguments[0]: must be a string"),
        ('version = 1\n[workload."a\\n"]\ncomponent = "a"\n', "it must be printable"),
        ("version = 1\nstop-on-failure = 1\n" + MEMBERS, "stop-on-failure: must be true or false"),
        ('version = 1\n[host]\nmemory = "much"\n' + MEMBERS, "host.memory: 'much' is not a size"),
        ("version = 1\n[host]\ncpu = 0\n" + MEMBERS, "host.cpu: 0 is no number of CPU cores"),
        ("version = 1\n[host]\ncpu = nan\n" + MEMBERS, "host.cpu: nan is no number of CPU cores"),
        (
            "version = 1\n" + MEMBERS + '[[channel]]\nname = "l"\nfrom = "a"\nto = "c"\n',
            "channel[0].to: there is no workload 'c'",
        ),
        ("version = 1\n" + MEMBERS + '[[channel]]\nfrom = "a"\nto = "b"\n', "channel[0].name: must be a string"),
        ("version = 1\n" + MEMBERS + CHANNEL + CHANNEL, "channel[1]: is the same as channel[0]"),
        ("version = 1\n[", "not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(load: Load, tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        load(text)
    assert str(refused.value).startswith(f"{tmp_path / 'deployment.toml'}: ")
    assert reason in str(refused.value)


def test_a_misspelt_key_gets_a_hint(load: Load) -> None:
    with pytest.raises(DeploymentError) as refused:
        load('version = 1\n[workload.a]\ncomponant = "a"\n')
    assert refused.value.hint == "did you mean component?"


@given(st.binary(max_size=200))
def test_whatever_a_file_holds_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "anything.toml"
    path.write_bytes(content)
    with pytest.raises(DeploymentError):
        Deployment.load(path)


def test_a_policy_grants_channels_and_resources(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"""
        version = 1
        [workload.a]
        limits = {{ cpu = 0.25 }}
        resources = {{ memory = "1GiB", cpu = 1 }}
        channels = [{{ name = "line", to = "b" }}, {{ name = "line", from = "b", digest = "{DIGEST}" }}]
    """)
    grant = Policy.load(path).rules["a"].grant
    assert grant.channels == (ChannelGrant("line", "b", True), ChannelGrant("line", "b", False, DIGEST))
    assert grant.resources == ResourceGrant(1024**3, 1000)
    assert grant.limits.cpu_thousandths == 250


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('channels = [{ name = "l" }]', "channels[0]: must have either `to` or `from`"),
        ('channels = [{ name = "l", to = "b", from = "c" }]', "channels[0]: must have either"),
        ('channels = [{ to = "b" }]', "channels[0].name: must be a string"),
        ('channels = [{ name = "l", to = "b" }, { name = "l", to = "b" }]', "channels[1]: this end was granted before"),
        ('channels = [{ name = "l", to = "b", digest = "x" }]', "channels[0].digest: must be sha256"),
        (f'channels = [{{ name = "{"l" * 65}", to = "b" }}]', "channels[0].name: must have at most 64 bytes"),
        ('channels = "all"', "channels: must be an array of tables"),
        ("limits = { cpu = 0 }", "limits.cpu: 0 is not a share"),
        ("limits = { cpu = 1.5 }", "limits.cpu: 1.5 is not a share"),
        ("limits = { cpu = true }", "limits.cpu: True is not a share"),
        ("resources = { memory = 5 }", "resources.memory: must be a number with its unit"),
        ("resources = { handles = 5 }", "resources.handles: unknown key"),
    ],
)
def test_wrong_grants_are_told_with_their_place(tmp_path: Path, entry: str, reason: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f"version = 1\n[workload.a]\n{entry}\n")
    with pytest.raises(PolicyError) as refused:
        Policy.load(path)
    assert f"workload.a.{reason}" in str(refused.value)


Make = Callable[..., Workload]


@pytest.fixture
def workload(engine: Engine, command: Callable[..., bytes]) -> Make:
    def make(name: str, body: str, **limits: Any) -> Workload:
        component = engine.compile(command(body), name)
        return Workload(engine, component, Identity(name, component.digest), limits=Limits(**limits))

    return make


def test_a_group_runs_to_its_end(workload: Make) -> None:
    heard: list[Ended] = []
    members = [workload("good", "i32.const 0"), workload("bad", "i32.const 1"), workload("worse", "unreachable")]
    ended = Group(members, heard.append).run()
    assert ended == heard
    assert {each.name: (each.outcome.reason, each.outcome.exit_code) for each in ended} == {
        "good": ("exited", 0),
        "bad": ("exited", 1),
        "worse": ("trapped", 1),
    }


def test_a_failure_can_stop_the_others(workload: Make) -> None:
    ended = Group([workload("busy", LOOP), workload("bad", "i32.const 1")]).run(stop_on_failure=True)
    assert [(each.name, each.outcome.reason) for each in ended] == [("bad", "exited"), ("busy", "stopped")]
    assert ended[1].outcome.message == "the guest was stopped; it was computing"


def test_a_failure_leaves_the_others_alone(workload: Make) -> None:
    ended = Group([workload("busy", LOOP, deadline_seconds=0.3), workload("bad", "i32.const 1")]).run()
    assert {each.name: each.outcome.reason for each in ended} == {"bad": "exited", "busy": "deadline"}


def test_one_that_cannot_start_stops_those_that_have(
    workload: Make, engine: Engine, assemble: Callable[[str], bytes]
) -> None:
    empty = engine.compile(assemble("(component)"), "empty")
    broken = Workload(engine, empty, Identity("empty", empty.digest))
    before = threading.active_count()
    with pytest.raises(NotACommandError):
        Group([workload("busy", LOOP), broken]).run()
    while threading.active_count() > before:  # a guest that goes on is one that hangs
        time.sleep(0.05)


def test_two_greedy_guests_do_not_starve_a_third(workload: Make) -> None:
    count = """(local $n i32)
        (loop $again (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $n) (i32.const 50000000)))) i32.const 0"""
    greedy = [workload(f"greedy-{number}", LOOP).start() for number in range(2)]
    try:
        assert workload("modest", count).run().succeeded
        assert not any(each.is_over for each in greedy)
    finally:
        for each in greedy:
            each.stop()
    assert [each.wait().reason for each in greedy] == ["stopped", "stopped"]


def test_stopping_from_outside(workload: Make) -> None:
    run = workload("busy", LOOP).start()
    threading.Timer(0.05, run.stop).start()
    assert run.wait().reason == "stopped"
    assert run.is_over
