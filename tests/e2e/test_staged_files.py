"""The files a write makes: what the log says of them, recomputed from the files themselves."""

import datetime as dt
import decimal
import json
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

D = decimal.Decimal


def adds(table):
    found = {}
    for entry in sorted(Path(table, "_delta_log").glob("*.json")):
        for line in entry.read_text().splitlines():
            action = json.loads(line, parse_float=D)
            if "add" in action:
                found[action["add"]["path"]] = action["add"]
            if "remove" in action:
                found.pop(action["remove"]["path"], None)
    return list(found.values())


def statistics(add):
    return json.loads(add["stats"], parse_float=D)


EVERYTHING = pa.table({
    "i8": pa.array([-128, None, 127, 0], pa.int8()),
    "i64": pa.array([-2**63, 2**63 - 1, None, 0], pa.int64()),
    "flag": pa.array([True, False, None, True]),
    "f32": pa.array([0.1, -3.5, None, 2.25], pa.float32()),
    "f64": pa.array([1e300, -1e-300, 0.0, None], pa.float64()),
    "with_nan": pa.array([1.0, math.nan, -2.0, None], pa.float64()),
    "infinite": pa.array([math.inf, 1.0, 2.0, None], pa.float64()),
    "text": pa.array(["ü", "zebra", None, "a" * 100], pa.string()),
    "top": pa.array(["\U0010ffff" * 40, None, "b", "a"], pa.string()),
    "day": pa.array([dt.date(1, 1, 1), dt.date(2026, 11, 27), None, dt.date(1969, 12, 31)]),
    "moment": pa.array([-1, 1_500, 1_999_999, None], pa.timestamp("us", tz="UTC")),
    "local": pa.array([-1, 1_500, 1_999_999, None], pa.timestamp("us")),
    "small": pa.array([D("1.23"), D("-99999.99"), None, D("0.00")], pa.decimal128(7, 2)),
    "wide": pa.array([D("9" * 28 + "." + "9" * 10), D("-0.0000000001"), None, D("0E-10")],
                     pa.decimal128(38, 10)),
    "raw": pa.array([b"\x00", None, b"\xff", b""], pa.binary()),
    "nested": pa.array([{"a": 1, "b": {"c": "x"}}, None, {"a": None, "b": None},
                        {"a": 7, "b": {"c": None}}],
                       pa.struct([("a", pa.int32()), ("b", pa.struct([("c", pa.string())]))])),
    "list": pa.array([[1, 2], None, [], [None]], pa.list_(pa.int64())),
    "nothing": pa.array([None] * 4, pa.int32()),
})


