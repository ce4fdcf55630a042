"""Every command line that README and docs print is run as it stands, or says why not.

`make test` looks at the pages only; `make docs-commands` runs them (`--docs`), which builds guests and takes minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pages import Command, Enter, NotRun, PageError, Prepare, Step, Write, steps
from sandbox import LEFT_OUT, REPOSITORY, run
from spoken import in_prose, what_is_wrong

from elastic_hal.cli.main import cli

MIN_REASON = 12
NOT_PAGES = frozenset({"CHANGELOG.md", "guest_sdk/template/README.md"})
"""The template's page is about a project that was made of it, and is run there."""


def _pages() -> list[str]:
    found: list[str] = []
    for folder, folders, names in os.walk(REPOSITORY):
        left_out = LEFT_OUT(folder, folders)
        folders[:] = [name for name in folders if name not in left_out]
        found += [str(Path(folder, name).relative_to(REPOSITORY)) for name in names if name.endswith(".md")]
    return sorted(set(found) - NOT_PAGES)


PAGES = _pages()


def prints_commands(page: str) -> bool:
    """Whether there is something to run. A page that cannot be read is for the test that says what is wrong with it."""
    try:
        return any(isinstance(step, Command) for step in steps_of(page))
    except PageError:
        return False


def steps_of(page: str) -> list[Step]:
    return steps((REPOSITORY / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_command_is_run_or_says_why_not(page: str) -> None:
    for step in steps_of(page):
        if isinstance(step, NotRun):
            assert len(step.reason) >= MIN_REASON, f"{page}:{step.line}: {step.reason!r} is no reason"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_not_run_exists(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    named = [*in_prose(text), *(step.text for step in steps_of(page) if isinstance(step, NotRun))]
    wrong = [what_is_wrong(command, cli) for command in named if command.startswith("elastic-hal ")]
    assert [problem for problem in wrong if problem is not None] == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("elastic-hal wit chekc", "no command 'chekc'"),
        ("elastic-hal wit check wit --colour", "no option '--colour'"),
        ("elastic-hal verify FILE --policy=x --pollicy y", "no option '--pollicy'"),
        ("elastic-hal wit json wit | cat --colour", None),
        ("elastic-hal run APP -- --any thing", None),
        ("elastic-hal conformance NAME", None),
        ("elastic-hal run --policy absent app.wasm", None),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command: str, said: str | None) -> None:
    found = what_is_wrong(command, cli)
    assert found is None if said is None else found is not None and said in found


def test_most_commands_are_run() -> None:
    """So that `not run` stays what it is for: hardware, network, synopses."""
    kinds = Counter(type(step).__name__ for page in PAGES for step in steps_of(page))
    assert kinds["Command"] > 4 * kinds["NotRun"], kinds


@pytest.mark.docs_run
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", [page for page in PAGES if prints_commands(page)])
def test_the_commands_of(page: str, tmp_path: Path) -> None:
    if "platform emulate" in (REPOSITORY / page).read_text(encoding="utf-8") and not can_emulate():
        pytest.skip("machines are emulated with FUSE, which needs /dev/fuse and fusermount3")
    session = run(page, steps_of(page), tmp_path)
    print(session.said)
    assert session.status == 0, session.said[-6000:]


@pytest.mark.docs_run
@pytest.mark.timeout(1800)
def test_the_commands_of_a_new_project(tmp_path: Path) -> None:
    """The page that comes with a project is followed in the project."""
    text = (REPOSITORY / "guest_sdk" / "template" / "README.md").read_text(encoding="utf-8")
    made = Prepare(0, "elastic-hal guest new example-notary ")
    inside = [made, *(_inside(step, "example-notary") for step in steps(text))]
    session = run("guest_sdk/template/README.md", inside, tmp_path)
    assert session.status == 0, session.said[-6000:]


def can_emulate() -> bool:
    return Path("/dev/fuse").exists() and shutil.which("fusermount3") is not None


def _inside(step: Step, folder: str) -> Step:
    if isinstance(step, Command) and step.begins_block:
        return Command(step.line, f"cd {folder}\n{step.text}", True)
    return step


SAMPLE = """\
<!-- prepare: export GREETING=hello -->

```sh
# a comment is no command
mkdir -p inner && cd inner
echo "$GREETING \\
world" > said
```

<!-- file: inner/more -->
```toml
key = 1
```

```console
$ cat inner/more
key = 1
$ cat <<END
$ no command
END
```

<!-- not run: it needs a machine with SEV-SNP -->
```sh
elastic-hal platform show --platform sev-snp
```

<!-- in: deeper/still -->
```python title=hello.py
print("hello")
```

```sh
python hello.py
```
"""


def test_steps_of_a_page() -> None:
    found = steps(SAMPLE)
    assert [type(step) for step in found] == [
        Prepare,
        Command,
        Command,
        Write,
        Command,
        Command,
        NotRun,
        Enter,
        Write,
        Command,
    ]
    assert isinstance(found[2], Command)
    assert found[2].text == 'echo "$GREETING \\\nworld" > said'
    assert (found[1].line, found[2].line, found[6].line) == (5, 6, 25)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!-- not run: no machine -->\ntext\n", "line 1: `not run` is not followed by a block"),
        ("<!-- not run: -->\n```sh\nx\n```\n", "says nothing"),
        ("<!-- not run: because -->\n```toml\nx = 1\n```\n", "has no commands"),
        ("```\nelastic-hal wit check\n```\n", "line 2: a command in a block that is neither"),
        ("```text\n$ ls\n```\n", "neither `sh` nor `console`"),
        ("    elastic-hal demo\n", "outside of a fenced block"),
        ("```sh\nls\n", "the block has no end"),
        ("<!-- prepare: ls\n", "the comment has no end"),
    ],
)
def test_what_a_page_cannot_mean(text: str, said: str) -> None:
    with pytest.raises(PageError, match=said):
        steps(text)


def test_a_page_is_run_in_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    monkeypatch.setattr("sandbox.REPOSITORY", tiny)
    session = run("sample", steps(SAMPLE), tmp_path)
    assert session.status == 0, session.said
    assert (tmp_path / "checkout" / "inner" / "said").read_text() == "hello world\n"
    assert "+++ sample:16: run\n$ cat inner/more\nkey = 1\n" in session.said
    assert session.said.endswith("$ python hello.py\nhello\n")
    assert not any(tiny.iterdir())


@pytest.mark.parametrize(
    "commands", ["false", "false && true", "true | false | true", "elastic-hal no-such-command", "cd absent && ls"]
)
def test_a_command_that_fails_fails_the_page(commands: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    monkeypatch.setattr("sandbox.REPOSITORY", tiny)
    session = run("sample", steps(f"```sh\ntrue\n{commands}\ntouch after\n```\n"), tmp_path)
    assert session.status == 1
    assert "sample:3 left with" in session.said
    assert not (tmp_path / "checkout" / "after").exists()


def test_what_a_page_starts_in_the_background_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = tmp_path / "tiny"
    tiny.mkdir()
    monkeypatch.setattr("sandbox.REPOSITORY", tiny)
    text = textwrap.dedent("""\
        ```sh
        sleep 4321 &
        echo $! > started
        ```
        """)
    assert run("sample", steps(text), tmp_path).status == 0
    started = (tmp_path / "checkout" / "started").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", started], capture_output=True, text=True, check=False)
    assert state.stdout.strip()[:1] in {"", "Z"}
