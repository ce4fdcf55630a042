"""What the runtime vouches for in evidence: its own code and the workload's component.

The runtime's measurement covers the Python sources that run on the host and the versions of the libraries that they
stand on. It says which code was installed when it was taken, under the assumption that the platform's own measurement
covers the file system and the interpreter.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.platform import Measurement

HOST_PACKAGES = ("elastic_hal.cli", "elastic_hal.common", "elastic_hal.reference_impl", "elastic_hal.runtime")
LIBRARIES = ("blake3", "cbor2", "cryptography", "cwt", "pyopenssl", "service-identity", "wasmtime")
_DOMAIN = b"elastic-hal runtime measurement 1"


def workload_measurement(identity: Identity) -> Measurement:
    """The measurement of a workload: SHA-256 of its component."""
    return Measurement("workload", "sha-256", identity.digest_bytes)


@functools.cache
def runtime_measurement(packages: tuple[str, ...] = HOST_PACKAGES) -> Measurement:
    """The measurement of the runtime: SHA-384 over domain, files and the libraries with their versions, each part
    preceded by its length.

    Files are the `*.py` of the given packages, as far as they are installed, in the order of their paths inside the
    package.
    """
    digest = hashlib.sha384()
    for part in (_DOMAIN, *_sources(packages), *_versions()):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return Measurement("runtime", "sha-384", digest.digest())


def _versions() -> Iterator[bytes]:
    for library in LIBRARIES:
        yield library.encode()
        yield metadata.version(library).encode()


def _sources(packages: tuple[str, ...]) -> Iterator[bytes]:
    for package in sorted(packages):
        spec = importlib.util.find_spec(package)
        for folder in sorted(spec.submodule_search_locations or ()) if spec else ():
            root = Path(folder)
            for name in sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py")):
                yield f"{package}/{name}".encode()
                yield (root / name).read_bytes()
