#!/usr/bin/env python3
"""G11, G12: ids of 10M rows of (int64, int32, string), beside DuckDB's md5 and sha256."""

import blake3
import duckdb
import numpy as np
import pyarrow as pa

from side_by_side import Door, arguments, compare

COLUMNS = ["a", "b", "t"]


def rows_of(scale):
    count = int(10_000_000 * scale)
    choose = np.random.default_rng(11)
    texts = pa.array([f"name_{i}" for i in range(100_000)])
    return pa.table({
        "a": choose.integers(-2**63, 2**63 - 1, count),
        "b": choose.integers(-2**31, 2**31 - 1, count).astype(np.int32),
        "t": texts.take(pa.array(choose.integers(0, len(texts), count))),
    })


def encoding_of(row):
    """The canonical encoding of include/lakegate/row_ids.h, a second time."""
    text = row["t"].encode()
    return (b"\x10" + (3).to_bytes(8, "little")
            + b"\x02" + row["a"].to_bytes(8, "little", signed=True)
            + b"\x02" + row["b"].to_bytes(8, "little", signed=True)
            + b"\x05" + len(text).to_bytes(8, "little") + text)


def main():
    options = arguments(__doc__).parse_args()
    table = rows_of(options.scale)
    connection = duckdb.connect(config={"threads": options.threads})
    connection.register("given", table)
    connection.execute("CREATE TABLE rows AS SELECT * FROM given")
    door = Door.from_arguments(options)
    fast = door.call("row_ids", {"columns": COLUMNS, "method": "xxh3"}, table)
    strong = door.call("row_ids", {"columns": COLUMNS, "method": "blake3"}, table)
    some = table.slice(0, 2000)
    ids = door.call("row_ids", {"columns": COLUMNS, "method": "blake3"}, some).table()
    for row in ids.to_pylist():
        if row["row_id"] != blake3.blake3(encoding_of(row)).digest():
            raise SystemExit(f"not the reference's digest: {row}")

    def peer(function):
        sql = f"SELECT count({function}(concat(a, '|', b, '|', t))) FROM rows"
        return lambda: connection.execute(sql).fetchone()

    compare("G11 128-bit ids, 10M rows", fast, {"duckdb md5(concat)": peer("md5")},
            {"duckdb md5(concat)": 20}, options, table.num_rows)
    compare("G12 256-bit ids, 10M rows", strong, {"duckdb sha256(concat)": peer("sha256")},
            {"duckdb sha256(concat)": 15}, options, table.num_rows)


if __name__ == "__main__":
    main()
