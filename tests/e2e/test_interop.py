"""Other people's readers on what we wrote: same counts, same sums, same values."""

import json

import deltalake
import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.ipc
import pyarrow.json
import pyarrow.parquet
import pytest

ROWS = 20_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Rows with nulls, text beyond ASCII, negative and fractional numbers, dates and times."""
    folder = tmp_path_factory.mktemp("source")
    path = folder / "source.parquet"
    table = pa.table({
        "id": pa.array(range(ROWS), pa.int64()),
        "part": pa.array([f"p{i % 5}" if i % 97 else "ä b/ü=1%" for i in range(ROWS)]),
        "amount": pa.array([None if i % 13 == 0 else (i - ROWS / 2) / 8 for i in range(ROWS)],
                           pa.float64()),
        "name": pa.array([None if i % 17 == 0 else f'naïve "{i}", 日本\tx' for i in range(ROWS)]),
        "flag": pa.array([i % 3 == 0 for i in range(ROWS)]),
        "small": pa.array([i % 251 - 125 for i in range(ROWS)], pa.int16()),
        "day": pa.array([i % 20_000 for i in range(ROWS)], pa.int32()).cast(pa.date32()),
        "at": pa.array([i * 1_000_003 for i in range(ROWS)], pa.int64()).cast(
            pa.timestamp("us", "UTC")),
    })
    pyarrow.parquet.write_table(table, path)
    return path, table


def write(lakegate, source, target, *arguments):
    path, _ = source
    lakegate.ok("write", "--table", f"source={path}", "--sql", "SELECT * FROM source ORDER BY id",
                "--to", target, *arguments)


def facts(table):
    return (table.num_rows, pc.sum(table["id"]).as_py(), pc.sum(table["amount"]).as_py(),
            pc.sum(table["small"]).as_py(), table["name"].null_count,
            table["amount"].null_count)


def ordered(table):
    return table.sort_by("id")


DUCKDB_FACTS = ("SELECT count(*), sum(id)::BIGINT, sum(amount), sum(small)::BIGINT, "
                "count(*) - count(name), count(*) - count(amount) FROM ")


def test_delta_is_read_by_deltalake_and_duckdb_readers(lakegate, source):
    _, wanted = source
    write(lakegate, source, "table", "--format", "delta", "--partition-by", "part")
    table = deltalake.DeltaTable(str(lakegate.folder / "table"))
    assert table.version() == 0
    found = ordered(table.to_pyarrow_table())
    assert facts(found) == facts(wanted)
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name
    dataset = table.to_pyarrow_dataset()  # noqa: F841  duckdb finds it by its name
    assert duckdb.sql(DUCKDB_FACTS + "dataset").fetchall()[0] == facts(wanted)
    assert duckdb.sql("SELECT count(*) FROM dataset WHERE part = 'p3'").fetchall()[0][0] \
        == pc.sum(pc.equal(wanted["part"], "p3")).as_py()


def test_delta_statistics_agree_with_the_rows(lakegate, source):
    write(lakegate, source, "table", "--format", "delta", "--partition-by", "part")
    table = deltalake.DeltaTable(str(lakegate.folder / "table"))
    rows = 0
    for action in pa.table(table.get_add_actions(flatten=True)).to_pylist():
        part = ordered(table.to_pyarrow_table(
            filters=[("part", "=", action["partition.part"])]))
        assert action["num_records"] == part.num_rows
        assert action["min.id"] == part["id"][0].as_py()
        assert action["max.id"] == part["id"][-1].as_py()
        assert action["null_count.name"] == part["name"].null_count
        rows += part.num_rows
    assert rows == ROWS


def test_deltalake_appends_to_our_table_and_we_read_it(lakegate, source):
    _, wanted = source
    write(lakegate, source, "table", "--format", "delta")
    path = str(lakegate.folder / "table")
    deltalake.write_deltalake(path, wanted.slice(0, 100), mode="append")
    assert lakegate.rows("SELECT count(*) AS n, sum(id) AS s FROM t", "--table", f"t={path}") \
        == [{"n": ROWS + 100, "s": sum(range(ROWS)) + sum(range(100))}]


def test_we_append_to_a_table_of_deltalake(lakegate, source):
    path, wanted = source
    deltalake.write_deltalake(str(lakegate.folder / "theirs"), wanted.slice(0, 50),
                              partition_by=["part"])
    write(lakegate, source, "theirs", "--format", "delta", "--mode", "append")
    table = deltalake.DeltaTable(str(lakegate.folder / "theirs"))
    assert table.version() == 1
    assert table.to_pyarrow_table().num_rows == ROWS + 50
    assert table.metadata().partition_columns == ["part"]


def test_a_check_that_we_wrote_holds_for_deltalake(lakegate, source):
    _, wanted = source
    write(lakegate, source, "table", "--format", "delta", "--check", "id >= 0")
    path = str(lakegate.folder / "table")
    bad = wanted.slice(0, 1).set_column(0, "id", pa.array([-1], pa.int64()))
    with pytest.raises(Exception, match="(?i)check|constraint|invariant"):
        deltalake.write_deltalake(path, bad, mode="append")
    assert deltalake.DeltaTable(path).version() == 0


def test_parquet_is_read_by_pyarrow_and_duckdb(lakegate, source):
    _, wanted = source
    write(lakegate, source, "rows.parquet", "--format", "parquet")
    path = lakegate.folder / "rows.parquet"
    found = pyarrow.parquet.read_table(path)
    assert facts(found) == facts(wanted)
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name
    assert duckdb.sql(DUCKDB_FACTS + f"'{path}'").fetchall()[0] == facts(wanted)


def test_csv_is_read_by_pyarrow_and_duckdb(lakegate, source):
    _, wanted = source
    write(lakegate, source, "rows.csv", "--format", "csv")
    path = lakegate.folder / "rows.csv"
    options = pyarrow.csv.ConvertOptions(column_types={"name": pa.string()},
                                         strings_can_be_null=True)
    found = pyarrow.csv.read_csv(path, convert_options=options)
    assert facts(found) == facts(wanted)
    assert found["name"].to_pylist() == wanted["name"].to_pylist()
    assert duckdb.sql(DUCKDB_FACTS + f"read_csv('{path}')").fetchall()[0] == facts(wanted)


def test_ndjson_is_read_by_pyarrow_and_duckdb(lakegate, source):
    _, wanted = source
    write(lakegate, source, "rows.ndjson", "--format", "ndjson")
    path = lakegate.folder / "rows.ndjson"
    found = pyarrow.json.read_json(path)
    assert facts(found) == facts(wanted)
    assert found["name"].to_pylist() == wanted["name"].to_pylist()
    assert sum(1 for line in open(path, encoding="utf-8") if json.loads(line)) == ROWS
    assert duckdb.sql(DUCKDB_FACTS + f"read_ndjson('{path}')").fetchall()[0] == facts(wanted)


def test_arrow_is_a_real_ipc_file(lakegate, source):
    _, wanted = source
    write(lakegate, source, "rows.arrow", "--format", "arrow")
    with pa.memory_map(str(lakegate.folder / "rows.arrow")) as file:
        found = pyarrow.ipc.open_file(file).read_all()
    assert facts(found) == facts(wanted)
    for name in wanted.column_names:
        assert found[name].to_pylist() == wanted[name].to_pylist(), name


def test_sql_prints_an_arrow_stream_that_pyarrow_reads(lakegate, source):
    import subprocess
    path, wanted = source
    done = subprocess.run([lakegate.program, "sql", "--format", "arrow", "--table",
                           f"source={path}", "SELECT * FROM source ORDER BY id"],
                          cwd=lakegate.folder, env=lakegate.environment(), check=True,
                          capture_output=True)
    opener = pyarrow.ipc.open_file if done.stdout.startswith(b"ARROW1") else pyarrow.ipc.open_stream
    assert facts(opener(pa.BufferReader(done.stdout)).read_all()) == facts(wanted)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.ndjson", "rows.arrow"])
def test_what_we_write_we_read(lakegate, source, name):
    _, wanted = source
    write(lakegate, source, name, "--format", name.split(".")[1])
    found = lakegate.rows("SELECT count(*) AS n, sum(id) AS ids, sum(amount) AS amount, "
                          "count(name) AS names FROM t", "--table", f"t={name}")
    assert found == [{"n": ROWS, "ids": facts(wanted)[1], "amount": facts(wanted)[2],
                      "names": ROWS - facts(wanted)[4]}]


def test_the_same_rows_give_the_same_bytes(lakegate, source):
    for target in ("one.parquet", "two.parquet"):
        write(lakegate, source, target, "--format", "parquet")
    one, two = (lakegate.folder / name for name in ("one.parquet", "two.parquet"))
    assert one.read_bytes() == two.read_bytes()
