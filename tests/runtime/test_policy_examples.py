"""A value of the wrong type in a policy is answered with how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from elastic_hal.runtime.errors import PolicyError
from elastic_hal.runtime.policy import Policy


@pytest.mark.parametrize(
    ("entry", "place", "example"),
    [
        ("limits = { memory = 5 }", "limits.memory", '"256MiB"'),
        ("limits = { memory = 5.5 }", "limits.memory", '"256MiB"'),
        ("limits = { memory = '5 apples' }", "limits.memory", "256MiB"),
        ("limits = { deadline = 30 }", "limits.deadline", '"30s"'),
        ("limits = { deadline = 0.5 }", "limits.deadline", '"30s"'),
        ("limits = { deadline = true }", "limits.deadline", '"30s"'),
        ("limits = { deadline = '30' }", "limits.deadline", "30s"),
        ("limits = { output = 1000 }", "limits.output", '"1GiB"'),
        ("limits = { handles = '10' }", "limits.handles", "10000"),
        ("limits = { handles = 10.0 }", "limits.handles", "10000"),
        ("limits = { handles = 0 }", "limits.handles", "10000"),
        ("limits = { cpu = '0.5' }", "limits.cpu", "0.5"),
        ("limits = '5s'", "limits", "{ key = value }"),
        ("resources = { memory = 1 }", "resources.memory", '"1GiB"'),
        ("resources = { cpu = '1' }", "resources.cpu", "0.5"),
        ("containers = { a = { rights = ['read'], quota = 4 } }", "containers.a.quota", '"1GiB"'),
        ("containers = { a = { rights = ['read'], objects = '4' } }", "containers.a.objects", "100000"),
        ("containers = { a = { rights = 'read' } }", "containers.a.rights", '["read"]'),
        ("sealing = 'yes'", "sealing", "true or false, without quotes"),
        ("bytes_bridge = 1", "bytes_bridge", "true or false, without quotes"),
        ("attestation = 'platform'", "attestation", '["platform"]'),
        ("environment = 'TZ'", "environment", '["TZ"]'),
        ("environment = [1]", "environment[0]", '"1"'),
        ("directories = { host = 'a', guest = '/a' }", "directories", "[{ … }]"),
        ("channels = { name = 'a', to = 'b' }", "channels", "[{ … }]"),
        ("tls = { connect = 'a:1' }", "tls.connect", '["a:1"]'),
        ("tls = { connect = ['a'] }", "tls.connect[0]", "api.example.org:443"),
    ],
)
def test_a_wrong_value_is_answered_with_an_example(tmp_path: Path, entry: str, place: str, example: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f"version = 1\n[workload.app]\n{entry}\n")
    with pytest.raises(PolicyError) as refused:
        Policy.load(policy)
    assert f": workload.app.{place}: " in str(refused.value)
    assert example in refused.value.hint
