#!/usr/bin/env python3
"""Compares what the job wrote with the oracle of `collect.py --expect`, call by call.

    check.py --lakegate PATH [--expected data/expected.ndjson] [--table out/call_map]
    check.py --rows FILE.ndjson [--expected data/expected.ndjson]

The table is read through the lakegate command, or its rows come from an NDJSON file ("-" is
standard input) that any other reader made. Every call of calls_ast must be in the table with
full confidence and with the caller that the oracle found by walking the tree; nothing else
may claim full confidence. Exit code 1 when something differs.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
QUERY = ("SELECT path, bstart, bend, callee, confidence, caller_start, caller_end, caller "
         "FROM call_map")
SHOWN = 5


def answer(row):
    return (row["callee"], row.get("caller_start"), row.get("caller_end"), row.get("caller"))


def read_expected(path):
    with open(path, encoding="utf-8") as lines:
        return {(row["path"], row["bstart"], row["bend"]): answer(row)
                for row in map(json.loads, lines)}


def table_lines(arguments):
    if arguments.rows == "-":
        yield from sys.stdin
    elif arguments.rows:
        with open(arguments.rows, encoding="utf-8") as lines:
            yield from lines
    else:
        command = [arguments.lakegate, "sql", "--format", "ndjson",
                   "--table", f"call_map={arguments.table}", QUERY]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                              encoding="utf-8") as process:
            yield from process.stdout
        if process.returncode != 0:
            sys.exit(f"check: {command[0]} sql failed with exit code {process.returncode}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lakegate", default="lakegate")
    parser.add_argument("--expected", type=Path, default=HERE / "data" / "expected.ndjson")
    parser.add_argument("--table", type=Path, default=HERE / "out" / "call_map")
    parser.add_argument("--rows")
    arguments = parser.parse_args()

    expected = read_expected(arguments.expected)
    total, certain, agreeing, tokens_only, outside = 0, 0, 0, 0, 0
    problems = []
    seen = set()
    for row in map(json.loads, table_lines(arguments)):
        total += 1
        key = (row["path"], row["bstart"], row["bend"])
        if key in seen:
            problems.append(f"twice in the table: {key}")
        seen.add(key)
        if row["confidence"] < 1.0:
            tokens_only += 1
            if key in expected:
                problems.append(f"the better row lost: {key}")
            continue
        certain += 1
        outside += row.get("caller") is None
        wanted = expected.get(key)
        if wanted == answer(row):
            agreeing += 1
        else:
            problems.append(f"{key}: the oracle says {wanted}, the table {answer(row)}")
    for key in expected.keys() - seen:
        problems.append(f"not in the table: {key}")

    print(f"{len(expected):>9} calls in the oracle")
    print(f"{total:>9} rows in the table")
    print(f"{certain:>9} of them from the syntax tree, {outside} outside all functions")
    print(f"{tokens_only:>9} of them seen by the tokens alone")
    print(f"{agreeing:>9} agree with the oracle, {len(problems)} differ")
    for problem in problems[:SHOWN]:
        print(f"  {problem}")
    return 1 if problems or agreeing != len(expected) or not expected else 0


if __name__ == "__main__":
    sys.exit(main())
