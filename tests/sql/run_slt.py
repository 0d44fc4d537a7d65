#!/usr/bin/env python3
"""Runs .slt files through the command.

    run_slt.py --lakegate build/dev/lakegate tests/sql

Records are separated by blank lines; # starts a comment line.

    file NAME            the lines up to the blank one become a file (\\t in them is a tab)
    table NAME PATH      from here on statements see a dataset
    option ARGUMENTS     from here on the command gets these arguments
    reset                forget tables and options
    query [sorted]       SQL, a line ----, the rows: values separated by |, null as NULL
    plan [without] TEXT  as query, and the plan has TEXT in it, or not
    ok                   SQL that must run
    error KIND [TEXT]    SQL that must fail with this kind and TEXT in its message
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def records(text):
    block, start = [], 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            if not block:
                start = number
            block.append(line)
        elif block:
            yield start, block[0].split(), block[1:]
            block = []


class Script:
    def __init__(self, path, program, folder):
        self.path, self.program, self.folder = path, program, folder
        self.arguments, self.failures, self.count = [], [], 0

    def sql(self, text):
        command = [self.program, "sql", "--format", "tsv", "--null", "NULL", "--no-header",
                   "--ordered", "--json", *self.arguments, text]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120,
                              cwd=self.folder)

    def fail(self, line, message):
        self.failures.append(f"{self.path}:{line}: {message}")

    def query(self, line, words, lines):
        split = lines.index("----")
        expected = lines[split + 1:]
        done = self.sql("\n".join(lines[:split]))
        if done.returncode != 0:
            return self.fail(line, done.stderr.strip())
        found = [row.replace("\t", "|") for row in done.stdout.splitlines()]
        if "sorted" in words:
            found, expected = sorted(found), sorted(expected)
        if found != expected:
            return self.fail(line, f"expected {expected}\n  found    {found}")
        return None

    def plan(self, line, words, lines):
        without = words[1] == "without"
        text = " ".join(words[2:] if without else words[1:])
        done = self.sql("EXPLAIN " + "\n".join(lines[:lines.index("----")]))
        if done.returncode != 0 or (text in done.stdout) == without:
            return self.fail(line, f"{' '.join(words)}: {done.stdout}{done.stderr}")
        return self.query(line, ["query", "sorted"], lines)

    def error(self, line, words, lines):
        done = self.sql("\n".join(lines))
        if done.returncode == 0:
            return self.fail(line, "it ran")
        error = json.loads(done.stderr.strip().splitlines()[-1])
        if error["kind"] != words[1]:
            return self.fail(line, f"expected {words[1]}, found {error}")
        text = " ".join(words[2:])
        if text not in error["message"]:
            return self.fail(line, f"'{text}' is not in: {error['message']}")
        return None

    def run(self):
        for line, words, lines in records(self.path.read_text(encoding="utf-8")):
            if words[0] == "file":
                target = self.folder / words[1]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text("\n".join(lines).replace("\\t", "\t") + "\n", encoding="utf-8")
            elif words[0] == "table":
                self.arguments += ["--table", f"{words[1]}={words[2]}"]
            elif words[0] == "option":
                self.arguments += shlex.split(" ".join(words[1:]))
            elif words[0] == "reset":
                self.arguments = []
            elif words[0] in ("query", "plan", "ok", "error"):
                self.count += 1
                if words[0] == "query":
                    self.query(line, words, lines)
                elif words[0] == "plan":
                    self.plan(line, words, lines)
                elif words[0] == "error":
                    self.error(line, words, lines)
                elif (done := self.sql("\n".join(lines))).returncode != 0:
                    self.fail(line, done.stderr.strip())
            else:
                self.fail(line, f"unknown record: {words[0]}")
        return self


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lakegate", type=Path, required=True)
    parser.add_argument("paths", type=Path, nargs="+")
    arguments = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("LAKEGATE_")]:
        del os.environ[name]
    files = sorted(file for path in arguments.paths
                   for file in (path.rglob("*.slt") if path.is_dir() else [path]))
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        os.environ["HOME"] = name
        scripts = []
        for number, file in enumerate(files):
            folder = Path(name) / str(number)
            folder.mkdir()
            scripts.append(Script(file, str(arguments.lakegate.resolve()), folder))
        done = list(pool.map(Script.run, scripts))
    failures = [failure for script in done for failure in script.failures]
    count = sum(script.count for script in done)
    print("\n".join(failures))
    print(f"{count - len(failures)} of {count} records passed in {len(files)} files")
    return 1 if failures or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
