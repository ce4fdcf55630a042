"""What surrounds the build tool: what goes into a guest, what its messages become, what is left behind."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elastic_hal.common import guest_tool
from elastic_hal.guest_sdk import build as build_module
from elastic_hal.guest_sdk import staging, tool_messages
from elastic_hal.guest_sdk.build import build
from elastic_hal.guest_sdk.tool_errors import BuildFailedError, ProjectError, ToolMissingError

HEAD = 'Traceback (most recent call last):\n  File "/bin/componentize-py", line 6, in <module>\nAssertionError: '
TAIL = "\n\nStack backtrace:\n   0: <anyhow::Error>::msg\n"
PROJECT = Path("/home/someone/thing")
SEARCHED = (PROJECT / "src", Path("/staging/sdk"))


def message(text: str) -> BuildFailedError:
    return tool_messages.failure(HEAD + text + TAIL, SEARCHED, PROJECT)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "thing"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("class Run: ...\n")
    (folder / "pyproject.toml").write_text('[project]\nname = "thing"\n[tool.elastic-hal]\napp = "app"\n')
    return folder


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """Puts a script in the place of componentize-py; temporary files go where the test can see them."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(build_module.tempfile, "tempdir", str(temporary))

    def replace(script: str) -> Path:
        monkeypatch.setattr(guest_tool, "START_TOOL", f"import sys, os, time\noutput = sys.argv[-2]\n{script}")
        monkeypatch.setattr(build_module, "needs_release", lambda: False)
        return temporary

    return replace


def test_an_exception_keeps_its_place():
    error = message(
        'Traceback (most recent call last):\n  File "/0/app.py", line 3, in <module>\n    deep()\n'
        '  File "/0/inner/part.py", line 2, in deep\n    raise ValueError("boom")\nValueError: boom\n\n'
        "\nCaused by:\n    ValueError: boom"
    )
    assert error.message == "src/inner/part.py:2: ValueError: boom"
    assert 'File "src/app.py", line 3' in error.details
    assert "anyhow" not in str(error)


def test_the_place_is_the_projects_not_the_sdks():
    error = message(
        'Traceback (most recent call last):\n  File "/0/app.py", line 1, in <module>\n'
        '  File "/1/elastic_hal/guest_sdk/clock.py", line 9, in <module>\nImportError: no timezone\n'
    )
    assert error.message == "src/app.py:1: ImportError: no timezone"


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("ModuleNotFoundError: No module named 'numpy'\n", "No module named 'numpy'", "source"),
        ("ImportError: the world of this guest does not import a:b/c@1.0.0\n", "a:b/c@1.0.0", "pyproject.toml"),
        ("AttributeError: module 'app' has no attribute 'Run'\n", "no attribute 'Run'", "Run = program.command(main)"),
        (
            '  File "/0/app.py", line 1\n    def (\n        ^\nSyntaxError: invalid syntax\n',
            "src/app.py:1: SyntaxError",
            "imported",
        ),
        ("FileNotFoundError: [Errno 44] No such file: 'x'\n", "No such file", "main"),
        (
            "\n\nCaused by:\n    0: error\n    1: called trapping stub: elastic:hal/crypto@0.2.0#hash",
            "elastic:hal/crypto@0.2.0 hash",
            "main",
        ),
        ("\n\nCaused by:\n    1: Exited with i32 exit status 0", "exits while it is imported", "main"),
        (
            'Unable to resolve `Some("elastic:hal/commando@0.2.0")`.\nAvailable worlds: [\n'
            '    "wasi:cli/command@0.2.9",\n    "elastic:hal/command@0.2.0",\n]\nWIT paths: [\n    "/a/wit",\n]\n',
            "there is no world 'elastic:hal/commando@0.2.0'",
            "there is elastic:hal/command@0.2.0",
        ),
    ],
)
def test_messages_become_reasons_and_hints(text, said, hint):
    error = message(text)
    assert said in error.message
    assert hint in error.hint
    assert "\n" not in error.message


@pytest.mark.parametrize("output", ["", "\n", "something else entirely", HEAD, HEAD + TAIL, "\udcff"])
def test_strange_output_is_still_an_error(output):
    assert str(tool_messages.failure(output, SEARCHED, PROJECT))


