"""What a guest may leave behind in a directory that it may write to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from elastic_hal.runtime.engine import Engine
from elastic_hal.runtime.identity import Identity
from elastic_hal.runtime.policy import DirectoryGrant, Grant
from elastic_hal.runtime.wasi_links import NATIVE_FILESYSTEM
from elastic_hal.runtime.workload import Workload

Assemble = Callable[[str], bytes]
CODES = tuple(
    name.strip()
    for name in [
        "access",
        " would-block",
        " already",
        " bad-descriptor",
        " busy",
        " deadlock",
        " quota",
        " exist",
        " file-too-large",
        "\n    illegal-byte-sequence",
        " in-progress",
        " interrupted",
        " invalid",
        " io",
        " is-directory",
        " loop",
        " too-many-links",
        " message-size",
        "\n    name-too-long",
        " no-device",
        " no-entry",
        " no-lock",
        " insufficient-memory",
        " insufficient-space",
        " not-directory",
        " not-empty",
        "\n    not-recoverable",
        " unsupported",
        " no-tty",
        " no-such-device",
        " overflow",
        " not-permitted",
        " pipe",
        " read-only",
        " invalid-seek",
        "\n    text-file-busy",
        " cross-device",
    ]
)
CONTENT = 100


def linking(version: str, target: str) -> str:
    """A command that makes a directory, then a link to `target` beside it, and exits with 1 where the link was refused
    as not permitted, with 0 where the directory was not made or the link was answered otherwise.
    """
    codes = " ".join(f'"{code}"' for code in CODES)
    return f"""(component
        (import "wasi:filesystem/types@{version}" (instance $types
            (export "descriptor" (type $d (sub resource)))
            (type $codes (enum {codes})) (export "error-code" (type $code (eq $codes)))
            (export "[method]descriptor.create-directory-at" (func (param "self" (borrow $d)) (param "path" string)
                (result (result (error $code)))))
            (export "[method]descriptor.symlink-at" (func (param "self" (borrow $d)) (param "old-path" string)
                (param "new-path" string) (result (result (error $code)))))))
        (alias export $types "descriptor" (type $d))
        (import "wasi:filesystem/preopens@{version}" (instance $preopens
            (export "descriptor" (type $same (eq $d)))
            (export "get-directories" (func (result (list (tuple (own $same) string)))))))
        (core module $memory (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (global.get $next))
                (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 15))
                    (i32.const -16)))
                (local.get $at)))
        (core instance $m (instantiate $memory))
        (alias core export $m "memory" (core memory $memory))
        (alias core export $m "realloc" (core func $realloc))
        (core func $open (canon lower (func $preopens "get-directories") (memory $memory) (realloc $realloc)))
        (core func $make (canon lower (func $types "[method]descriptor.create-directory-at") (memory $memory)))
        (core func $link (canon lower (func $types "[method]descriptor.symlink-at") (memory $memory)))
        (core module $program
            (import "h" "memory" (memory 1)) (import "h" "open" (func $open (param i32)))
            (import "h" "make" (func $make (param i32 i32 i32 i32)))
            (import "h" "link" (func $link (param i32 i32 i32 i32 i32 i32)))
            (data (i32.const {CONTENT}) "linkmade{target}")
            (func (export "run") (result i32) (local $folder i32)
                (call $open (i32.const 16))
                (local.set $folder (i32.load (i32.load (i32.const 16))))
                (call $make (local.get $folder) (i32.const {CONTENT + 4}) (i32.const 4) (i32.const 32))
                (if (i32.load8_u (i32.const 32)) (then (return (i32.const 0))))
                (call $link (local.get $folder) (i32.const {CONTENT + 8}) (i32.const {len(target)})
                    (i32.const {CONTENT}) (i32.const 4) (i32.const 32))
                (i32.and (i32.eq (i32.load8_u (i32.const 32)) (i32.const 1))
                    (i32.eq (i32.load8_u (i32.const 33)) (i32.const {CODES.index("not-permitted")})))))
        (core instance $i (instantiate $program (with "h" (instance
            (export "memory" (memory $memory)) (export "open" (func $open)) (export "make" (func $make))
            (export "link" (func $link))))))
        (func $run (result (result)) (canon lift (core func $i "run")))
        (instance $exported (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $exported)))"""


@pytest.mark.parametrize("version", ["0.2.0", "0.2.3", "0.2.9", NATIVE_FILESYSTEM.partition("@")[2]])
@pytest.mark.parametrize("target", ["../../outside", "made", "made/../../outside"])
def test_a_guest_leaves_no_symbolic_link(
    engine: Engine, assemble: Assemble, tmp_path: Path, version: str, target: str
) -> None:
    granted = tmp_path / "granted"
    granted.mkdir()
    loaded = engine.compile(assemble(linking(version, target)), "linking")
    grant = Grant(directories=(DirectoryGrant(granted, "/data", writable=True),))
    outcome = Workload(engine, loaded, Identity("linking", loaded.digest), grant).run()
    assert (outcome.reason, outcome.exit_code) == ("exited", 1), outcome
    assert [path.name for path in granted.iterdir()] == ["made"], "the rest of the interface is as it was"


MOVES = {
    "rename-at": (
        '(param "old-path" string) (param "new-descriptor" (borrow $d)) (param "new-path" string)',
        "(param i32 i32 i32 i32 i32 i32 i32)",
        "",
    ),
    "link-at": (
        '(param "old-path-flags" $flags) (param "old-path" string) (param "new-descriptor" (borrow $d))'
        ' (param "new-path" string)',
        "(param i32 i32 i32 i32 i32 i32 i32 i32)",
        "(i32.const 0)",
    ),
}


def moving(version: str, function: str) -> str:
    """A command that gives what is called `a/b/deep` the name `out`, and exits with 1 where that was refused."""
    parameters, core, flags = MOVES[function]
    text = linking(version, "x")
    text = text.replace(
        '(export "[method]descriptor.symlink-at" (func (param "self" (borrow $d)) (param "old-path" string)\n'
        '                (param "new-path" string) (result',
        '(type $flags0 (flags "symlink-follow")) (export "path-flags" (type $flags (eq $flags0)))\n'
        f'            (export "[method]descriptor.{function}" (func (param "self" (borrow $d)) {parameters} (result',
    )
    text = text.replace("descriptor.symlink-at", f"descriptor.{function}")
    text = text.replace('"link" (func $link (param i32 i32 i32 i32 i32 i32))', f'"link" (func $link {core})')
    text = text.replace('"linkmadex"', '"linkmadexa/b/deepout"')
    head, _, rest = text.partition("(call $link (local.get $folder)")
    _, _, rest = rest.partition("(i32.const 32))")
    call = (
        f"(call $link (local.get $folder) {flags} (i32.const {CONTENT + 9}) (i32.const 8) (local.get $folder)"
        f" (i32.const {CONTENT + 17}) (i32.const 3) (i32.const 32))"
    )
    return head + call + rest


@pytest.mark.parametrize("version", ["0.2.0", "0.2.9", NATIVE_FILESYSTEM.partition("@")[2]])
@pytest.mark.parametrize("function", MOVES)
@pytest.mark.parametrize(("target", "stays"), [("../../x", False), ("../y", False), ("c/../d", True), ("/etc", True)])
def test_a_guest_leaves_no_moved_link_that_leads_out(
    engine: Engine, assemble: Assemble, tmp_path: Path, version: str, function: str, target: str, stays: bool
) -> None:
    granted = tmp_path / "granted"
    (granted / "a" / "b").mkdir(parents=True)
    (granted / "a" / "b" / "deep").symlink_to(target)
    (granted / "own").symlink_to("../elsewhere")
    loaded = engine.compile(assemble(moving(version, function)), "moving")
    grant = Grant(directories=(DirectoryGrant(granted, "/data", writable=True),))
    outcome = Workload(engine, loaded, Identity("moving", loaded.digest), grant).run()
    assert (outcome.reason, outcome.exit_code) == ("exited", 1 if function == "link-at" else 0), outcome
    assert (granted / "out").is_symlink() is (stays and function == "rename-at")
    assert (granted / "own").is_symlink(), "a link that led out before is the host's own"
