"""What the runtime can refuse, before a guest runs.

    Exception
     └─ RuntimeFailure            message, and `hint`: what to do about it
         ├─ ComponentError        the file cannot be run
         │   ├─ UnreadableError         it cannot be opened or read
         │   ├─ NotWebAssemblyError     it is something else
         │   ├─ TextFormatError         it is WebAssembly text, not binary
         │   ├─ CoreModuleError         it is a core module, not a component
         │   ├─ CorruptComponentError   it is truncated or invalid
         │   ├─ LargeComponentError     a part of it is larger than components may have it
         │   ├─ LoadingError            it could not be compiled in the time and memory that there is for that
         │   ├─ NotACommandError        it does not export wasi:cli/run
         │   └─ UnlinkableImportError   it imports something that this runtime does not provide
         ├─ PolicyError           the policy file is wrong: file, place in it, reason
         │   ├─ AdmissionError          it is right, and does not let the workload start
         │   └─ DeploymentError         it is a deployment file that is wrong
         ├─ LimitError            a limit is not a size, a duration or a number
         ├─ GrantError            the policy grants something that this host does not have
         └─ ArgumentError         an argument cannot be given to a guest

What a running guest does wrong is no exception here: it is an `Outcome` (see `outcome.py`). Platforms raise
`PlatformError` (see `platform.py`), the calling convention has errors of its own (see `abi/errors.py`).
"""

from __future__ import annotations


class RuntimeFailure(Exception):
    """Base of the errors that the runtime raises before a guest runs."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class ComponentError(RuntimeFailure):
    """The file cannot be run as a component."""


class UnreadableError(ComponentError):
    """The file cannot be opened or read."""


class NotWebAssemblyError(ComponentError):
    """The file is not WebAssembly."""


class TextFormatError(ComponentError):
    """The file is WebAssembly text where the binary format is needed."""


class CoreModuleError(ComponentError):
    """The file is a core WebAssembly module, not a component."""


class CorruptComponentError(ComponentError):
    """The file starts like a component and is truncated or invalid."""


class LargeComponentError(ComponentError):
    """A part of the component is larger than it may be, or cannot be bounded."""


class LoadingError(ComponentError):
    """The component could not be compiled in the time or with the memory that there is for that."""


class NotACommandError(ComponentError):
    """The component does not export `wasi:cli/run`, so there is nothing to run."""


class UnlinkableImportError(ComponentError):
    """The component imports something that this runtime does not provide; `imports` names it."""

    def __init__(self, message: str, hint: str = "", imports: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.imports = imports


class PolicyError(RuntimeFailure):
    """The policy file is wrong."""


class AdmissionError(PolicyError):
    """The policy does not let the workload start."""


class DeploymentError(PolicyError):
    """The deployment file is wrong."""


class LimitError(RuntimeFailure):
    """A limit cannot be read."""


class GrantError(RuntimeFailure):
    """The policy grants something that this host does not have, such as a directory that is not there."""


class ArgumentError(RuntimeFailure):
    """An argument cannot be given to a guest."""


class WorkloadNameError(ArgumentError):
    """A workload cannot have this name."""