def instant(text):
    return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_bounds_hold_for_every_type(lakegate):
    source = lakegate.folder / "everything.parquet"
    pq.write_table(EVERYTHING, source)
    table = lakegate.folder / "t"
    lakegate.ok("write", "--sql", "SELECT * FROM s", "--table", f"s={source}", "--to", table,
                "--format", "delta", "--statistics", ",".join(EVERYTHING.column_names))
    (add,) = adds(table)
    told = statistics(add)
    low, high, nulls = told["minValues"], told["maxValues"], told["nullCount"]
    assert told["numRecords"] == 4
    for name in EVERYTHING.column_names:
        if name in ("nested", "list"):
            continue
        assert nulls[name] == EVERYTHING[name].null_count, name
    assert nulls["nested"] == {"a": 2, "b": {"c": 3}}
    assert "list" not in nulls and "list" not in low
    for name in ("i8", "i64", "flag"):
        assert (low[name], high[name]) == tuple(pc.min_max(EVERYTHING[name]).as_py().values())
    assert (low["f64"], high["f64"]) == (D("-1e-300"), D("1e300"))
    assert float(low["f32"]) == -3.5 and float(high["f32"]) == 2.25
    # Readers order NaN above everything; a bound that leaves it out would hide its row.
    assert "with_nan" not in low and "with_nan" not in high
    assert low["infinite"] == 1 and "infinite" not in high
    # Long texts are cut: downwards to a prefix, upwards to something above all of them.
    assert low["text"] == "a" * 64 and high["text"] == "ü"
    assert low["top"] == "a" and high["top"].encode() >= ("\U0010ffff" * 40).encode()
    assert low["day"] == "0001-01-01" and high["day"] == "2026-11-27"
    zone = dt.timezone.utc
    epoch = dt.datetime(1970, 1, 1, tzinfo=zone)
    for name, shift in (("moment", epoch), ("local", epoch.replace(tzinfo=None))):
        first, last = instant(low[name]), instant(high[name])
        assert first <= shift + dt.timedelta(microseconds=-1) < first + dt.timedelta(milliseconds=1)
        assert last - dt.timedelta(milliseconds=1) < shift + dt.timedelta(microseconds=1_999_999)
        assert last >= shift + dt.timedelta(microseconds=1_999_999)
    assert (low["small"], high["small"]) == (D("-99999.99"), D("1.23"))
    assert (low["wide"], high["wide"]) == (D("-0.0000000001"), D("9" * 28 + "." + "9" * 10))
    assert "raw" not in low
    assert low["nested"] == {"a": 1, "b": {"c": "x"}} and high["nested"]["a"] == 7
    assert "nothing" not in low and nulls["nothing"] == 4
    # What they are for: no row that a condition asks for is skipped.
    for condition, rows in (
            ("with_nan > 100", 1), ("infinite > 5", 1), ("text >= 'z'", 2),
            ("wide > CAST('9999999999999999999999999999' AS DECIMAL(38, 10))", 1), ("i64 = 9223372036854775807", 1),
            ("moment > TIMESTAMP '1970-01-01T00:00:01.9995Z'", 1), ("day < DATE '1000-01-01'", 1),
            ("nested['a'] = 7", 1), ("nothing IS NULL", 4)):
        (row,) = lakegate.rows(f"SELECT count(*) AS n FROM t WHERE {condition}", "--table",
                               f"t={table}")
        assert row["n"] == rows, condition
    read = deltalake.DeltaTable(str(table)).to_pyarrow_table()
    assert read.num_rows == 4 and read["wide"].to_pylist() == EVERYTHING["wide"].to_pylist()


def test_files_of_a_row_group_each_are_within_a_tenth_of_their_size(lakegate):
    """Numbers that compress badly, and texts that compress well; the last file is what is left."""
    source = lakegate.folder / "s.parquet"
    rows = 1_500_000
    ids = pa.array(range(rows), pa.int64())
    mixed = pc.bit_wise_xor(pc.multiply(ids, 2654435761), pc.shift_right(ids, 7))
    table = pa.table({"id": ids, "noise": mixed,
                      "text": pc.binary_join_element_wise(
                          pc.cast(pc.bit_wise_and(mixed, 1023), pa.string()), "words words", " ")})
    pq.write_table(table, source)
    for size, codec in ((4 << 20, "zstd"), (2 << 20, "none"), (8 << 20, "snappy")):
        out = lakegate.folder / f"t{size}"
        lakegate.ok("write", "--sql", "SELECT * FROM s", "--table", f"s={source}", "--to", out,
                    "--format", "delta", "--option", f"target_file_size={size}",
                    "--option", f"compression={codec}")
        sizes = [add["size"] for add in sorted(adds(out), key=lambda add: add["path"])]
        assert len(sizes) > 2
        for found in sizes[:-1]:
            assert abs(found - size) <= size / 10, (codec, sizes)
        assert sum(statistics(add)["numRecords"] for add in adds(out)) == rows


