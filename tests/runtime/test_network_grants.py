"""Which places of the network a policy grants, and which entries it refuses to understand."""

import ipaddress
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.runtime.errors import PolicyError
from elastic_hal.runtime.network_grants import Destination, TlsGrant, parse_host
from elastic_hal.runtime.policy import Policy


@pytest.fixture
def granted(tmp_path: Path) -> Callable[[str], TlsGrant]:
    def load(tls: str) -> TlsGrant:
        path = tmp_path / "policy.toml"
        path.write_text(f"version = 1\nworkload.a.tls = {tls}\n", encoding="utf-8")
        return Policy.load(path).rules["a"].grant.tls

    return load


def test_a_whole_grant(granted: Callable[[str], TlsGrant]) -> None:
    grant = granted(
        '{ connect = ["API.example.org:443", "*.Example.org:8443", "127.0.0.1:*", "[::1]:443"],'
        ' listen = ["127.0.0.1:8443", "0.0.0.0:0", "[::]:*"] }'
    )
    v4, v6 = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")
    assert grant.connect == (
        Destination("api.example.org", 443),
        Destination("*.example.org", 8443),
        Destination(v4, None),
        Destination(v6, 443),
    )
    assert grant.listen == (
        Destination(v4, 8443),
        Destination(ipaddress.ip_address("0.0.0.0"), 0),
        Destination(ipaddress.ip_address("::"), None),
    )
    assert granted("{}") == TlsGrant()


@pytest.mark.parametrize(
    ("grant", "host", "port", "expected"),
    [
        ("api.example.org:443", "api.example.org", 443, True),
        ("api.example.org:443", "API.Example.ORG", 443, True),
        ("api.example.org:443", "api.example.org", 444, False),
        ("api.example.org:443", "example.org", 443, False),
        ("api.example.org:443", "api.example.org.evil", 443, False),
        ("*.example.org:443", "api.example.org", 443, True),
        ("*.example.org:443", "example.org", 443, False),
        ("*.example.org:443", "a.api.example.org", 443, False),
        ("*.example.org:443", "apiexample.org", 443, False),
        ("*.example.org:*", "api.example.org", 1, True),
        ("127.0.0.1:*", "127.0.0.1", 65535, True),
        ("127.0.0.1:*", "127.0.0.2", 1, False),
        ("127.0.0.1:*", "::ffff:127.0.0.1", 1, False),
        ("127.0.0.1:*", "localhost", 1, False),
        ("localhost:*", "127.0.0.1", 1, False),
        ("[::1]:443", "0:0:0:0:0:0:0:1", 443, True),
        ("[::1]:443", "::2", 443, False),
    ],
)
def test_what_a_grant_covers(
    granted: Callable[[str], TlsGrant], grant: str, host: str, port: int, expected: bool
) -> None:
    parsed = parse_host(host)
    assert parsed is not None
    assert granted(f'{{ connect = ["{grant}"] }}').may_connect(parsed, port) is expected


def test_a_port_that_the_host_chooses_is_a_grant_of_its_own(granted: Callable[[str], TlsGrant]) -> None:
    address = ipaddress.ip_address("127.0.0.1")
    chosen, one, every = (granted(f'{{ listen = ["127.0.0.1:{port}"] }}') for port in ("0", "8443", "*"))
    assert [grant.may_listen(address, 0) for grant in (chosen, one, every)] == [True, False, True]
    assert [grant.may_listen(address, 8443) for grant in (chosen, one, every)] == [False, True, True]
    assert not any(grant.may_connect(address, 8443) for grant in (chosen, one, every))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("5", "workload.a.tls"),
        ("{ conect = [] }", "workload.a.tls.conect"),
        ("{ connect = 'a:1' }", "workload.a.tls.connect"),
        ("{ connect = [5] }", "workload.a.tls.connect[0]"),
        ("{ connect = ['a:1', 'b'] }", "workload.a.tls.connect[1]"),
        *(
            (f"{{ connect = ['{entry}'] }}", "workload.a.tls.connect[0]")
            for entry in (
                "example.org:0", "example.org:65536", "example.org:", ":443", "example.org:443 ", "*:443", "*.:443",
                "a.*.org:443", "*.127.0.0.1:443", "::1:443", "[127.0.0.1]:443", "[example.org]:443", "127.1:443",
                "0x7f000001:443", "bücher.example:443", "exa mple.org:443", "-a.org:443", "example..org:443",
                "example.org.:443", "https://example.org:443", "fe80::1%eth0:443", "[fe80::1%eth0]:443",
            )
        ),
        *(
            (f"{{ listen = ['{entry}'] }}", "workload.a.tls.listen[0]")
            for entry in ("localhost:443", "*.example.org:443", "*:443", "127.0.0.1:65536")
        ),
    ],
)  # fmt: skip
def test_what_is_refused_says_where(granted: Callable[[str], TlsGrant], text: str, place: str) -> None:
    with pytest.raises(PolicyError) as caught:
        granted(text)
    assert f": {place}: " in caught.value.message


@given(st.text(max_size=30))
def test_any_host_is_understood_or_refused(text: str) -> None:
    host = parse_host(text)
    if isinstance(host, str):
        assert host == text.lower()
        assert host.isascii()
    elif host is not None:
        assert host == ipaddress.ip_address(text)
