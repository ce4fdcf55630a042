"""The same guests under jco on Node, for comparison.

Node itself must be there. jco's transpiler is installed with npm into `build/jco`, in the versions below, when it is
first needed; where that cannot be done the comparison is left out, and the reason printed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.host_calls import Case

PACKAGES = {"@bytecodealliance/jco-transpile": "0.15.0", "@bytecodealliance/preview2-shim": "0.26.1"}
_FOLDER = Path("build/jco")
_NODE = ("node", "--experimental-wasm-extended-const")
_SECONDS = 300

_HOST = """
export function scalar(x) { return x; }
export function pass(entry) { return entry; }
export function bytes(data) { return data.length; }
export function echo(data) { return data; }
"""
_TRANSPILE = """
import { transpile } from '@bytecodealliance/jco-transpile';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
const [, , source, name] = process.argv;
const { files } = await transpile(source, { name, map: { 'bench:calls/host': '../host.mjs' } });
for (const [file, content] of Object.entries(files)) {
  const path = join(name, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
"""
_MEASURE = """
const [, , name, cases] = process.argv;
const guest = await import(`./${name}/${name}.js`);
const camel = (text) => text.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const seconds = {};
for (const { key, export: called, arguments: values, calls } of JSON.parse(cases)) {
  const run = () => guest[camel(called)](...values, calls);
  run();
  const samples = [];
  for (let repeat = 0; repeat < 7; repeat++) {
    const begin = performance.now();
    run();
    samples.push((performance.now() - begin) / calls / 1000);
  }
  samples.sort((a, b) => a - b);
  seconds[key] = samples[3];
}
console.log(JSON.stringify(seconds));
"""


def measure(guests: Mapping[str, Path], cases: Sequence[Case]) -> dict[str, dict[str, float]]:
    """Seconds for one call of each case, for each guest that jco can run."""
    reason = _prepare()
    if reason:
        print(f"  jco is left out: {reason}")
        return {}
    described = json.dumps(
        [{"key": c.key, "export": c.export, "arguments": c.arguments, "calls": c.calls} for c in cases]
    )
    figures: dict[str, dict[str, float]] = {}
    for name, path in guests.items():
        try:
            _node("transpile.mjs", str(path), name)
            figures[name] = json.loads(_node("measure.mjs", name, described).splitlines()[-1])
        except (subprocess.SubprocessError, ValueError, IndexError) as error:
            print(f"  jco is left out for {name}: {getattr(error, 'stderr', None) or error}")
    return figures


def _prepare() -> str:
    """Installs what is missing; gives the reason why it cannot be done."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} not found"
    _FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps({"private": True, "type": "module", "dependencies": PACKAGES}, indent=2)
    for name, text in (("host.mjs", _HOST), ("transpile.mjs", _TRANSPILE), ("measure.mjs", _MEASURE)):
        (_FOLDER / name).write_text(text, "utf-8")
    installed = _FOLDER / "package.json"
    if installed.is_file() and installed.read_text("utf-8") == manifest and (_FOLDER / "node_modules").is_dir():
        return ""
    installed.write_text(manifest, "utf-8")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    try:
        subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True, text=True, timeout=_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        installed.unlink()
        return f"npm could not install it: {str(getattr(error, 'stderr', '') or error).strip()[-300:]}"
    return ""


def _node(script: str, *arguments: str) -> str:
    command = [*_NODE, script, *arguments]
    done = subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True, text=True, timeout=_SECONDS)
    return done.stdout