def test_equal_rows_give_equal_bytes(lakegate):
    lakegate.ok("write", "--sql", "SELECT value AS id, value % 50 AS part, 'x' || value AS text "
                "FROM range(0, 200000)", "--to", lakegate.folder / "s.parquet", "--policy", "admin")
    contents = []
    for name in ("a", "b"):
        out = lakegate.folder / name
        lakegate.ok("write", "--sql", "SELECT * FROM s", "--table",
                    f"s={lakegate.folder / 's.parquet'}", "--to", out, "--format", "delta",
                    "--partition-by", "part")
        files = sorted(adds(out), key=lambda add: add["path"])
        contents.append([(add["partitionValues"], add["stats"], (out / add["path"]).read_bytes())
                         for add in files])
    assert contents[0] == contents[1] and len(contents[0]) == 50


def test_columns_are_written_as_asked(lakegate):
    out = lakegate.folder / "t"
    lakegate.ok("write", "--sql", "SELECT 'same' AS a, 'same' AS b, 1 AS c", "--to", out,
                "--format", "delta", "--option", "column.a.compression=gzip",
                "--option", "column.a.dictionary=false", "--option", "column.b.statistics=none",
                "--option", "column.c.bloom_filter_fpp=0.01")
    (add,) = adds(out)
    group = pq.ParquetFile(out / add["path"]).metadata.row_group(0)
    assert [group.column(i).compression for i in range(3)] == ["GZIP", "ZSTD", "ZSTD"]
    assert "RLE_DICTIONARY" not in group.column(0).encodings
    assert "RLE_DICTIONARY" in group.column(1).encodings
    assert group.column(1).statistics is None and group.column(0).statistics is not None
    refused = lakegate.run("write", "--sql", "SELECT 1 AS a", "--to", lakegate.folder / "u",
                           "--format", "delta", "--option", "column.b.dictionary=true")
    assert refused.returncode == 11 and "kNotFound" in refused.stderr, refused
    assert "'b' (for column option)" in refused.stderr, refused
    assert not (lakegate.folder / "u" / "_delta_log").exists()


def test_an_application_transaction_is_applied_once(lakegate):
    """A thousand attempts from four processes at a time."""
    out = lakegate.folder / "t"
    lakegate.ok("write", "--sql", "SELECT 0 AS id", "--to", out, "--format", "delta")

    def attempt(_):
        return lakegate.run("write", "--sql", "SELECT 1 AS id", "--to", out, "--format", "delta",
                            "--mode", "append", "--app-transaction", "loader:7").returncode

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(attempt, range(1000)))
    assert set(codes) == {0}
    assert len(list(Path(out, "_delta_log").glob("*.json"))) == 2
    assert lakegate.rows("SELECT count(*) AS n FROM t", "--table", f"t={out}") == [{"n": 2}]
    assert len(list(out.glob("*.parquet"))) == 2


@pytest.mark.parametrize("partitioned", [False, True])
def test_deltalake_reads_rows_that_are_marked(lakegate, partitioned):
    out = lakegate.folder / "t"
    extra = ["--partition-by", "p"] if partitioned else []
    lakegate.ok("write", "--sql", "SELECT value AS id, 'a b' || (value % 2) AS p FROM range(0, 100)",
                "--to", out, "--format", "delta", "--property", "delta.enableDeletionVectors=true",
                "--policy", "admin", *extra)
    lakegate.ok("delta", "delete", out, "--where", "id % 3 = 0")
    lakegate.ok("delta", "update", out, "--set-column", "id=id + 1000", "--where", "id % 10 = 1")
    lakegate.ok("delta", "delete", out, "--where", "id = 1001")
    expected = sorted([i for i in range(100) if i % 3 and i % 10 != 1] +
                      [i + 1000 for i in range(100) if i % 3 and i % 10 == 1 and i != 1])
    found = lakegate.rows("SELECT id FROM t ORDER BY id", "--table", f"t={out}")
    assert [row["id"] for row in found] == expected
    table = deltalake.DeltaTable(str(out))
    read = deltalake.QueryBuilder().register("t", table).execute("SELECT id FROM t ORDER BY id")
    assert [row["id"] for row in pa.table(read.read_all()).to_pylist()] == expected
