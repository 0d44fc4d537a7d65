#!/usr/bin/env python3
"""50 million generated rows to Delta under memory_limit = 512 MiB; peak memory from outside."""

import json
import os
import tempfile
from pathlib import Path

from measured import arguments, machine, run

SQL = ("SELECT value AS id, value % 1000 AS bucket, value * 0.25 AS amount, "
       "concat('row ', CAST(value % 100000 AS VARCHAR)) AS name FROM generate_series(1, {rows})")


def main():
    options = arguments(__doc__, rows=50_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policy = folder / "policy.toml"
        policy.write_text('preset = "read_only"\ntable_functions = ["generate_series"]\n',
                          encoding="utf-8")
        environment = dict(os.environ, LAKEGATE_MEMORY_LIMIT="512 MiB")
        seconds, peak, _ = run(
            [options.lakegate, "write", "--policy", str(policy), "--sql",
             SQL.format(rows=options.rows), "--to", "table", "--format", "delta"],
            cwd=folder, env=environment)
        files = [path for path in (folder / "table").rglob("*.parquet")
                 if "_delta_log" not in path.parts]
        written = sum(path.stat().st_size for path in files)
        _, _, text = run([options.lakegate, "sql", "--format", "ndjson", "--table", "t=table",
                          "SELECT count(*) AS n, sum(id) AS s FROM t"], cwd=folder)
    answer = json.loads(text)
    wanted = {"n": options.rows, "s": options.rows * (options.rows + 1) // 2}
    print(machine())
    print(f"{options.rows:,} rows in {seconds:.1f} s, {len(files)} files, "
          f"{written / 2**20:.0f} MiB; peak memory {peak / 2**20:.0f} MiB; "
          f"read back: {'as written' if answer == wanted else f'WRONG {answer}'}")
    return 0 if answer == wanted else 1


if __name__ == "__main__":
    raise SystemExit(main())