def test_long_tracebacks_are_shortened():
    error = message(
        "Traceback:\n" + "".join(f'  File "/0/app.py", line {n}\n' for n in range(500)) + "RecursionError: deep\n"
    )
    assert len(error.details.splitlines()) < 40


def test_guests_get_no_host_code():
    files = staging.guest_files()
    package = Path(staging.__file__).parent
    assert Path("program.py") in files
    assert not {Path("build.py"), Path("project.py")} & set(files)
    for file in files:
        for node in ast.walk(ast.parse((package / file).read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                top = str(name).split(".")[0]
                assert top in sys.stdlib_module_names | {"componentize_py_types", "wit_world"}, f"{file} imports {name}"


def test_guest_modules_import_at_the_top_only():
    package = Path(staging.__file__).parent
    for file in staging.guest_files():
        for node in ast.walk(ast.parse((package / file).read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                late = [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
                assert not late, f"{file}:{late[0].lineno} imports when it is called"


def test_the_component_appears_whole(project, tool):
    temporary = tool("open(output, 'wb').write(b'component')")
    steps = []
    made = build(project, on_progress=steps.append)
    assert made == project / "build" / "thing.wasm"
    assert made.read_bytes() == b"component"
    assert sorted(os.listdir(made.parent)) == ["thing.wasm", "thing.wasm.built-from"]
    assert steps
    assert os.listdir(temporary) == []


def test_a_failed_build_leaves_nothing(project, tool):
    temporary = tool("open(output, 'wb').write(b'half'); sys.exit('AssertionError: ValueError: no')")
    with pytest.raises(BuildFailedError, match="ValueError: no"):
        build(project)
    assert not (project / "build").exists()
    assert os.listdir(temporary) == []


def test_the_build_cannot_change_the_sources(project, tool):
    tool(
        "paths = [after for before, after in zip(sys.argv, sys.argv[1:]) if before == '--python-path']\n"
        "open(paths[0] + '/app.py', 'a').write('changed')\n"
        "open(paths[0] + '/more.py', 'w').write('')\n"
        "open(output, 'wb').write(b'component')"
    )
    build(project)
    assert (project / "src" / "app.py").read_text() == "class Run: ...\n"
    assert os.listdir(project / "src") == ["app.py"]


def test_a_failed_build_keeps_the_component_before(project, tool):
    tool("open(output, 'wb').write(b'good')")
    made = build(project)
    (project / "src" / "app.py").write_text("class Run: pass\n")
    tool("sys.exit(1)")
    with pytest.raises(BuildFailedError):
        build(project)
    assert made.read_bytes() == b"good"


def test_an_unchanged_project_is_not_built_again(project, tool):
    tool("open(output, 'wb').write(os.urandom(8))")
    first = build(project).read_bytes()
    assert build(project).read_bytes() == first


@pytest.mark.parametrize("change", ["src/more.py", "src/app.py", "build/thing.wasm", "pyproject.toml"])
def test_any_change_builds_again(project, tool, change):
    tool("open(output, 'wb').write(os.urandom(8))")
    first = build(project).read_bytes()
    text = "[project]\nname = 'thing'\n[tool.elastic-hal]\napp = 'app'\nworld = 'elastic:hal/other'\n"
    (project / change).write_text(text if change == "pyproject.toml" else "changed = 1\n")
    assert build(project).read_bytes() != first


def test_no_component_is_an_error(project, tool):
    tool("print('all is well')")
    with pytest.raises(BuildFailedError, match="wrote no component"):
        build(project)


def test_an_endless_build_is_stopped(project, tool):
    temporary = tool("time.sleep(60)")
    with pytest.raises(BuildFailedError, match=r"more than 0\.5 seconds"):
        build(project, deadline_seconds=0.5)
    assert os.listdir(temporary) == []


def test_the_building_machines_packages_are_out_of_reach(project, tool, monkeypatch):
    monkeypatch.setenv("VIRTUAL_ENV", "/somewhere/else")
    tool("open(output, 'w').write(os.environ['VIRTUAL_ENV'] + ' ' + os.getcwd())")
    environment, folder = build(project).read_text().split(" ")
    assert environment.startswith(folder)


def test_output_must_be_a_file(project, tmp_path):
    with pytest.raises(ProjectError, match="is a folder"):
        build(project, tmp_path)


def test_an_output_that_cannot_be_written(project, tool, tmp_path):
    tool("open(output, 'wb').write(b'component')")
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        build(project, tmp_path / "file" / "thing.wasm")


def test_a_missing_tool_is_named(project, monkeypatch):
    monkeypatch.setattr(build_module.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ToolMissingError) as caught:
        build(project)
    assert caught.value.exit_code == 3
    assert "pip install" in caught.value.hint


def test_the_real_tool_reports_a_missing_world(project):
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + 'world = "elastic:hal/nothing@0.2.0"\n')
    with pytest.raises(BuildFailedError) as caught:
        build(project)
    assert "there is no world 'elastic:hal/nothing@0.2.0'" in caught.value.message
    assert "elastic:hal/command@0.2.0" in caught.value.hint


def test_the_tools_command_line_has_what_we_use():
    done = subprocess.run(
        [*guest_tool.tool_command(), "componentize", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "--python-path" in done.stdout


def test_frames_under_the_authors_names_keep_their_place():
    error = message(
        'Traceback (most recent call last):\n  File "src/app.py", line 3, in <module>\n    deep()\n'
        '  File "/python/json/decoder.py", line 9, in decode\nValueError: boom\n'
    )
    assert error.message == "src/app.py:3: ValueError: boom"


@pytest.mark.parametrize(
    "reason",
    [
        "ModuleNotFoundError: No module named 'pack._core'",
        "ImportError: cannot import name '_core' from partially initialized module 'pack' (most likely …)",
        "ImportError: cannot import name '_core' from 'pack' (/1/pack/__init__.py)",
    ],
)
@pytest.mark.parametrize("file", ["_core.cpython-313-x86_64-linux-gnu.so", "_core.abi3.so", "_core.pyd"])
def test_a_compiled_part_is_named(project, reason, file):
    folder = project / "vendor" / "pack"
    folder.mkdir(parents=True)
    (folder / file).write_bytes(b"")
    error = tool_messages.failure(f"{HEAD}{reason}\n{TAIL}", (project / "src", project / "vendor"), project)
    assert error.hint.startswith(f"vendor/pack/{file} is compiled for some machine; a guest runs pure Python only")


def test_a_compiled_part_that_was_not_installed_is_guessed():
    assert "probably a compiled part" in message("ModuleNotFoundError: No module named 'pydantic_core._core'").hint
    assert "compiled" not in message("ImportError: cannot import name 'thing' from 'json' (/python/json.py)").hint


@pytest.mark.parametrize("name", ["_ssl", "_sqlite3", "_ctypes"])
def test_a_module_that_no_guest_has_gets_a_hint_of_its_own(name):
    assert "guest" in message(f"ModuleNotFoundError: No module named '{name}'").hint


def test_a_hint_of_the_guests_own_is_not_the_reason():
    error = message('  File "src/app.py", line 2\nModuleNotFoundError: No module named "numpy"\n  hint: put it there\n')
    assert error.message == 'src/app.py:2: ModuleNotFoundError: No module named "numpy"'


def test_too_much_data_is_refused_before_anything_is_built(project, tool, monkeypatch):
    tool("open(output, 'wb').write(b'component')")
    monkeypatch.setattr(staging, "MAX_DATA_BYTES", 1000)
    (project / "src" / "small.bin").write_bytes(bytes(400))
    (project / "src" / "module.py").write_text("#" * 5000)
    build(project)
    (project / "src" / "large.bin").write_bytes(bytes(601))
    with pytest.raises(ProjectError, match=r"the largest is .*large\.bin") as caught:
        build(project)
    assert "directories" in caught.value.hint


def test_source_lines_are_a_flag(project, tool):
    tool("open(output, 'wb').write(os.urandom(8))")
    first = build(project).read_bytes()
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + "source-lines = false\n")
    assert build(project).read_bytes() != first
    path.write_text(path.read_text().replace("= false", '= "no"'))
    with pytest.raises(ProjectError, match="source-lines must be true or false"):
        build(project)


def test_a_folder_by_another_name_builds_again(project, tool):
    tool("open(output, 'wb').write(os.urandom(8))")
    first = build(project).read_bytes()
    (project / "src").rename(project / "lib")
    path = project / "pyproject.toml"
    path.write_text(path.read_text() + 'source = ["lib"]\n')
    assert build(project).read_bytes() != first
