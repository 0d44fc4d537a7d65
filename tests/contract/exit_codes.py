#!/usr/bin/env python3
"""Each exit code, provoked through the command, and the table in docs/CLI.md against --help.

    exit_codes.py --root . --lakegate build/dev/lakegate
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TABLE = re.compile(r"^\|\s*(\d+)\s*\|\s*(.*?)\s*\|$", re.MULTILINE)
FOOTER = re.compile(r"^\s+(\d+)  (\S.*)$", re.MULTILINE)
# Forty thousand million pairs, and never more than one side of them in memory.
ENDLESS = "SELECT count(*) AS n FROM t a, t b WHERE a.n + b.n = -1"


def cases(folder):
    """(expected code, expected kind or None for usage, arguments)"""
    (folder / "rows.csv").write_text("n\n" + "".join(f"{i}\n" for i in range(200_000)))
    (folder / "bad.ndjson").write_text('{"a":1}\n{"a":')
    (folder / "bad.parquet").write_text("PAR1 no PAR1")
    (folder / "job.toml").write_text("[jbo]\nname = 'x'\n")
    table = f"--table=t={folder / 'rows.csv'}"
    to = ["--format", "delta", "--to", str(folder / "out")]
    exists = folder / "exists.csv"
    exists.write_text("n\n1\n")
    return [
        (0, None, ["sql", "SELECT 1"]),
        (0, None, ["version"]),
        (0, None, ["config", "show", "--origin"]),
        (2, None, []),
        (2, None, ["sqll"]),
        (2, None, ["sql", "--no-such-option", "SELECT 1"]),
        (2, "kInvalidArgument", ["sql"]),
        (2, "kInvalidArgument", ["sql", "SELECT $a"]),
        (2, "kInvalidArgument", ["sql", "--format", "xml", "SELECT 1"]),
        (2, "kInvalidArgument", ["sql", "--set", "memory_limt=1", "SELECT 1"]),
        (2, "kInvalidSql", ["sql", "SELEC 1"]),
        (2, "kInvalidArgument", ["run", str(folder / "job.toml")]),
        (10, "kSqlPolicyViolation", ["sql", "DROP TABLE t"]),
        (11, "kNotFound", ["sql", "SELECT * FROM nobody"]),
        (11, "kNotFound", ["run", str(folder / "none.toml")]),
        (11, "kNotFound", ["sql", "--table", f"t={folder / 'none.csv'}", "SELECT 1"]),
        (12, "kAlreadyExists", ["write", "--sql", "SELECT 1 AS n", "--to", str(exists)]),
        (13, "kResourceLimit", ["sql", "--set", "sql_max_result_rows=10", table,
                                "SELECT n FROM t"]),
        (13, "kTimeout", ["sql", "--set", "time_limit=200 ms", table, ENDLESS]),
        (15, "kConstraintViolation", ["write", "--sql", "SELECT 1 AS n", "--check",
                                      "big: n > 1", *to]),
        (16, "kCorruptData", ["sql", "--table", f"b={folder / 'bad.ndjson'}", "SELECT * FROM b"]),
        (16, "kCorruptData", ["sql", "--table", f"b={folder / 'bad.parquet'}", "SELECT * FROM b"]),
        (17, "kIo", ["run", str(folder)]),
    ]


def error_kind(text):
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            return json.loads(line)["kind"]
    return None


def check_case(program, code, kind, arguments):
    command = [program, *arguments] + (["--json"] if arguments else [])
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)
    if done.returncode != code or (kind and error_kind(done.stderr) != kind):
        yield (f"{arguments}: wanted {code} {kind}, got {done.returncode} "
               f"{error_kind(done.stderr)}\n{done.stderr}")
    if code != 0 and done.stdout:
        yield f"{arguments}: an error wrote to standard output: {done.stdout[:200]}"


def check_interrupt(program, folder):
    with subprocess.Popen([program, "sql", f"--table=t={folder / 'rows.csv'}", ENDLESS, "--json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    if process.returncode != 14 or error_kind(errors) != "kCancelled":
        yield f"Ctrl-C: wanted 14 kCancelled, got {process.returncode}\n{errors}"


def check_closed_pipe(program, folder):
    done = subprocess.run(["bash", "-c",
                           f"set -o pipefail; '{program}' sql --format csv --table "
                           f"t='{folder / 'rows.csv'}' 'SELECT a.n FROM t a, t b' | head -n 1"],
                          check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or done.stderr:
        yield f"a closed pipe is not quiet: {done.returncode} {done.stderr}"


def check_table(root, program):
    documented = TABLE.findall((root / "docs" / "CLI.md").read_text(encoding="utf-8"))
    help_text = subprocess.run([program, "--help"], check=True, capture_output=True,
                               text=True).stdout
    told = FOOTER.findall(help_text.partition("Exit codes:")[2])
    if documented != told:
        yield f"docs/CLI.md says {documented}, --help says {told}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--lakegate", type=Path, required=True)
    arguments = parser.parse_args()
    program = str(arguments.lakegate.resolve())
    for name in [name for name in os.environ if name.startswith("LAKEGATE_")]:
        del os.environ[name]
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name
        os.chdir(folder)
        root = arguments.root if arguments.root.is_absolute() else None
        assert root, "give --root as an absolute path"
        rows = cases(folder)
        for code, kind, words in rows:
            wrong += check_case(program, code, kind, words)
        wrong += check_interrupt(program, folder)
        wrong += check_closed_pipe(program, folder)
        wrong += check_table(root, program)
        if (folder / "out").exists():
            wrong.append("a refused write left its destination behind")
    print("\n".join(wrong) or f"{len(rows)} cases, every code as documented")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
