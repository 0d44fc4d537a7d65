#!/usr/bin/env python3
"""G16: 10M rows by four keys, all columns, beside DuckDB."""

import duckdb
import numpy as np
import pyarrow as pa

from side_by_side import Door, arguments, compare, same_rows

KEYS = ["path", "a", "b", "c"]


def rows_of(scale):
    count = int(10_000_000 * scale)
    choose = np.random.default_rng(16)
    paths = pa.array([f"src/module_{i % 97}/file_{i}.py" for i in range(20_000)])
    return pa.table({
        "path": paths.take(pa.array(choose.integers(0, len(paths), count))),
        "a": choose.integers(0, 100_000, count).astype(np.int32),
        "b": choose.integers(0, 100_000, count),
        "c": choose.normal(size=count),
        "id": np.arange(count),
    })


def main():
    options = arguments(__doc__).parse_args()
    table = rows_of(options.scale)
    connection = duckdb.connect(config={"threads": options.threads})
    connection.register("given", table)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    sql = f"SELECT * FROM rows ORDER BY {', '.join(KEYS)}, id"
    ours = Door.from_arguments(options).call("canonical_sort", {"keys": KEYS}, table)
    # Rows come numbered, so that ties in their order are the order by number.
    mine, theirs = ours.table(), connection.sql(sql).to_arrow_table()
    rows = same_rows(mine, theirs)
    if not np.array_equal(mine.column("id").to_numpy(), theirs.column("id").to_numpy()):
        raise SystemExit("the order differs from DuckDB's")
    compare("G16 canonical sort, 10M rows, four keys, all columns", ours,
            {"duckdb": lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")},
            {"duckdb": 4}, options, rows)


if __name__ == "__main__":
    main()
