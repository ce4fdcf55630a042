"""Names of bridges: the ones agreed on, and no two alike."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from elastic_hal.runtime.bridge.names import (
    RUNTIME_INTERFACE,
    WORLD_BRIDGE,
    bridge_name,
    function_name,
    is_bridge_name,
)

LABELS = st.from_regex(r"[a-z][a-z0-9]{0,2}(-[a-z][a-z0-9]{0,2}){0,2}", fullmatch=True)
IMPORTS = LABELS | st.builds("{}:{}/{}".format, LABELS, LABELS, LABELS) | st.just("a:b/c@1.0.0")
FUNCTIONS = st.one_of(
    LABELS,
    st.builds("[constructor]{}".format, LABELS),
    st.builds("[method]{}.{}".format, LABELS, LABELS),
    st.builds("[static]{}.{}".format, LABELS, LABELS),
)


@pytest.mark.parametrize(
    ("name", "bridge"),
    [
        ("elastic:hal/crypto@0.2.0", "elastic-hal-bridge:elastic-hal/crypto@0.2.0"),
        ("wasi:io/streams", "elastic-hal-bridge:wasi-io/streams"),
        ("foo", "elastic-hal-bridge:inline/foo"),
        ("a:b-c/x", "elastic-hal-bridge:a-b-c/x"),
        ("a-b:c/x", "elastic-hal-bridge:n3-a-b-c/x"),
        ("n3:a-b-c/x", "elastic-hal-bridge:n2-n3-a-b-c/x"),
    ],
)
def test_bridges_of_interfaces(name: str, bridge: str) -> None:
    assert bridge_name(name) == bridge
    assert is_bridge_name(bridge)
    assert not is_bridge_name(name)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("hash", "f-hash"),
        ("[method]key.sign", "m3-key-sign"),
        ("[static]key.generate", "s3-key-generate"),
        ("[constructor]key", "c-key"),
    ],
)
def test_functions_of_bridges(name: str, label: str) -> None:
    assert function_name(name) == label


@given(IMPORTS, IMPORTS)
def test_no_two_bridges_are_alike(first: str, second: str) -> None:
    assume(first != second)
    names = {bridge_name(first), bridge_name(second)}
    assert len(names) == 2
    assert not names & {WORLD_BRIDGE, RUNTIME_INTERFACE}


@given(FUNCTIONS, FUNCTIONS)
def test_no_two_functions_are_alike(first: str, second: str) -> None:
    assume(first != second)
    assert function_name(first) != function_name(second)


@pytest.mark.parametrize("name", ["", "url=<x>", "[implements=<a:b/c>]d", "a:b:c/d", "a:b/c/d", "A:b/c", "a:b/c@1/x"])
def test_other_imports_have_no_bridge(name: str) -> None:
    with pytest.raises(ValueError, match="no bridge can stand"):
        bridge_name(name)


@pytest.mark.parametrize("name", ["", "[async]f", "[method][get]key.size", "[method]key", "[constructor]", "a.b"])
def test_other_functions_have_none(name: str) -> None:
    with pytest.raises(ValueError, match="no bridge function"):
        function_name(name)
