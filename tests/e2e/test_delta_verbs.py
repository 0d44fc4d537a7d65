"""Changes of Delta tables by the command, told by the `deltalake` package, and the other way."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import deltalake
import pyarrow as pa
import pytest

ROWS = 2_000


def log_entries(table):
    return sorted(Path(table, "_delta_log").glob("*.json"))


def rows(table):
    return deltalake.DeltaTable(str(table)).to_pyarrow_table().sort_by("id").to_pylist()


@pytest.fixture()
def table(lakegate):
    """Partitioned by a text that a URL has to escape; ids from 0."""
    source = pa.table({
        "id": pa.array(range(ROWS), pa.int64()),
        "part": pa.array([["a b", "ü=1%", "x/y"][i % 3] for i in range(ROWS)]),
        "v": pa.array([None if i % 11 == 0 else i * 0.5 for i in range(ROWS)], pa.float64()),
    })
    path = lakegate.folder / "t"
    deltalake.write_deltalake(str(path), source, partition_by=["part"])
    return path


def test_every_change_is_one_entry_that_deltalake_reads(lakegate, table):
    model = {row["id"]: row for row in rows(table)}
    lakegate.ok("delta", "delete", table, "--where", "id % 5 = 0 AND part = 'ü=1%'")
    model = {i: r for i, r in model.items() if not (i % 5 == 0 and r["part"] == "ü=1%")}
    assert rows(table) == [model[i] for i in sorted(model)]

    lakegate.ok("delta", "update", table, "--set-column", "v=v + 1", "--set-column", "part='x/y'",
                "--where", "id < 100")
    for i, row in model.items():
        if i < 100:
            row["part"] = "x/y"
            row["v"] = None if row["v"] is None else row["v"] + 1
    assert rows(table) == [model[i] for i in sorted(model)]

    lakegate.ok("delta", "merge", table, "--sql",
                "SELECT id * 30 AS id, 'm' AS part, -1.0 AS v FROM t WHERE id < 100",
                "--table", f"t={table}", "--on", "target.id = source.id",
                "--when", "matched and target.id > 1500 then delete",
                "--when", "matched then update set v = source.v",
                "--when", "not matched then insert")
    for i in {i * 30 for i in list(model) if i < 100}:
        if i not in model:
            model[i] = {"id": i, "part": "m", "v": -1.0}
        elif i > 1500:
            del model[i]
        else:
            model[i]["v"] = -1.0
    assert rows(table) == [model[i] for i in sorted(model)]

    before = rows(table)
    lakegate.ok("delta", "optimize", table)
    assert rows(table) == before
    lakegate.ok("delta", "optimize", table, "--z-order", "v,id")
    assert rows(table) == before
    lakegate.ok("delta", "checkpoint", table)
    assert rows(table) == before
    lakegate.ok("delta", "restore", table, "--version", "0")
    assert rows(table) == [{"id": i, "part": ["a b", "ü=1%", "x/y"][i % 3],
                            "v": None if i % 11 == 0 else i * 0.5} for i in range(ROWS)]
    history = json.loads(lakegate.ok("delta", "history", table, "--json"))
    operations = [entry["operation"] for entry in history]
    assert operations[:-1] == ["RESTORE", "OPTIMIZE", "MERGE", "UPDATE", "DELETE"]
    assert len(log_entries(table)) == len(history)


def test_the_change_feed_is_the_one_deltalake_reads(lakegate):
    path = lakegate.folder / "t"
    deltalake.write_deltalake(str(path), pa.table({"id": [1, 2, 3], "n": ["a", "b", "c"]}),
                              configuration={"delta.enableChangeDataFeed": "true"})
    lakegate.ok("delta", "update", path, "--set-column", "n=upper(n)", "--where", "id = 2")
    lakegate.ok("delta", "delete", path, "--where", "id = 3")
    lakegate.ok("delta", "merge", path, "--sql", "SELECT 1 AS id, 'z' AS n UNION ALL SELECT 9, 'i'",
                "--on", "target.id = source.id", "--when", "matched then delete",
                "--when", "not matched then insert")
    theirs = deltalake.DeltaTable(str(path)).load_cdf(starting_version=1)
    theirs = pa.table(theirs.read_all()).select(["_commit_version", "_change_type", "id", "n"])
    ours = [json.loads(line) for line in lakegate.ok(
        "delta", "changes", path, "--from", "1", "--format", "ndjson").splitlines()]

    def key(row):
        return tuple(str(row[name]) for name in ("_commit_version", "id", "_change_type", "n"))

    assert sorted(map(key, ours)) == sorted(map(key, theirs.to_pylist()))
    assert sorted(map(key, ours)) == sorted([
        ("1", "2", "update_preimage", "b"), ("1", "2", "update_postimage", "B"),
        ("2", "3", "delete", "c"), ("3", "1", "delete", "a"), ("3", "9", "insert", "i")])


def test_constraints_hold_for_deltalake_too(lakegate, table):
    error = lakegate.error("delta", "add-constraint", table, "valued", "v IS NOT NULL")
    assert error["kind"] == "kConstraintViolation"
    lakegate.ok("delta", "add-constraint", table, "positive", "id >= 0")
    with pytest.raises(Exception, match="1 rows failed validation"):
        deltalake.write_deltalake(
            str(table), pa.table({"id": [-1], "part": ["a b"], "v": [1.0]}), mode="append")
    lakegate.ok("delta", "drop-constraint", table, "positive")
    lakegate.ok("delta", "set", table, "delta.logRetentionDuration=interval 2 days")
    assert deltalake.DeltaTable(str(table)).metadata().configuration[
        "delta.logRetentionDuration"] == "interval 2 days"


def test_nested_columns_and_times_without_zone_are_kept(lakegate):
    path = lakegate.folder / "t"
    source = pa.table({
        "id": pa.array(range(50), pa.int64()),
        "at": pa.array([i * 1_000_003 for i in range(50)], pa.timestamp("us")),
        "nested": pa.array([{"a": i, "b": [i, None]} for i in range(50)]),
    })
    deltalake.write_deltalake(str(path), source)
    lakegate.ok("delta", "delete", path, "--where", "nested['a'] >= 40")
    left = deltalake.DeltaTable(str(path)).to_pyarrow_table().sort_by("id")
    assert left.num_rows == 40
    assert left.column("nested").to_pylist() == source.column("nested").to_pylist()[:40]
    assert left.column("at").to_pylist() == source.column("at").to_pylist()[:40]


def test_sql_changes_rows_under_a_policy_that_allows_it(lakegate, table):
    def change(sql, *more):
        return lakegate.ok("sql", "--policy", "write", "--table", f"t={table}", *more, sql)

    assert lakegate.error("sql", "--table", f"t={table}", "DELETE FROM t")["kind"] == \
        "kSqlPolicyViolation"
    change("DELETE FROM t WHERE id >= 10")
    receipt = json.loads(change("INSERT INTO t (id, part) VALUES (77, 'new')", "--json"))
    assert receipt["metrics"]["numOutputRows"] == 1
    change("UPDATE t SET v = 2.5 WHERE id = 77")
    change("MERGE INTO t USING (SELECT 77 AS id UNION ALL SELECT 5) AS s ON t.id = s.id "
           "WHEN MATCHED AND t.id < 10 THEN DELETE WHEN MATCHED THEN UPDATE SET v = t.v + 1")
    assert [row["id"] for row in rows(table)] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 77]
    assert rows(table)[-1] == {"id": 77, "part": "new", "v": 3.5}
    assert len(log_entries(table)) == 5


def test_vacuum_asks_twice(lakegate, table):
    lakegate.ok("delta", "delete", table, "--where", "id < 500")
    files = sorted(p for p in table.rglob("*.parquet"))
    assert lakegate.ok("delta", "vacuum", table) == ""
    assert lakegate.error("delta", "vacuum", table, "--retention-hours", "1")["kind"] == \
        "kInvalidArgument"
    listed = lakegate.ok("delta", "vacuum", table, "--retention-hours", "0",
                         "--allow-short-retention").splitlines()
    assert len(listed) == 3
    assert sorted(p for p in table.rglob("*.parquet")) == files
    lakegate.ok("delta", "vacuum", table, "--retention-hours", "0", "--allow-short-retention",
                "--apply")
    assert len(sorted(table.rglob("*.parquet"))) == len(files) - 3
    assert len(rows(table)) == 1500
    assert lakegate.error("delta", "restore", table, "--version", "0")["kind"] == "kNotFound"


@pytest.mark.parametrize("arguments, kind", [
    (("inspect", "nowhere"), "kNotFound"),
    (("delete", "nowhere", "--all"), "kNotFound"),
    (("delete", "t", "--where", "nobody = 1"), "kNotFound"),
    (("delete", "t"), "kInvalidArgument"),
    (("delete", "t", "--all", "--where", "id = 1"), "kInvalidArgument"),
    (("delete", "t", "--where", "id = 1", "--expected-version", "5"), "kCommitConflict"),
    (("update", "t", "--all", "--set-column", "id"), "kInvalidArgument"),
    (("update", "t", "--all", "--set-column", "id='x'"), "kSchemaMismatch"),
    (("merge", "t", "--sql", "SELECT 1 AS id", "--on", "target.id = source.id", "--when", "what"),
     "kInvalidArgument"),
    (("restore", "t", "--version", "44"), "kNotFound"),
    (("restore", "t"), "kInvalidArgument"),
    (("changes", "t", "--from", "0"), "kUnsupported"),
    (("optimize", "t", "--z-order", "part"), "kInvalidArgument"),
    (("optimize", "t", "--target-size", "big"), "kInvalidArgument"),
    (("unset", "t", "delta.appendOnly"), "kNotFound"),
    (("set", "t", "delta.nonsense=1"), "kInvalidArgument"),
    (("history", "t", "--limit", "-1"), "kInvalidArgument"),
    (("inspect", "t", "--timestamp", "yesterday"), "kInvalidArgument"),
])
def test_what_is_refused_leaves_the_log_alone(lakegate, table, arguments, kind):
    assert lakegate.error("delta", *arguments)["kind"] == kind
    assert len(log_entries(table)) == 1


def test_processes_that_race_leave_every_row_once(lakegate):
    """Appends, deletes, merges and compactions at once: each that succeeded happened once."""
    path = lakegate.folder / "t"
    lakegate.ok("write", "--sql", "SELECT 0 AS id, 0 AS n", "--to", path, "--format", "delta")

    def run(number):
        if number % 8 == 7:
            return number, lakegate.run("delta", "optimize", path)
        if number % 8 == 6:
            return number, lakegate.run("delta", "update", path, "--set-column", "n=n + 1",
                                        "--where", "id = 0")
        return number, lakegate.run("write", "--sql", f"SELECT {number} AS id, 0 AS n", "--to",
                                    path, "--mode", "append")

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, range(1, 33)))
    for number, outcome in done:
        assert outcome.returncode in (0, 12), (number, outcome.stderr)
    appended = [n for n, outcome in done if n % 8 < 6 and outcome.returncode == 0]
    updates = sum(1 for n, outcome in done if n % 8 == 6 and outcome.returncode == 0)
    found = rows(path)
    assert [row["id"] for row in found] == [0, *appended]
    assert found[0]["n"] == updates
    versions = [int(entry.stem) for entry in log_entries(path)]
    assert versions == list(range(len(versions)))


def test_a_killed_change_changes_nothing(lakegate, table):
    before = rows(table)
    for delay in (0.01, 0.02, 0.04, 0.06, 0.08, 0.12):
        process = lakegate.start("delta", "update", table, "--all", "--set-column", "v=1.0")
        try:
            process.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.communicate()
        after = rows(table)
        if len(log_entries(table)) == 1:
            assert after == before
        else:
            assert {row["v"] for row in after} == {1.0}
            break
    assert len(rows(table)) == ROWS
