#!/usr/bin/env python3
"""G6: one row for each of 1M keys out of 10M rows, by three order columns, beside DuckDB."""

import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from grouped_rows import grouped_rows  # noqa: E402
from side_by_side import Door, arguments, compare, same_rows

ORDER = "a DESC NULLS LAST, b ASC NULLS LAST, c DESC NULLS LAST, id"
QUALIFY = f"""SELECT * FROM rows
  QUALIFY row_number() OVER (PARTITION BY k ORDER BY {ORDER}) = 1"""
# arg_min over one packed struct: the form that DuckDB runs fastest.
ARG_MIN = """SELECT unnest(arg_min(rows, (-a, b, -c, id))) FROM rows GROUP BY k"""


def main():
    options = arguments(__doc__).parse_args()
    table = grouped_rows(int(10_000_000 * options.scale))
    connection = duckdb.connect(config={"threads": options.threads})
    connection.register("given", table)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    ours = Door.from_arguments(options).call(
        "dedupe", {"keys": ["k"], "order_by": ["a desc", "b", "c desc"]}, table)
    rows = same_rows(ours.table(), connection.sql(QUALIFY).to_arrow_table())

    def peer(sql):
        return lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")

    compare("G6 dedupe, 10M rows, 1M keys, three order columns", ours,
            {"duckdb QUALIFY": peer(QUALIFY), "duckdb arg_min": peer(ARG_MIN)},
            {"duckdb QUALIFY": 12}, options, rows)


if __name__ == "__main__":
    main()
