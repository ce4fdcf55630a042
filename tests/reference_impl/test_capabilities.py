"""The capability list: complete, in order, and in agreement with what the calls do."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path

import pytest

from elastic_hal.reference_impl.bindings.elastic_hal import capabilities as wit
from elastic_hal.reference_impl.bindings.elastic_hal import crypto, post_quantum, types
from elastic_hal.reference_impl.capabilities import CapabilitiesProvider
from elastic_hal.reference_impl.crypto import CryptoProvider
from elastic_hal.reference_impl.platforms.simulated import SimulatedPlatform

CONTRACT = Path(__file__).parents[2] / "wit"
SERVED = {
    *("CLK-1", "CLK-2", "CLK-3", "RND-1", "CAP-1"),
    *("SOC-3", "SOC-4", "SOC-7", "SOC-8"),
    *(f"CRY-{number}" for number in range(1, 17)),
    *(f"OBJ-{number}" for number in range(1, 5)),
    *(f"{family}-{number}" for family in ("RES", "CHN") for number in range(1, 4)),
}
provider = CryptoProvider()


@pytest.fixture
def listed(shared_platform: SimulatedPlatform) -> dict[str, wit.Capability]:
    made = CapabilitiesProvider(shared_platform, timezone_available=True)
    entries = made.list_capabilities()
    return {entry.id: entry for entry in entries}


def limits(entry: wit.Capability) -> dict[str, int]:
    return {limit.name: limit.value for limit in entry.limits}


def test_the_list_is_the_catalogue_of_the_contract(listed: dict[str, wit.Capability]) -> None:
    functions = tomllib.loads((CONTRACT / "catalogue.toml").read_text("utf-8"))["function"]
    assert [function["id"] for function in functions] == list(listed)


def test_what_is_served(listed: dict[str, wit.Capability]) -> None:
    assert {name for name, entry in listed.items() if entry.supported} == SERVED
    for entry in listed.values():
        if not entry.supported:
            assert not entry.algorithms
            assert not entry.limits


def test_interfaces_are_those_that_the_documentation_names(listed: dict[str, wit.Capability]) -> None:
    for name, entry in listed.items():
        if entry.interface_name.startswith("elastic:hal/"):
            interface = entry.interface_name.removeprefix("elastic:hal/").removesuffix("@0.2.0")
            assert re.search(rf"HAL:.*\b{name}\b", (CONTRACT / f"{interface}.wit").read_text("utf-8"))


def test_sockets_and_time_zone_follow_the_host(shared_platform: SimulatedPlatform) -> None:
    made = CapabilitiesProvider(shared_platform, timezone_available=False, sockets_reachable=True)
    assert not made.get_capability("CLK-2").supported
    assert made.get_capability("SOC-1").supported
    assert made.get_capability("SOC-2").supported


def test_one_is_looked_up_by_its_exact_id(shared_platform: SimulatedPlatform) -> None:
    made = CapabilitiesProvider(shared_platform, timezone_available=True)
    assert made.get_capability("CRY-11") in made.list_capabilities()
    for unknown in ("", "cry-11", "CRY-011", "CRY-17", " CRY-1", "X" * 64):
        with pytest.raises(types.Error_NotFound):
            made.get_capability(unknown)
    for too_long in ("X" * 65, "é" * 33):
        with pytest.raises(types.Error_InvalidArgument, match="64 bytes"):
            made.get_capability(too_long)


def test_the_platform(shared_platform: SimulatedPlatform) -> None:
    info = CapabilitiesProvider(shared_platform, timezone_available=True).platform()
    assert (info.platform, info.debug) == (wit.PlatformType.SIMULATED, True)
    assert info.runtime_name == "elastic-hal-reference"
    assert info.runtime_version[0].isdigit()


def test_algorithms_are_those_that_calls_serve(listed: dict[str, wit.Capability]) -> None:
    served = provider.supported_algorithms()
    names: dict[str, Sequence[Enum]] = {
        "CRY-6": served.hash,
        "CRY-9": served.mac,
        "CRY-10": served.mac,
        "CRY-11": served.aead,
        "CRY-12": served.aead,
        "CRY-4": served.signature,
        "CRY-5": served.signature,
        "CRY-2": served.encryption,
        "CRY-3": served.encryption,
        "CRY-7": served.cipher,
        "CRY-8": served.cipher,
    }
    unsettled: dict[str, Iterable[Enum]] = {
        **dict.fromkeys(("CRY-2", "CRY-3"), post_quantum.KemAlgorithm),
        **dict.fromkeys(("CRY-4", "CRY-5"), post_quantum.PostQuantumSignature),
    }
    for name, algorithms in names.items():
        spelled = [algorithm.value for algorithm in (*algorithms, *unsettled.get(name, ()))]
        assert listed[name].algorithms == spelled
    # Nothing of the contract is left out, so nothing returns `unsupported`.
    assert served.hash == list(crypto.HashAlgorithm)
    assert served.mac == list(crypto.MacAlgorithm)
    assert served.aead == list(crypto.AeadAlgorithm)
    assert served.signature == list(crypto.SignatureAlgorithm)
    assert served.cipher == list(crypto.CipherAlgorithm)
    assert served.encryption == list(crypto.EncryptionAlgorithm)
    assert served.agreement == list(crypto.AgreementAlgorithm)
    assert served.derivation == list(crypto.DerivationAlgorithm)
    assert set(listed["CRY-1"].algorithms) > {
        algorithm.value for algorithm in (*served.agreement, *served.derivation, *served.encryption, *served.cipher)
    }
    assert set(listed["CRY-1"].algorithms) > set(listed["CRY-9"].algorithms + listed["CRY-4"].algorithms)
    assert listed["CRY-16"].algorithms == ["eat"]


def test_limits_are_those_that_calls_check(listed: dict[str, wit.Capability]) -> None:
    hash_limit = limits(listed["CRY-6"])["data-bytes"]
    provider.hash(crypto.HashAlgorithm.BLAKE3, bytes(hash_limit))
    with pytest.raises(types.Error_LimitExceeded):
        provider.hash(crypto.HashAlgorithm.BLAKE3, bytes(hash_limit + 1))
    bound = crypto.KeyAlgorithm_Aead(crypto.AeadAlgorithm.AES_128_GCM)
    key = provider.Key_generate(bound, crypto.KeyUsage.ENCRYPT | crypto.KeyUsage.DECRYPT, False)
    sealed = provider.aead_encrypt(key, bytes(limits(listed["CRY-11"])["plaintext-bytes"]), b"")
    assert len(sealed.ciphertext) == limits(listed["CRY-12"])["ciphertext-bytes"]
    provider.aead_decrypt(key, sealed.nonce, sealed.ciphertext, b"")
    material = limits(listed["CRY-1"])["material-bytes"]
    for size, error in ((material, types.Error_InvalidArgument), (material + 1, types.Error_LimitExceeded)):
        with pytest.raises(error):
            provider.Key_import_key(bound, crypto.KeyFormat.RAW, bytes(size), crypto.KeyUsage.ENCRYPT, False)
