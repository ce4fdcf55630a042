"""A key broker of its own for an emulated machine: it gives the machine its sealing root for as long as a run lasts.

It is the broker that people run, as a process of its own, with https on the loopback address. What it trusts is the
machine that was just emulated, with this runtime on it, and nothing else.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from elastic_hal.cli.failures import CommandError
from elastic_hal.common.clock import now
from elastic_hal.common.errors import ENVIRONMENT

if TYPE_CHECKING:
    from elastic_hal.runtime.platform import Measurement

ROOT_NAME = "sealing/root"
_SECONDS_TO_END = 20
_READY = "serving at "


@contextmanager
def loopback_broker(
    place: Path, measurements: Sequence[Measurement], root: Path, collateral: Path | None
) -> Iterator[Path]:
    """Serves a sealing root to whoever has those measurements on a machine below that root, and gives the file that
    `--sealing` takes. `place` is an empty directory.
    """
    _write_policy(place, measurements, root, collateral)
    _write_certificate(place)
    with subprocess.Popen(_command(place), stderr=subprocess.PIPE, text=True) as broker:
        try:
            line = "" if broker.stderr is None else broker.stderr.readline()
            if not line.startswith(_READY):
                raise CommandError(f"the key broker does not start: {line.strip()}", ENVIRONMENT)
            settings = place / "sealing.toml"
            address = line.removeprefix(_READY).strip()
            settings.write_text(f'version = 1\nbroker = "{address}"\nsecret = "{ROOT_NAME}"\nroots = "tls.pem"\n')
            yield settings
        finally:
            broker.terminate()
            broker.wait(_SECONDS_TO_END)


def _command(place: Path) -> list[str]:
    files = {"--store": "store", "--policy": "broker.toml", "--cert": "tls.pem", "--key": "tls.key"}
    options = [word for option, name in files.items() for word in (option, os.fspath(place / name))]
    return [sys.executable, "-m", "elastic_hal.cli", "broker", "serve", "--listen", "127.0.0.1:0", *options]


def _write_policy(place: Path, measurements: Sequence[Measurement], root: Path, collateral: Path | None) -> None:
    """Writes the policy, which names this machine and runtime, and the secret."""
    from elastic_hal.reference_impl.broker import Store
    from elastic_hal.reference_impl.broker.sealing_root import MIN_ROOT_BYTES

    # Whoever may run this command may also extend every register of the machine, so that none of them is compared.
    demands = ["version = 1", "allow_emulated = true", "allow_unknown_image = true", 'purposes = ["host/sealing-root"]']
    for measured in measurements:
        value = f"{measured.algorithm}:{measured.value.hex()}"
        demands += [f"[measurements.{measured.name}]", f'"this machine" = "{value}"']
    (place / "appraisal.toml").write_text("\n".join(demands) + "\n")
    trust = [f"roots = [{_quoted(root)}]"] + ([] if collateral is None else [f"collateral = {_quoted(collateral)}"])
    lines = ["version = 1", f'[secrets."{ROOT_NAME}"]', 'policy = "appraisal.toml"', "[trust]", *trust]
    (place / "broker.toml").write_text("\n".join(lines) + "\n")
    store = Store.open(place / "store", create=True)
    try:
        added: dict[str, object] = {"at": now().isoformat(timespec="milliseconds"), "event": "secret added"}
        store.add_secret(ROOT_NAME, secrets.token_bytes(MIN_ROOT_BYTES), added)
    finally:
        store.close()


def _quoted(path: Path) -> str:
    return json.dumps(os.fspath(path.absolute()))


def _write_certificate(place: Path) -> None:
    """Makes the broker's key and a certificate for the loopback address, which is its own root."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "key broker on the loopback address")])
    moment = now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(hours=1))
        .not_valid_after(moment + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (place / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    descriptor = os.open(place / "tls.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
