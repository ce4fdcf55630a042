"""Every error that our packages raise for their users has a place in the table of failures."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import elastic_hal
from elastic_hal.cli.failures import _KNOWN, Failure, describe
from elastic_hal.common.errors import ElasticHalError

# The interpreter of the suite runs in guests. What never reaches a command: caught where it arises, an answer to a
# guest, or a fault of ours whose traceback helps.
INSIDE = {
    "elastic_hal.runtime.abi.errors": {"*"},
    "elastic_hal.runtime.abi.guest_errors": {"*"},
    "elastic_hal.runtime.bridge.errors": {"*"},
    "elastic_hal.runtime.contents.bounds": {"TooLargeError"},
    "elastic_hal.runtime.store_limits": {"BudgetError"},
    "elastic_hal.reference_impl.crypto.nonces": {"NoncesExhaustedError", "NonceReusedError"},
    "elastic_hal.reference_impl.crypto.asymmetric": {"MaterialError"},
    "elastic_hal.reference_impl.crypto.ciphers": {"PaddingError"},
    "elastic_hal.reference_impl.crypto.hpke": {"OpenError", "MessagesExhaustedError"},
    "elastic_hal.reference_impl.crypto.rsa_oaep": {"DecryptionError"},
    "elastic_hal.reference_impl.sealing.envelope": {"UnsealError"},
    "elastic_hal.reference_impl.resources.budget": {"Refused"},
    "elastic_hal.reference_impl.embedded_database": {"ForeignDatabaseError"},
    "elastic_hal.reference_impl.storage.errors": {"*"},
    "elastic_hal.reference_impl.storage.s3_bucket": {"Conflict"},
    "elastic_hal.reference_impl.eat.errors": {"EvidenceError"},
    "elastic_hal.reference_impl.verify.appraisal": {"VerificationError"},
    "elastic_hal.reference_impl.verify.chain": {"ChainError"},
    "elastic_hal.reference_impl.verify.snp.errors": {"SnpError"},
    "elastic_hal.reference_impl.verify.tdx.errors": {"TdxError"},
    "elastic_hal.reference_impl.verify.ear.errors": {"ResultError"},
    "elastic_hal.reference_impl.verify.ear.keys": {"ResultKeyError"},
    "elastic_hal.reference_impl.platforms.emulator.errors": {"CallError"},
    "elastic_hal.reference_impl.platforms.sev_snp.certificates": {"CertificatesUnavailableError"},
    "elastic_hal.reference_impl.broker.nonces": {"NonceError"},
    "elastic_hal.reference_impl.broker.wrapping": {"WrappingError"},
    "elastic_hal.reference_impl.broker.seal": {"BrokenSealError"},
    "elastic_hal.reference_impl.tls.der": {"DerError"},
    "elastic_hal.reference_impl.tls.contexts": {"NoCommonProtocolError"},
    "elastic_hal.conformance.boundary_values": {"NoValue"},
    "elastic_hal.conformance.mutants": {"MutantFailure"},
    "elastic_hal.conformance.process": {"StoppedError"},
    "elastic_hal.codegen.diagnostics": {"WitError"},
    "elastic_hal.cli.failures": {"CommandError"},
}
PACKAGES = (
    "codegen",
    "runtime",
    "reference_impl",
    "guest_sdk.build",
    "guest_sdk.project",
    "conformance",
    "cli",
    "common",
)


def errors() -> Iterator[type[Exception]]:
    for package in PACKAGES:
        root = importlib.import_module(f"elastic_hal.{package}")
        names = [root.__name__]
        if hasattr(root, "__path__"):
            names += [module.name for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")]
        for name in names:
            if any(part in name for part in ("bindings", "interpreter", "__main__")):
                continue
            for kind in vars(importlib.import_module(name)).values():
                if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__module__.startswith("elastic_hal."):
                    yield kind


def test_every_typed_error_is_reported() -> None:
    known = tuple(getattr(importlib.import_module(module), name) for module, name, _ in _KNOWN)
    for kind in errors():
        inside = INSIDE.get(kind.__module__, set())
        private = kind.__name__.startswith("_") or "bindings" in kind.__module__
        assert private or inside & {"*", kind.__name__} or issubclass(kind, (*known, ElasticHalError)), kind


def test_a_subclass_stands_before_its_base() -> None:
    kinds = [getattr(importlib.import_module(module), name) for module, name, _ in _KNOWN]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:place]), kind


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (FileNotFoundError(2, "No such file", "a"), Failure("a: No such file", 2)),
        (OSError(28, "No space left on device", "a"), Failure("a: No space left on device", 3)),
        (OSError(28, "No space left on device"), Failure("No space left on device", 3)),
        (OSError("odd"), None),
        (ValueError("a fault of ours"), None),
    ],
)
def test_the_system_s_refusals(error: Exception, failure: Failure | None) -> None:
    assert describe(error) == failure


def test_the_namespace_has_no_package_that_is_not_looked_at() -> None:
    found = {module.name for module in pkgutil.iter_modules(elastic_hal.__path__)}
    assert found == {name.partition(".")[0] for name in PACKAGES}
