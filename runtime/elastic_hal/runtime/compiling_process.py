"""The process that compiles one component: `python -m elastic_hal.runtime.compiling_process JOB`.

It is given two files by their descriptors: one with the component, one for what it compiles to. What is to be said
about it goes to standard output, as one JSON object. It ends with whoever started it, when standard input ends.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

import wasmtime

from elastic_hal.runtime.bridged import compile_guest
from elastic_hal.runtime.engine_settings import config
from elastic_hal.runtime.errors import ComponentError, UnlinkableImportError


class _Kept(logging.Handler):
    """Keeps what is logged, for the process that asked."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append((record.name, record.levelno, record.getMessage()))


def main(job: dict[str, Any]) -> dict[str, Any]:
    """Do a job and return what there is to say about it."""
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_CPU, job["cpu_seconds"])
    _limit(resource.RLIMIT_AS, job["memory_bytes"])
    kept = _Kept()
    logging.basicConfig(level=logging.INFO, handlers=[kept])
    failure = None
    try:
        content = Path(f"/proc/self/fd/{job['source']}").read_bytes()
        compiled = compile_guest(wasmtime.Engine(config()), content, job["name"], bridge=job["bridge"])
        with open(job["target"], "wb", closefd=False) as target:
            target.write(compiled.serialize())
    except ComponentError as error:
        imports = error.imports if isinstance(error, UnlinkableImportError) else ()
        failure = {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "imports": imports}
    return {"failure": failure, "log": kept.records}


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    # The hard limit of CPU time kills a second later, should the signal at the soft one be ignored here.
    above = most + 1 if what == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else most
    resource.setrlimit(what, (most, above))


def _end_with_the_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    json.dump(main(json.loads(sys.argv[1])), sys.stdout)
    sys.stdout.flush()
    os._exit(0)  # the thread that waits for the parent, and those of the compiler, need no farewell
