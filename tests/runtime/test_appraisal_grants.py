"""Which verification policies a policy grants: read strictly, paths relative to its file, by name."""

from pathlib import Path

import pytest

from elastic_hal.runtime.appraisal_grants import AppraisalGrant
from elastic_hal.runtime.errors import PolicyError
from elastic_hal.runtime.policy import Policy


def load(folder: Path, appraisal: str) -> Policy:
    path = folder / "policy.toml"
    path.write_text(f"version = 1\n[workload.a]\nappraisal = {appraisal}\n")
    return Policy.load(path)


def test_paths_are_relative_to_the_policy(tmp_path: Path) -> None:
    text = """{ peer = { policy = "peer.toml", trust_roots = ["a/root.pem", "/etc/root.pem"],
        revocation_lists = ["x.crl"], collateral = "c.json" }, "other one" = { policy = "/other.toml" } }"""
    assert load(tmp_path, " ".join(text.split())).rules["a"].grant.appraisal == {
        "peer": AppraisalGrant(
            tmp_path / "peer.toml",
            (tmp_path / "a/root.pem", Path("/etc/root.pem")),
            (tmp_path / "x.crl",),
            tmp_path / "c.json",
        ),
        "other one": AppraisalGrant(Path("/other.toml")),
    }


def test_without_the_key_nothing_is_granted(tmp_path: Path) -> None:
    assert load(tmp_path, "{}").rules["a"].grant.appraisal == {}
    (tmp_path / "none.toml").write_text("version = 1\n[workload.a]\n")
    assert Policy.load(tmp_path / "none.toml").rules["a"].grant.appraisal == {}


@pytest.mark.parametrize("name", ["n" * 64, "é" * 32])
def test_the_longest_name(tmp_path: Path, name: str) -> None:
    assert list(load(tmp_path, f'{{ {name!r} = {{ policy = "p" }} }}').rules["a"].grant.appraisal) == [name]


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("5", "workload.a.appraisal: must be a table", ""),
        ("{ peer = 5 }", "workload.a.appraisal.peer: must be a table", ""),
        ("{ peer = {} }", "workload.a.appraisal.peer.policy: must be a string", ""),
        ("{ peer = { policy = '' } }", "workload.a.appraisal.peer.policy", ""),
        ("{ peer = { policy = ['p'] } }", "workload.a.appraisal.peer.policy", ""),
        ('{ peer = { policy = "a\\u0000b" } }', "workload.a.appraisal.peer.policy", ""),
        ("{ peer = { polcy = 'p' } }", "workload.a.appraisal.peer.polcy: unknown key", "did you mean policy?"),
        ("{ peer = { policy = 'p', trust_root = 'r' } }", "peer.trust_root: unknown key", "trust_roots"),
        ("{ peer = { policy = 'p', trust_roots = 'r' } }", "peer.trust_roots: must be an array", ""),
        ("{ peer = { policy = 'p', trust_roots = ['r', 5] } }", "peer.trust_roots[1]: must be a string", ""),
        ("{ peer = { policy = 'p', revocation_lists = [''] } }", "peer.revocation_lists[0]", ""),
        ("{ peer = { policy = 'p', collateral = [] } }", "peer.collateral: must be a string", ""),
        ("{ '' = { policy = 'p' } }", "1 to 64 bytes", ""),
        (f"{{ '{'n' * 65}' = {{ policy = 'p' }} }}", "1 to 64 bytes", ""),
        (f"{{ '{'é' * 33}' = {{ policy = 'p' }} }}", "1 to 64 bytes", ""),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, place: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert caught.value.message.startswith(f"{tmp_path / 'policy.toml'}: workload.a.appraisal")
    assert place in caught.value.message
    assert hint in caught.value.hint
