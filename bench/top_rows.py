#!/usr/bin/env python3
"""The first row of each group in natural SQL from a Parquet file: `lakegate sql` as a whole process,
with the rule and without it, beside DuckDB (QUALIFY, arg_min over the order, DISTINCT ON). All give
the number of rows and two sums over them."""

import argparse
import sys
import tempfile
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))
from grouped_rows import grouped_rows  # noqa: E402
from measured import ROOT, machine, run  # noqa: E402
from range_joins import seconds_of  # noqa: E402

# Down to id, so that one row of a group is the first.
ORDERS = {
    "one order column": ("id", "id"),
    "three order columns": ("a DESC, b, c DESC, id", "(-a, b, -c, id)"),
}
ANSWER = "SELECT count(*) AS n, sum(id) AS ids, sum(b) AS b FROM"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lakegate", default=str(ROOT / "build" / "lakegate"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--rows", type=int, default=10_000_000)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        pq.write_table(grouped_rows(options.rows), path)
        connection = duckdb.connect(config={"threads": options.threads})
        connection.execute(f"CREATE VIEW t AS FROM '{path}'")

        def product(sql, *settings):
            def work():
                _, _, text = run([options.lakegate, "sql", "--format", "csv", "--no-header", "--set",
                                  f"threads={options.threads}", *settings, "--table", f"t={path}",
                                  sql])
                return tuple(int(value) for value in text.decode().strip().split(","))
            return work

        def duck(sql):
            return lambda: tuple(int(value) for value in connection.execute(sql).fetchone())

        for name, (order, packed) in ORDERS.items():
            natural = (f"{ANSWER} (SELECT * FROM t QUALIFY row_number() OVER (PARTITION BY k "
                       f"ORDER BY {order}) = 1)")
            mine, answer = seconds_of(product(natural), options.repetitions)
            print(f"\n### {name}, {options.rows:,} rows, {answer[0]:,} groups: product {mine:.3f} s\n")
            print("| peer | seconds | times the product's |\n|---|---|---|")
            for peer, work in {
                    "top_rows=false": product(natural, "--set", "top_rows=false"),
                    "DuckDB QUALIFY": duck(natural),
                    "DuckDB arg_min": duck(
                        f"{ANSWER} (SELECT unnest(arg_min(t, {packed})) FROM t GROUP BY k)"),
                    "DuckDB DISTINCT ON": duck(
                        f"{ANSWER} (SELECT DISTINCT ON (k) * FROM t ORDER BY k, {order})"),
            }.items():
                theirs, other = seconds_of(work, options.repetitions)
                if other != answer:
                    raise SystemExit(f"{peer}: answers differ: {answer} and {other}")
                print(f"| {peer} | {theirs:.3f} | {theirs / mine:.1f} |", flush=True)


if __name__ == "__main__":
    main()
