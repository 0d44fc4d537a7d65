#!/usr/bin/env python3
"""clang-tidy over the product's sources, once for each state of a file.

    tools/tidy.py --build build/dev [--jobs 2] [file.cc ...]

A file that passed leaves a stamp in the cache folder, keyed by its content, the project
headers it includes (transitively), the checks and the tool's version; flags are the same for
every file. Warm runs therefore cost what hashing costs. Tests are left out: gtest's macros
are not ours.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-16"
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
SEARCH = [ROOT / "src", ROOT / "include", ROOT / "bridge" / "include", ROOT]


def closure(path, seen):
    """The file and every project header it reaches, each once."""
    if path in seen:
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    seen[path] = text
    for name in INCLUDE.findall(text):
        for folder in [path.parent, *SEARCH]:
            candidate = folder / name
            if candidate.is_file():
                closure(candidate.resolve(), seen)
                break


def key(path, shared):
    seen = {}
    closure(path.resolve(), seen)
    digest = hashlib.sha256(shared)
    for name in sorted(seen):
        digest.update(f"\0{name.relative_to(ROOT)}\0".encode() + seen[name].encode())
    return digest.hexdigest()


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "lakegate" / "tidy"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def compiled(build):
    database = json.loads((build / "compile_commands.json").read_text())
    return {Path(entry["directory"], entry["file"]).resolve() for entry in database}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()

    build = (ROOT / arguments.build).resolve()
    known = compiled(build)
    tracked = subprocess.check_output(["git", "ls-files", "src/*.cc", "cli/*.cc"], cwd=ROOT,
                                      text=True).split()
    files = [file.resolve() for file in arguments.files] or [
        ROOT / name for name in tracked
        if not name.endswith("_test.cc") and (ROOT / name).exists()]
    files = [file for file in files if file in known]
    if not files:
        sys.exit("tidy: nothing to look at; is the compile database there?")

    version = subprocess.check_output([TIDY, "--version"])
    shared = version + (ROOT / ".clang-tidy").read_bytes()
    stamps = cache_folder()

    def look(file):
        stamp = stamps / key(file, shared)
        if stamp.exists():
            return None
        done = subprocess.run(
            [TIDY, "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
             "--extra-arg=-Wno-unused-command-line-argument", str(file)],
            cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode == 0:
            stamp.touch()
            return ""
        return done.stdout or done.stderr

    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(look, files))
    bad = [text for text in results if text]
    print(*bad, sep="\n", end="\n" if bad else "")
    print(f"tidy: {len(files)} files, {results.count(None)} unchanged, {len(bad)} with warnings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
