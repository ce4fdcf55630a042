"""A workload: a component with an identity, grants and limits, run in a store and on a thread of its own.

The thread that calls `run` waits. It is also the watchdog: when the deadline passes, or when it is interrupted
itself, it stops the guest. A guest that waits inside a host function cannot be stopped there; its thread is then left
behind, cut off from everything the host provides, and ends when the host function returns.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

import wasmtime

from elastic_hal.common.clock import now_ns
from elastic_hal.common.quantities import format_size
from elastic_hal.runtime import abi, moved_links
from elastic_hal.runtime.components import LoadedComponent
from elastic_hal.runtime.control import WHOLE_CORE, Control
from elastic_hal.runtime.cpu_share import CpuShare
from elastic_hal.runtime.descriptors import GUARD, needed_for
from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.errors import AdmissionError, ArgumentError, GrantError, NotACommandError
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.imports import WASI_INTERFACES, check_imports, listed, track, unlinkable
from elastic_hal.runtime.interrupt import Interrupt
from elastic_hal.runtime.limits import Limits
from elastic_hal.runtime.outcome import Outcome, Reason, describe_trap, python_failure, ran_out_of_memory
from elastic_hal.runtime.output_meter import OutputMeter
from elastic_hal.runtime.policy import Grant
from elastic_hal.runtime.standard_streams import Sink, StandardStreams, Tail, to_descriptor
from elastic_hal.runtime.store_limits import BudgetError, at_rest, divide
from elastic_hal.runtime.waking import wait_for
from elastic_hal.runtime.wasi_links import link_wasi

_RUN = "wasi:cli/run@0.2.0"
_RESULT = abi.result(None, None)
_HOST_STACK_BYTES = 16 * 1024**2
_PATIENCE_SECONDS = 0.5
_starting = threading.Lock()


@dataclass(frozen=True, eq=False)
class Workload:
    """What is to run. `link` connects the providers that the workload may use; it gets the workload so that it can
    follow the grant.

    `limits` are the grant's unless given. Standard output goes to the host's unless `output` takes it, standard error
    likewise with `error`. `control` is what `link` gets of the run that it is for.
    """

    engine: Engine
    component: LoadedComponent
    identity: Identity
    grant: Grant = field(default_factory=Grant)
    limits: Limits | None = None
    link: Callable[[abi.Linker, Workload], None] | None = None
    arguments: Sequence[str] = ()
    output: Sink | None = None
    error: Sink | None = None
    inherit_input: bool = False
    control: Control = field(default_factory=Control)

    def run(self) -> Outcome:
        """Runs the guest to its end, on a thread of its own.

        Raises:
            RuntimeFailure: the guest cannot be started: an import is missing, a granted directory is not there.
            LinkError: a provider does not fit its interface.
            BaseException: KeyboardInterrupt and the like, after the guest was stopped.
        """
        return self.start().wait()

    def start(self) -> Run:
        """Starts the guest on a thread of its own; `wait` of what it gives waits for its end.

        Raises:
            RuntimeFailure, LinkError: as `run`.
        """
        run = Run(self)
        run.start()
        return run


class Run:
    """One run of a workload."""

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        self._limits = workload.limits or workload.grant.limits
        self._control = Control(self._limits.memory_bytes, self._limits.cpu_thousandths)
        self._share = CpuShare(workload.engine.ticker, self._control.pause)
        self._meter = OutputMeter(self._limits.output_bytes, self._share.charge, self._wrote_too_much)
        self._interrupt = Interrupt(workload.engine, self._share.tick)
        self._tail = Tail(workload.error or to_descriptor(2))
        _check_bridge(workload)
        self._linker = abi.Linker(
            workload.engine.wasm, handles=self._limits.handles, bytes_bridge=workload.component.bridged
        )
        self._linker.workload = workload.identity.name
        link_wasi(self._linker.wasm)
        try:
            if workload.link is not None:
                workload.link(self._linker, replace(workload, control=self._control))
            check_imports(workload.component, workload.engine.wasm, {*WASI_INTERFACES, *self._linker.interfaces})
            self._entry = _entry_point(workload.component)
        except BaseException:
            self._control.end()
            raise
        self._started = time.monotonic()
        self._done = threading.Event()
        self._over = threading.Event()
        self._stopped = False
        self._entered = False
        self._descriptors = 0
        self._unread = False
        self._lost = ""
        self._outcome: Outcome | None = None
        self._raised: BaseException | None = None

    def start(self) -> None:
        """Starts the guest's thread, with room for the deepest guest and host functions below it."""
        thread = threading.Thread(target=self._guest, name=f"workload {self._workload.identity.name}", daemon=True)
        with _starting:
            before = threading.stack_size(_HOST_STACK_BYTES)
            try:
                thread.start()
            finally:
                threading.stack_size(before)

    def wait(self) -> Outcome:
        """Waits for the end of the guest or of its time."""
        try:
            if not wait_for(self._over, self._limits.deadline_seconds):
                self._stop()
        except BaseException:
            self._stop()
            raise
        if self._raised is not None:
            raise self._raised
        return self._outcome or self._ended(self._why_stopped(), self._lost or "it was waiting in a host function")

    @property
    def is_over(self) -> bool:
        """Whether the guest has ended, or was left behind."""
        return self._over.is_set()

    def stop(self) -> None:
        """Stops the guest from another thread than the one that waits. The outcome is then `stopped`."""
        self._stopped = not self._done.is_set()
        self._stop()

    def _stop(self) -> None:
        """Interrupts the guest; if it does not come back, cuts it off from the host."""
        self._interrupt.set()
        self._control.stop()
        if not self._done.wait(_PATIENCE_SECONDS):
            self._linker.close()
            self._over.set()

    def _wrote_too_much(self) -> None:
        # On the thread that passes output on, which the guest may be waiting for: it must not wait for the guest.
        threading.Thread(target=self._stop, name="output limit", daemon=True).start()

    def _holds_too_many(self, descriptors: int) -> None:
        self._descriptors = descriptors
        threading.Thread(target=self._stop, name="descriptor limit", daemon=True).start()

    def _lost_output(self, error: Exception) -> None:
        if not self._done.is_set() and isinstance(error, BrokenPipeError):
            self._unread = True
        elif not self._done.is_set():
            self._lost = self._lost or f"its output could not be passed on: {_reason(error)}"
        threading.Thread(target=self._stop, name="output lost", daemon=True).start()

    def _why_stopped(self) -> Reason:
        if self._lost:
            return "host-error"
        if self._unread:
            return "unread"
        if self._descriptors:
            return "descriptors"
        if self._meter.is_exceeded:
            return "output"
        return "stopped" if self._stopped else "deadline"

    def _guest(self) -> None:
        try:
            self._outcome = self._execute()()
        except BaseException as error:  # raised again by the thread that waits
            self._raised = error
        finally:
            self._done.set()
            self._over.set()

    def _execute(self) -> Callable[[], Outcome]:
        """Runs the guest; gives what makes the outcome of it, to be called when everything that it wrote is there."""
        streams = StandardStreams(self._workload.output, self._tail, self._meter, self._lost_output)
        store = wasmtime.Store(self._workload.engine.wasm)
        with ExitStack() as ending:
            ending.callback(streams.drain)
            folders = [directory.host for directory in self._workload.grant.directories]
            if folders:
                ending.callback(GUARD.watch(folders, self._holds_too_many))
            writable = [directory.host for directory in self._workload.grant.directories if directory.writable]
            ending.callback(moved_links.watch(writable))
            ending.callback(store.close)
            ending.callback(self._linker.wipe)
            ending.callback(self._control.end)
            ending.callback(self._linker.close)
            now_ns()  # what serves WASI's clock cannot refuse a moment that it has no number for
            with needed_for(f"workload {self._workload.identity.name!r} cannot start"):
                store.set_wasi(_wasi_config(self._workload, streams))
            return partial(self._with_output, streams, self._enter(store))

    def _enter(self, store: wasmtime.Store) -> Callable[[], Outcome]:
        try:
            self._control.connect(partial(self._bound, store), self._share.set)
        except BudgetError as error:
            return partial(self._ended, "memory", str(error))
        self._entered = True
        self._control.at_end(partial(self._share.set, WHOLE_CORE))
        self._interrupt.attach(store)
        try:
            instance = self._linker.instantiate(store, self._workload.component.compiled)
            run = abi.GuestFunction(self._linker, store, instance, (self._entry, "run"), result=_RESULT)
            code = 0 if isinstance(run(), abi.Ok) else 1
        except abi.GuestExit as exited:
            code = exited.code
        except abi.GuestTrap as trap:
            return partial(self._failed, trap.report)
        except abi.InstantiationError as error:
            if "not found in the linker" in str(error):
                raise unlinkable(self._workload.component.name, str(error)) from None
            return partial(self._failed, str(error))
        except abi.GuestEndedError as error:
            return partial(self._failed, str(error))
        return partial(self._exited, code)

    def _bound(self, store: wasmtime.Store, memory_bytes: int) -> None:
        component = self._workload.component
        try:
            limits = divide(memory_bytes, component.holds)
        except BudgetError:
            if not self._entered:
                raise
            limits = at_rest(component.holds)  # it promised to need less than it has
        limits.apply(store, bridged=component.bridged)

    def _with_output(self, streams: StandardStreams, ended: Callable[[], Outcome]) -> Outcome:
        """Fails a run whose output did not all arrive, as far as somebody still wanted it."""
        outcome = ended()
        if self._meter.is_exceeded and outcome.reason != "output":
            return self._ended("output", "it had already come to its end")
        if outcome.succeeded and isinstance(streams.failure, BrokenPipeError):
            return self._ended("unread", "it had already come to its end")
        if (
            outcome.reason == "exited"
            and streams.failure is not None
            and not isinstance(streams.failure, BrokenPipeError)
        ):
            return self._ended("host-error", f"its output could not be passed on: {_reason(streams.failure)}")
        return outcome

    def _exited(self, code: int) -> Outcome:
        if code and ran_out_of_memory("", self._tail.text):
            return self._ended("memory", f"it exited with code {code}")
        text = self._tail.text if code else ""
        raised = python_failure(text)
        told = f"; its last traceback: {raised}" if raised else ""
        message = f"the guest exited with code {code}{told}" if code else ""
        return Outcome("exited", code, message, self._seconds(), text)

    def _failed(self, text: str) -> Outcome:
        if self._interrupt.is_set:
            doing = "it was waiting" if self._control.stopped_waiting else "it was computing"
            return self._ended(self._why_stopped(), self._lost or doing)
        cause = describe_trap(text, self._tail.text)
        if ran_out_of_memory(text, self._tail.text):
            return self._ended("memory", cause)
        failure = self._linker.failure
        if failure is not None and failure.incident in text:
            return self._ended("host-error", cause)
        return self._ended("trapped", cause)

    def _ended(self, reason: Reason, detail: str) -> Outcome:
        deadline, memory = self._limits.deadline_seconds, format_size(self._control.memory_bytes)
        output = format_size(self._limits.output_bytes or 0)
        texts = {
            "stopped": f"the guest was stopped; {detail}",
            "deadline": f"the guest was stopped at its deadline of {deadline} seconds; {detail}",
            "output": f"the guest wrote more than the {output} of output that it may write; {detail}",
            "unread": f"the guest was stopped because nobody reads its output any more; {detail}",
            "descriptors": f"the guest held {self._descriptors} files of its directories open and was stopped, "
            f"to keep file descriptors for the host; {detail}",
            "memory": f"the guest ran out of memory, of which it may have {memory}: {detail}",
            "host-error": f"the guest was stopped because the host failed: {detail}",
        }
        return Outcome(reason, 1, texts.get(reason, f"the guest trapped: {detail}"), self._seconds(), self._tail.text)

    def _seconds(self) -> float:
        return time.monotonic() - self._started


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def _check_bridge(workload: Workload) -> None:
    if workload.component.bridged and not workload.grant.bytes_bridge:
        raise AdmissionError(
            f"the policy wants workload {workload.identity.name!r} without the bytes bridge, but it was loaded with it",
            "load it with bytes_bridge=False",
        )


