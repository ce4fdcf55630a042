"""What policies say about containers: read strictly, and denied where they say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from elastic_hal.runtime.errors import PolicyError
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import Policy
from elastic_hal.runtime.storage_grants import ContainerGrant, RemoteStorage

WHO = Identity("guest", "sha256:" + "0" * 64)


def grants(tmp_path: Path, text: str) -> tuple[ContainerGrant, ...]:
    path = tmp_path / "policy.toml"
    path.write_text(f"version = 1\n{text}")
    return Policy.load(path).grant_for(WHO).containers


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    found = grants(
        tmp_path,
        """
        [storage.archive]
        kind = "s3"
        endpoint = "https://s3.example.org"
        bucket = "workloads"
        region = "eu-central-1"
        prefix = "hal"

        [workload.guest.containers]
        ledger = { rights = ["read", "write"], quota = "2MiB", objects = 3, protected = true, anchored = true }
        letters = { rights = ["list"], shared = "post", storage = "archive" }
        """,
    )
    ledger, letters = found
    assert ledger == ContainerGrant("ledger", frozenset({"read", "write"}), 2 << 20, 3, True, True)
    remote = RemoteStorage("https://s3.example.org", "workloads", "eu-central-1", "hal")
    assert letters == ContainerGrant("letters", frozenset({"list"}), shared="post", storage=remote)


def test_nothing_is_granted_by_default(tmp_path: Path) -> None:
    assert grants(tmp_path, "[workload.guest]") == ()
    assert grants(tmp_path, "[workload.other.containers]\nbox = { rights = ['read'] }") == ()


CONTAINER = "[workload.guest.containers]\n"
STORAGE = "[storage.s]\nkind = 's3'\nendpoint = 'https://h'\nbucket = 'b'\n"


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        (CONTAINER + "box = {}", "containers.box.rights: must be an array", ""),
        (CONTAINER + "box = { rights = [] }", "grants nothing", "leave the container out"),
        (CONTAINER + "box = { rights = ['reed'] }", "'reed' is none of", "did you mean read?"),
        (CONTAINER + "box = { rights = [1] }", "1 is none of", ""),
        (CONTAINER + "box = { right = ['read'] }", "containers.box.right: unknown key", "did you mean rights?"),
        (CONTAINER + "box = { rights = ['read'], quota = 5 }", "quota: must be a number with its unit", ""),
        (CONTAINER + "box = { rights = ['read'], quota = 'much' }", "is not a size", "256MiB"),
        (CONTAINER + "box = { rights = ['read'], objects = -1 }", "objects: must be a whole number", ""),
        (CONTAINER + "box = { rights = ['read'], objects = true }", "objects: must be a whole number", ""),
        (CONTAINER + "box = { rights = ['read'], protected = 1 }", "protected: must be true or false", ""),
        (CONTAINER + "box = { rights = ['read'], shared = '' }", "shared: must be a string", ""),
        (CONTAINER + "box = { rights = ['read'], shared = '" + "x" * 65 + "' }", "1 to 64 bytes", ""),
        (CONTAINER + "'" + "x" * 65 + "' = { rights = ['read'] }", "1 to 64 bytes", ""),
        (CONTAINER + "'' = { rights = ['read'] }", "1 to 64 bytes", ""),
        (CONTAINER + "box = { rights = ['read'], storage = 's' }", "there is no storage 's'", "[storage.s]"),
        (STORAGE + CONTAINER + "box = { rights = ['read'], storage = 't' }", "no storage 't'", "[storage.t]"),
        (STORAGE + CONTAINER + "box = { rights = ['read'], storage = 's', anchored = true }", "host's own storage", ""),
        ("[storage.s]\nkind = 'nfs'", 'must be "s3"', ""),
        ("[storage.s]\nkind = 's3'\nendpoint = 'http://example.org'\nbucket = 'b'", "must be an https URL", ""),
        *(
            (f"[storage.s]\nkind = 's3'\nendpoint = '{endpoint}'\nbucket = 'b'", "must be an https URL", "")
            for endpoint in (
                *("https://", "https://:443", "https://h:port", "https://[h", "ftp://127.0.0.1/", "h"),
                *("https://name:secret@h", "http://127.0.0.1:80@example.org", "http://localhost.example.org:80"),
            )
        ),
        ("[storage.s]\nkind = 's3'\nendpoint = 'https://h'", "storage.s.bucket: must be a string", ""),
        ("[storage.s]\nkind = 's3'\nsecret = 'x'", "storage.s.secret: unknown key", ""),
        ("storage = 1", "storage: must be a table", ""),
        (STORAGE + "prefix = 'é'", "ASCII characters", ""),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, reason: str, hint: str) -> None:
    with pytest.raises(PolicyError) as refused:
        grants(tmp_path, text)
    assert reason in refused.value.message
    assert hint in refused.value.hint
