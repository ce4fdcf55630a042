"""A real S3 server on loopback: `weed`, of SeaweedFS."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUCKET = "objects"
WEED = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
_PATIENCE_SECONDS = 300


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, nor 10,000 above, where weed puts its gRPC."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4 * count)]
    found = [made.getsockname()[1] for made in sockets]
    for made in sockets:
        made.close()
    return [port for port in found if port < 55_000][:count]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Runs a server that keeps its data in a folder, and gives its URL."""
    master, volume, filer, s3 = free_ports(4)
    command = [str(WEED), "server", "-s3", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
    command += [f"-dir={folder}", f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"]
    command += [f"-s3.port={s3}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    command += ["-master.volumeSizeLimitMB=64", "-volume.max=20"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        url = f"http://127.0.0.1:{s3}"
        try:
            _wait_for_bucket(url, server)
            yield url
        finally:
            server.kill()
            # A killed server leaves its sockets, which it names after its ports wherever it is told to keep its data.
            for port in (master, volume, filer, s3):
                for number in (port, port + 10_000):
                    for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):
                        left.unlink(missing_ok=True)


def _wait_for_bucket(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            for path in (BUCKET, f"{BUCKET}/ready"):
                request = urllib.request.Request(f"{url}/{path}", method="PUT", data=b"")
                urllib.request.urlopen(request, timeout=5).close()
        except (urllib.error.URLError, OSError):
            assert server.poll() is None, "the S3 server did not start"
            assert time.monotonic() < until, "the S3 server is not ready"
            time.sleep(0.2)
        else:
            return
