"""`elastic-hal broker`: a service that releases secrets to attested guests, and what its operator does with it."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elastic_hal.cli.console import line, message, print_json
from elastic_hal.cli.failures import CommandError
from elastic_hal.cli.memory_option import closes_memory
from elastic_hal.common.clock import now
from elastic_hal.common.errors import USAGE
from elastic_hal.common.files import read_file
from elastic_hal.common.text import counted

if TYPE_CHECKING:
    from elastic_hal.reference_impl.broker import Store

_PATH = click.Path(path_type=Path)
_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]+):([0-9]{1,5})")
_STORE = click.option(
    "--store", "directory", type=_PATH, required=True, metavar="DIR", help="The directory of the broker's store."
)


@click.group()
def broker() -> None:
    """Release secrets to guests whose evidence satisfies a policy."""


@broker.command()
@_STORE
@click.option("--policy", type=_PATH, required=True, metavar="FILE", help="Which evidence gets which secret (TOML).")
@click.option("--cert", type=_PATH, required=True, metavar="FILE", help="The server's certificate chain (PEM).")
@click.option("--key", type=_PATH, required=True, metavar="FILE", help="The certificate's private key (PEM).")
@click.option("--listen", default="127.0.0.1:8443", show_default=True, metavar="HOST:PORT", help="Where to serve.")
@click.option(
    "--nonce-seconds",
    type=click.IntRange(1, 3600),
    default=120,
    show_default=True,
    help="How long a nonce is good.",
)
@closes_memory
def serve(directory: Path, policy: Path, cert: Path, key: Path, listen: str, nonce_seconds: int) -> None:
    """Serve over https (TLS 1.3) until Ctrl-C."""
    from elastic_hal.reference_impl.broker import Broker, BrokerServer, LivePolicy, server_context
    from elastic_hal.reference_impl.broker.nonces import Nonces

    address = _address(listen)
    context = server_context(cert, key)
    live = LivePolicy(policy)
    store = _open(directory)
    try:
        service = Broker(store, live, Nonces(float(nonce_seconds)))
        with BrokerServer(address, service, context) as server:
            store.log(_entry("started"))
            message(f"serving at https://{listen.rpartition(':')[0]}:{server.port}")
            server.serve_forever()
    finally:
        store.close()


@broker.command("add-secret")
@click.argument("name")
@_STORE
@click.option("--file", type=_PATH, metavar="FILE", help="Read the secret from there. Default: standard input.")
@click.option("--replace", is_flag=True, help="Replace the secret of that name.")
@closes_memory
def add_secret(name: str, directory: Path, file: Path | None, replace: bool) -> None:
    """Keep a secret under NAME, byte for byte as it is read. Makes the store where there is none."""
    from elastic_hal.reference_impl.broker.messages import MAX_SECRET_BYTES

    limit = MAX_SECRET_BYTES
    secret = sys.stdin.buffer.read(limit + 1) if file is None else read_file(file, limit)
    if len(secret) > limit:
        raise CommandError(f"the secret has more than {limit} bytes", USAGE)
    store = _open(directory, create=True)
    try:
        store.add_secret(name, secret, _entry("secret added"), replace=replace)
    finally:
        store.close()
    message(f"{name}: kept, {counted(len(secret), 'byte')}")


@broker.command("remove-secret")
@click.argument("name")
@_STORE
def remove_secret(name: str, directory: Path) -> None:
    """Forget the secret NAME."""
    store = _open(directory)
    try:
        store.remove_secret(name, _entry("secret removed"))
    finally:
        store.close()


@broker.command()
@click.argument("value")
@_STORE
@click.option("--reason", default="", metavar="TEXT", help="Why, for the audit log.")
def revoke(value: str, directory: Path, reason: str) -> None:
    """Trust VALUE no more, for good and for every secret.

    VALUE is hexadecimal digits, such as a measurement, the digest of an attested key, or a chip's identifier. A broker
    that is running refuses it from its next request on.
    """
    store = _open(directory)
    try:
        store.revoke(value, {**_entry("value revoked"), "reason": reason})
    finally:
        store.close()


@broker.command()
@_STORE
def adopt(directory: Path) -> None:
    """Seal a store of an earlier version, which had no seal, as it is now.

    Look through its log first (`broker log show` of the earlier version): whatever is in the store counts from now on.
    """
    from elastic_hal.reference_impl.broker import Store

    Store.adopt(directory, _entry("store sealed"))
    message(f"{directory}: sealed as it is")


@broker.group()
def log() -> None:
    """Look at the audit log and check it."""


@log.command("verify")
@_STORE
@click.option("--head", metavar="HEAD", help="A head that this command printed before: the log must continue it.")
def verify_chain(directory: Path, head: str | None) -> None:
    """Check log and seal, and print the head: number and digest of the newest entry.

    That the whole store, with its key and mark, is an older one shows only by a head from before, kept elsewhere.
    """
    from elastic_hal.reference_impl.broker.audit_log import LogHead, verify_log
    from elastic_hal.reference_impl.broker.errors import AuditLogError, BrokerStoreError

    known = None if head is None else LogHead.parse(head)
    store = _open(directory, damaged=True)
    try:
        newest = verify_log(store.entries(), known)
        try:
            store.check()
        except BrokerStoreError as error:
            raise AuditLogError(str(error)) from None
        click.echo(str(newest))
    finally:
        store.close()


@log.command()
@_STORE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(directory: Path, as_json: bool) -> None:
    """Print the audit log, oldest entry first."""
    store = _open(directory, damaged=True)
    try:
        entries = [entry.fields() for entry in store.entries()]
    finally:
        store.close()
    if as_json:
        print_json({"entries": entries})
        return
    for entry in entries:
        known = ("number", "at", "event", "secret", "digest")
        rest = ", ".join(f"{key} {_shown(value)}" for key, value in entry.items() if key not in known and value != "")
        said = f"{entry['number']:>6}  {entry.get('at', '')}  {entry.get('event', '')}  {entry.get('secret', '')}"
        line(f"{said}  {rest}".rstrip())


def _shown(value: object) -> str:
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _open(directory: Path, *, create: bool = False, damaged: bool = False) -> Store:
    from elastic_hal.reference_impl.broker import Store

    return Store.open(directory, create=create, damaged=damaged)


def _entry(event: str) -> dict[str, object]:
    return {"at": now().isoformat(timespec="milliseconds"), "event": event, "by": f"user {os.geteuid()}"}


def _address(text: str) -> tuple[str, int]:
    matched = _ADDRESS.fullmatch(text)
    if matched is None or int(matched[2]) > 65535:
        raise CommandError(f"--listen {text!r} is no address", USAGE, "write it like 127.0.0.1:8443 or [::1]:8443")
    return matched[1].strip("[]"), int(matched[2])
