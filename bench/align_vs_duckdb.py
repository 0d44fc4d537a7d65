#!/usr/bin/env python3
"""Interval alignment beside DuckDB's natural SQL: the innermost right span around each left one.

Both read the same two Parquet files and write the same result file; times are of whole
processes on the one side and of a connection with as many threads on the other, so the
comparison is kind to DuckDB. Rows are compared before a time is printed.
"""

import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet

from measured import arguments, machine, run

JOB = """\
[job]
name = "align"
[dataset.l]
location = "left.parquet"
[dataset.r]
location = "right.parquet"
[step.best]
kernel = "interval_align"
left = "l"
right = "r"
on = ["k"]
left_span = ["s", "e"]
right_span = ["s", "e"]
mode = "containing_best"
how = "inner"
right_suffix = "_r"
[view.answer]
sql = "SELECT id, id_r FROM best"
[output.out]
source = "answer"
location = "ours.parquet"
"""

NATURAL = """\
COPY (
  SELECT id, id_r FROM (
    SELECT l.id, r.id AS id_r,
           row_number() OVER (PARTITION BY l.id ORDER BY r.e - r.s, r.s, r.e, r.id) AS rank
    FROM 'left.parquet' l JOIN 'right.parquet' r
      ON l.k = r.k AND r.s <= l.s AND l.e <= r.e
  ) WHERE rank = 1 ORDER BY id
) TO 'theirs.parquet'
"""


def spans(seed, keys, count, longest):
    choose = random.Random(seed)
    columns = {"id": [], "k": [], "s": [], "e": []}
    for key in range(keys):
        for _ in range(count):
            start = choose.randrange(0, count * 20)
            columns["id"].append(len(columns["id"]))
            columns["k"].append(key)
            columns["s"].append(start)
            columns["e"].append(start + choose.randrange(1, longest))
    return pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})


def main():
    options = arguments(__doc__.splitlines()[0], keys=100, spans=10_000, repeat=3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pyarrow.parquet.write_table(spans(1, options.keys, options.spans, 20),
                                    folder / "left.parquet")
        pyarrow.parquet.write_table(spans(2, options.keys, options.spans, 400),
                                    folder / "right.parquet")
        (folder / "job.toml").write_text(JOB, encoding="utf-8")
        ours, steps, theirs = [], [], []
        os.chdir(folder)
        connection = duckdb.connect()
        connection.execute(f"SET threads = {os.cpu_count()}")
        for turn in range(options.repeat):
            ours.append(run([options.lakegate, "run", "job.toml"], cwd=folder)[0])
            steps.append(step_seconds(options.lakegate, folder))
            if turn == 0 or statistics.median(theirs) < 20:
                started = time.perf_counter()
                connection.execute(NATURAL)
                theirs.append(time.perf_counter() - started)
        equal = pyarrow.parquet.read_table("ours.parquet").sort_by("id").to_pydict() \
            == pyarrow.parquet.read_table("theirs.parquet").to_pydict()
        rows = pyarrow.parquet.read_metadata("ours.parquet").num_rows
        os.chdir("/")
    print(machine())
    print(f"{options.keys} keys x {options.spans:,} spans a side, {rows:,} matches, "
          f"{'same rows' if equal else 'ROWS DIFFER'}")
    print(f"lakegate, whole job: {statistics.median(ours):.2f} s; "
          f"its interval_align step: {statistics.median(steps):.2f} s")
    print(f"DuckDB {duckdb.__version__}, natural SQL: {statistics.median(theirs):.2f} s "
          f"({statistics.median(theirs) / statistics.median(ours):.1f} x the whole job)")
    return 0 if equal else 1


def step_seconds(lakegate, folder):
    """Of the kernel step, from the newest run record."""
    record = json.loads(max((folder / ".lakegate" / "runs").glob("*.json")).read_text())
    return next(step["duration_ms"] for step in record["steps"] if step["name"] == "best") / 1000


if __name__ == "__main__":
    raise SystemExit(main())
