"""Making a project from the template, and reading the settings of one."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastic_hal.codegen.resources import data_dir
from elastic_hal.guest_sdk.project import DEFAULT_WORLD, TEMPLATE_NAME, load_project, new_project
from elastic_hal.guest_sdk.tool_errors import GuestToolError, ProjectError

TEMPLATE = data_dir("guest_sdk", "template")


def project(folder: Path, settings: str, **files: str) -> Path:
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "app.py").write_text("")
    (folder / "pyproject.toml").write_text(f'[project]\nname = "thing"\n[tool.elastic-hal]\n{settings}\n')
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_template_is_a_project_itself():
    assert load_project(TEMPLATE).name == TEMPLATE_NAME
    assert (TEMPLATE / "tests" / f"test_{TEMPLATE_NAME.replace('-', '_')}.py").is_file()


def test_new_project_carries_its_own_name(tmp_path):
    made = new_project("fault-reporter", tmp_path)
    assert made == tmp_path / "fault-reporter"
    loaded = load_project(made)
    assert (loaded.name, loaded.app, loaded.world) == ("fault-reporter", "app", DEFAULT_WORLD)
    files = {str(path.relative_to(made)) for path in made.rglob("*") if path.is_file()}
    assert files == {"README.md", "policy.toml", "pyproject.toml", "src/app.py", "tests/test_fault_reporter.py"}
    for path in made.rglob("*"):
        if path.is_file():
            assert "example" not in path.read_text()
    assert "[workload.fault-reporter]" in (made / "policy.toml").read_text()
    assert sorted(os.listdir(tmp_path)) == ["fault-reporter"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Upper",
        "under_score",
        "-x",
        "x-",
        "a--b",
        "9lives",
        "../up",
        "a/b",
        "a b",
        "ünï",
        "x" * 65,
        "json",
        "class",
        "\0",
    ],
)
def test_bad_names_are_refused(tmp_path, name):
    with pytest.raises(ProjectError) as caught:
        new_project(name, tmp_path)
    assert caught.value.exit_code == 2
    assert caught.value.hint
    assert os.listdir(tmp_path) == []


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("precious")
    with pytest.raises(ProjectError, match="exists already"):
        new_project("mine", tmp_path)
    assert (tmp_path / "mine" / "work.txt").read_text() == "precious"


def test_a_dangling_link_is_not_followed(tmp_path):
    (tmp_path / "mine").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProjectError, match="exists already"):
        new_project("mine", tmp_path)


def test_parent_must_exist(tmp_path):
    with pytest.raises(ProjectError, match="is no folder"):
        new_project("mine", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("", "has no app"),
        ('app = "app"\nworlds = "x"', "unknown key 'worlds'"),
        ("app = 7", "app must be a text"),
        ('app = "my-app"', "is no module name"),
        ('app = "a.class"', "is no module name"),
        ('app = "json"', "taken by another module"),
        ('app = "elastic_hal"', "taken by another module"),
        ('app = "other"', "there is no module 'other'"),
        ('app = "app"\nsource = "src"', "source must be a list"),
        ('app = "app"\nsource = []', "source must be a list"),
        ('app = "app"\nsource = ["lib"]', "names 'lib', which is no folder"),
        ('app = "app"\nwit = "wit"', "names 'wit', which is no folder"),
        ('app = "app"\nworld = ""', "world must be a text"),
        ('app = "app"\nsource = [1]', "source must be a text"),
        ('app = "app"\nfeatures = "post-quantum"', "features must be a list"),
        ('app = "app"\nfeatures = ["a,b"]', "features must be a list"),
    ],
)
def test_bad_settings_say_what_and_where(tmp_path, settings, said):
    with pytest.raises(ProjectError) as caught:
        load_project(project(tmp_path, settings))
    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_without_a_project(tmp_path):
    with pytest.raises(ProjectError, match=r"no pyproject\.toml"):
        load_project(tmp_path)
    with pytest.raises(ProjectError, match=r"no pyproject\.toml"):
        load_project(tmp_path / "nowhere")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    with pytest.raises(ProjectError, match=r"no table \[tool\.elastic-hal\]"):
        load_project(tmp_path)
    (tmp_path / "pyproject.toml").write_bytes(b"[project\xff")
    with pytest.raises(ProjectError, match="is not UTF-8"):
        load_project(tmp_path)


@pytest.mark.parametrize("name", ["'../../evil'", "'a/b'", "''", "[1]", "'.x'"])
def test_project_names_never_lead_elsewhere(tmp_path, name):
    project(tmp_path, 'app = "app"')
    (tmp_path / "pyproject.toml").write_text(f"[project]\nname = {name}\n[tool.elastic-hal]\napp = 'app'\n")
    with pytest.raises(ProjectError, match="no valid name"):
        load_project(tmp_path)


def test_packages_can_be_apps(tmp_path):
    (tmp_path / "src" / "tool" / "inner").mkdir(parents=True)
    (tmp_path / "src" / "tool" / "inner" / "__init__.py").write_text("")
    assert load_project(project(tmp_path, 'app = "tool.inner"')).app == "tool.inner"


@given(st.text(max_size=200))
def test_any_settings_load_or_are_refused(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "any-settings"
    project(folder, "")
    (folder / "pyproject.toml").write_text(f"[tool.elastic-hal]\n{text}", encoding="utf-8", errors="replace")
    with contextlib.suppress(GuestToolError):
        load_project(folder)
