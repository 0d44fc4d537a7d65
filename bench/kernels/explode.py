#!/usr/bin/env python3
"""G17: 1M lists of ten elements, one row for each, beside DuckDB's unnest and polars."""

import duckdb
import numpy as np
import polars
import pyarrow as pa

from side_by_side import Door, arguments, compare, same_rows


def rows_of(scale):
    count = int(1_000_000 * scale)
    choose = np.random.default_rng(17)
    offsets = pa.array(np.arange(0, count * 10 + 1, 10, dtype=np.int32))
    items = pa.array(choose.integers(0, 1000, count * 10))
    return pa.table({"id": np.arange(count), "xs": pa.ListArray.from_arrays(offsets, items)})


def main():
    options = arguments(__doc__).parse_args()
    table = rows_of(options.scale)
    connection = duckdb.connect(config={"threads": options.threads})
    connection.register("given", table)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    sql = "SELECT id, unnest(xs) AS xs FROM rows"
    ours = Door.from_arguments(options).call("explode_list", {"lists": ["xs"]}, table)
    rows = same_rows(ours.table(), connection.sql(sql).to_arrow_table())
    frame = polars.from_arrow(table)

    def drained():
        # Every chunk is computed and dropped, as the product's batches are.
        reader = connection.execute(sql).to_arrow_reader(65_536)
        for _ in reader:
            pass

    compare("G17 explode, 1M lists of 10", ours,
            {"duckdb unnest": drained, "polars": lambda: frame.explode("xs")},
            {"duckdb unnest": 20}, options, rows)


if __name__ == "__main__":
    main()