def _entry_point(component: LoadedComponent) -> str:
    for name in component.exports:
        if track(name) == track(_RUN):
            return name
    exports = listed(component.exports) or "nothing"
    raise NotACommandError(
        f"{component.name}: it does not export wasi:cli/run, so there is nothing to run",
        f"it exports {exports}; build it for a world that includes wasi:cli/command",
    )


def _wasi_config(workload: Workload, streams: StandardStreams) -> wasmtime.WasiConfig:
    """Gives the guest its arguments and what the grant names; no network, and nothing else of the host."""
    config = wasmtime.WasiConfig()
    config.argv = [_text(value, "an argument of the guest") for value in (workload.identity.name, *workload.arguments)]
    granted = [name for name in workload.grant.environment if name in os.environ]
    config.env = [(name, _text(os.environ[name], f"the environment variable {name}")) for name in granted]
    for directory in workload.grant.directories:
        if not directory.host.is_dir():
            raise GrantError(f"{directory.host}: granted as {directory.guest}, but there is no such directory")
        try:
            config.preopen_dir(str(directory.host), directory.guest, directory.writable)
        except wasmtime.WasmtimeError as failure:
            os.close(os.open(directory.host, os.O_PATH | os.O_CLOEXEC))  # fails too where descriptors lack
            raise GrantError(f"{directory.host}: granted as {directory.guest}, but it cannot be opened") from failure
    if workload.inherit_input:
        config.inherit_stdin()
    streams.connect(config)
    return config


def _text(value: str, what: str) -> str:
    """Refuses what cannot be handed on whole: bytes that were not UTF-8, and NUL, where C would end the text."""
    if "\0" in value or not _is_unicode(value):
        raise ArgumentError(f"{what} is not UTF-8 text without NUL: {value!r}", "give it as a file, or encoded")
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
