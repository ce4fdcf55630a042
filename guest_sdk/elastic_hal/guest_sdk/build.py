"""Makes a guest project into a component with componentize-py, which runs as a process of its own.

The app can import what the project names, the SDK's guest modules and the standard library of the guest's Python:
packages that happen to be installed on the building machine cannot slip in.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from elastic_hal.codegen.resources import contract_dir
from elastic_hal.common.guest_tool import tool_command, tool_environment

from . import tool_messages
from .argument_memory import needs_release, releasing
from .component_names import renamed
from .project import Project, load_project
from .staged_wit import stage_world
from .staging import ENTRY_MODULE, check_data, stage_entry, stage_sdk, stage_sources
from .tool_errors import BuildFailedError, ProjectError, ToolMissingError
from .up_to_date import fingerprint, is_current, record

Progress = Callable[[str], None]

_LONGEST_BUILD_SECONDS = 300.0
_MOST_OUTPUT_BYTES = 256 * 1024
_FORM = "3"
"""Goes up when the same inputs make another component than before."""


def build(
    project_dir: Path,
    output: Path | None = None,
    on_progress: Progress = lambda _message: None,
    deadline_seconds: float = _LONGEST_BUILD_SECONDS,
) -> Path:
    """Builds the project and gives the path of the component: `output`, or `build/NAME.wasm` in the project.

    The component appears whole or not at all; one that was built from the same inputs before stays as it is. Raises
    ProjectError, BuildFailedError or ToolMissingError.
    """
    project = load_project(project_dir)
    output = (project.directory / "build" / f"{project.name}.wasm") if output is None else output.absolute()
    if output.is_dir():
        raise ProjectError(f"{output} is a folder", "name the file to write")
    if importlib.util.find_spec("componentize_py") is None:
        raise ToolMissingError("componentize-py is not installed", "pip install 'componentize-py>=0.25,<0.26'")
    contract = contract_dir()
    if not contract.is_dir():
        raise ToolMissingError(f"the contract is missing: there is no {contract}", "install elastic-hal again")
    with tempfile.TemporaryDirectory(prefix="elastic-hal-build-") as name:
        staging = Path(name)
        on_progress("staging the SDK and the sources")
        check_data(project.source)
        stage_sdk(staging / "sdk")
        try:
            sources = stage_sources(project.source, staging / "sources")
        except (OSError, shutil.Error) as error:
            raise ProjectError(f"{project.directory}: the sources cannot be read: {error}") from None
        wit = (contract,) if project.wit is None else (contract, project.wit)
        inputs = fingerprint(
            (staging, *wit),
            (_FORM, project.world, project.app, str(project.source_lines), *_names(project), *project.features),
        )
        if is_current(output, inputs):
            return output
        on_progress(f"building {project.name} for {project.world}")
        component = _componentize(project, wit, staging, sources, deadline_seconds)
        on_progress(f"writing {output}")
        _place(component, output)
        record(output, inputs)
    return output


def _componentize(
    project: Project, wit: tuple[Path, ...], staging: Path, sources: tuple[Path, ...], deadline_seconds: float
) -> Path:
    component = staging / "component.wasm"
    staged = stage_world(wit, project.world, staging / "contract.wit", project.features)
    searched = [*sources, staging / "sdk"]
    repaired = staged is not None and staged.needs_repair
    stage_entry(
        staging / "entry",
        project.app,
        _names(project),
        lines=project.source_lines,
        repaired=repaired,
        resources={} if staged is None else staged.resources,
    )
    searched.append(staging / "entry")
    command = [*tool_command(), "--quiet"]
    command += [
        argument for path in (wit if staged is None else (staged.wit,)) for argument in ("--wit-path", str(path))
    ]
    command += ["--features", ",".join(project.features)] if project.features else []
    command += ["--world", project.world if staged is None else staged.world, "componentize"]
    command += [argument for path in searched for argument in ("--python-path", str(path))]
    command += ["--output", str(component), ENTRY_MODULE]
    log = staging / "log"
    with log.open("wb") as sink:
        try:
            done = subprocess.run(
                command,
                cwd=staging,
                env=tool_environment(staging),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                timeout=deadline_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BuildFailedError(
                f"the build took more than {deadline_seconds:g} seconds and was stopped",
                "the app is imported while it is built; what takes long belongs into main",
            ) from None
    if done.returncode != 0:
        raise tool_messages.failure(_tail(log), project.source, project.directory)
    if not component.is_file() or component.stat().st_size == 0:
        raise BuildFailedError("componentize-py said nothing was wrong and wrote no component", details=_tail(log))
    if staged is not None and (staged.imports or staged.exports):
        component.write_bytes(renamed(component.read_bytes(), staged.imports, staged.exports))
    if needs_release():
        component.write_bytes(releasing(component.read_bytes()))
    return component


def _names(project: Project) -> list[str]:
    """How tracebacks call the folders of the project's modules."""
    return [os.path.relpath(folder, project.directory) for folder in project.source]


def _tail(log: Path) -> str:
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _MOST_OUTPUT_BYTES))
        return stream.read().decode("utf-8", "replace")


def _place(component: Path, output: Path) -> None:
    """Moves the component to where it is wanted, in one step, also from one file system to another."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
        try:
            with os.fdopen(descriptor, "wb") as sink, component.open("rb") as source:
                shutil.copyfileobj(source, sink, 1024 * 1024)
                os.fchmod(sink.fileno(), 0o644)
            os.replace(partial, output)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise ProjectError(f"{output}: cannot be written: {error.strerror}") from None
