#!/usr/bin/env python3
"""G8, G9, G10: as-of joins beside DuckDB's ASOF JOIN and polars' join_asof."""

import duckdb
import numpy as np
import polars
import pyarrow as pa

from side_by_side import Door, arguments, compare, same_rows

ASOF = "SELECT l.t, l.id, r.t AS t_right, r.v FROM l ASOF JOIN r ON l.t >= r.t"


def side(count, name, seed, is_sorted):
    choose = np.random.default_rng(seed)
    times = choose.integers(0, 4_000_000_000_000, count)
    if is_sorted:
        times.sort()
    return pa.table({"t": times, name: np.arange(count)})


def bench(name, left, right, is_sorted, goal, options):
    connection = duckdb.connect(config={"threads": options.threads})
    for table, rows in (("l", left), ("r", right)):
        connection.register("given", rows)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM given")
        connection.unregister("given")
    ours = Door.from_arguments(options).call(
        "asof_join", {"on": "t", "how": "inner", "left_sorted": is_sorted,
                      "right_sorted": is_sorted}, left, right)
    # Of right rows at one time any is right for DuckDB; times tell whether both agree.
    rows = same_rows(ours.table(), connection.sql(ASOF).to_arrow_table(), ["t", "id", "t_right"])
    frames = [polars.from_arrow(table) for table in (left, right)]

    def with_polars():
        pair = frames if is_sorted else [frame.sort("t") for frame in frames]
        pair[0].join_asof(pair[1], on="t")

    compare(name, ours,
            {"duckdb ASOF": lambda: connection.execute(
                f"CREATE OR REPLACE TEMP TABLE answer AS {ASOF}"), "polars": with_polars},
            {"duckdb ASOF": goal}, options, rows)


def main():
    options = arguments(__doc__).parse_args()

    def wanted(name):
        return not options.only or options.only in name

    def count(rows):
        return int(rows * options.scale)

    for name, probes, rows, is_sorted, goal in (
            ("G8 as-of, 100k probes into 50M sorted rows", 100_000, 50_000_000, True, 100),
            ("G9 as-of, 10M x 10M sorted", 10_000_000, 10_000_000, True, 15),
            ("G10 as-of, 10M x 10M shuffled", 10_000_000, 10_000_000, False, 5)):
        if wanted(name):
            bench(name, side(count(probes), "id", 8, is_sorted),
                  side(count(rows), "v", 9, is_sorted), is_sorted, goal, options)


if __name__ == "__main__":
    main()
