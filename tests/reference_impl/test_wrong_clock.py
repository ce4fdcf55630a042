"""The host's clock is wrong: whatever reads it says so in an error of its own, and nothing is written that is wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.common.clock import END_NS, ClockError
from elastic_hal.reference_impl.bindings.elastic_hal import crypto, types
from elastic_hal.reference_impl.bindings.elastic_hal import object_storage as wit
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.platforms.kernel.stated_claims import state_claims
from elastic_hal.reference_impl.platforms.simulated import RootAuthority, SimulatedPlatform
from elastic_hal.reference_impl.storage import ObjectStorageProvider, Storages
from elastic_hal.reference_impl.storage.errors import StorageFailure
from elastic_hal.reference_impl.tls.key_contexts import self_signed
from elastic_hal.reference_impl.verify import verify
from elastic_hal.runtime.control import Control
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.platform import EvidenceRequest, PlatformError
from elastic_hal.runtime.storage_grants import CONTAINER_RIGHTS, ContainerGrant

WRONG = pytest.mark.parametrize("moment", [-1, -(10**18), END_NS, 1 << 70])
REQUEST = EvidenceRequest(bytes(8))


@WRONG
def test_platforms_do_not_date_evidence(
    platform: SimulatedPlatform, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    with pytest.raises(PlatformError, match="clock"):
        platform.evidence(REQUEST)
    with pytest.raises(PlatformError, match="clock"):
        state_claims(REQUEST, "sev-snp")


@WRONG
def test_no_root_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    with pytest.raises(PlatformError, match="clock"):
        RootAuthority.open(tmp_path / "state")


@WRONG
def test_evidence_is_not_judged(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    with pytest.raises(ClockError):
        verify(b"evidence")


@WRONG
def test_no_certificate_is_made(monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    uses = crypto.KeyUsage.SIGN
    algorithm = crypto.KeyAlgorithm_Signature(crypto.SignatureAlgorithm.ED25519)
    key = CryptoProvider().Key_generate(algorithm, uses, False)
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    with pytest.raises(types.Error_Internal, match="clock"):
        self_signed(key, "name", 60)


def container(state: Path, storages: Storages) -> Callable[[], wit.Container]:
    grant = ContainerGrant("box", CONTAINER_RIGHTS)
    provider = ObjectStorageProvider(storages, Identity("guest", "sha256:" + "0" * 64), [grant], Control())
    return lambda: provider.get_container("box")


def write(box: wit.Container, name: str) -> wit.ObjectMetadata:
    writer = box.write_data(name, wit.WriteCondition_Always())
    writer.write(b"content")
    return writer.finish()


@pytest.mark.parametrize("protected", [True, False])
@WRONG
def test_objects_are_read_and_deleted_but_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, protected: bool
) -> None:
    storages = Storages(tmp_path)
    opened = container(tmp_path, storages)
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time_ns", lambda: moment)
        with pytest.raises(StorageFailure, match="clock"):
            opened()
    box = opened()
    if protected:
        algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
        uses = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT
        box.associate_key(CryptoProvider().Key_generate(algorithm, uses, False), wit.Protection.CONTENT)
    write(box, "kept")
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time_ns", lambda: moment)
        with pytest.raises(StorageFailure, match="clock"):
            write(box, "new")
        assert box.get_data("kept", 0, None).read(100) == b"content"
        assert not box.has_object("new")
        box.delete_object("kept", wit.WriteCondition_Always())
    assert box.list_objects("", None, 10).names == []
    storages.close()


@pytest.mark.parametrize("protected", [True, False])
@pytest.mark.parametrize("moment", [0, (1 << 63) - 1, 1 << 63, END_NS - 1])
def test_every_moment_that_64_bits_hold_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int, protected: bool
) -> None:
    """Also those after April 2262, for which the numbers of the database are too small."""
    algorithm = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_256_GCM)
    uses = crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT
    key = CryptoProvider().Key_generate(algorithm, uses, False)
    expected = wit.Datetime(*divmod(moment, 10**9))
    monkeypatch.setattr(time, "time_ns", lambda: moment)
    for turn in range(2):
        storages = Storages(tmp_path)
        box = container(tmp_path, storages)()
        if protected:
            box.associate_key(key, wit.Protection.CONTENT_AND_NAMES)
        if not turn:
            write(box, "object")
        assert box.object_info("object").created_at == expected
        assert box.info().created_at == expected
        storages.close()
