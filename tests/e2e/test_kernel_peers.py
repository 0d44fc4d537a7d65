"""Kernels beside DuckDB's own way of saying the same, on every call of a real code base."""

import duckdb
import pyarrow.parquet
import pytest

from conftest import Lakegate, collect


@pytest.fixture(scope="module")
def calls(program, tmp_path_factory):
    """calls, functions and lists as Parquet that DuckDB wrote; `n` is the place of a row."""
    lakegate = Lakegate(program, tmp_path_factory.mktemp("calls"))
    collect(None, lakegate.folder)
    connection = duckdb.connect()

    def store(name, sql):
        connection.execute(f"COPY ({sql}) TO '{lakegate.folder / name}.parquet'")
        connection.execute(
            f"CREATE VIEW {name} AS SELECT * FROM '{lakegate.folder / name}.parquet'")

    store("calls", f"""
        SELECT *, row_number() OVER () AS n FROM (
          SELECT path, bstart, bend, callee, confidence
          FROM read_json('{lakegate.folder}/calls_ast.ndjson')
          UNION ALL
          SELECT path, bstart, bend, callee, confidence
          FROM read_csv('{lakegate.folder}/calls_tokens.csv'))""")
    store("functions", f"SELECT * FROM read_json('{lakegate.folder}/functions.ndjson')")
    store("lists", """
        SELECT path, list(callee ORDER BY n) AS callees FROM calls GROUP BY path
        UNION ALL SELECT 'none', NULL UNION ALL SELECT 'empty', []""")
    return lakegate, connection


def ours(lakegate, sql):
    tables = [argument for name in ("calls", "functions", "lists")
              for argument in ("--table", f"{name}={name}.parquet")]
    return [tuple(row.values()) for row in lakegate.rows(sql, *tables)]


def same(calls, sql, theirs):
    lakegate, connection = calls
    expected = connection.execute(theirs).fetchall()
    assert len(expected) > 1_000
    assert ours(lakegate, sql) == expected


def test_the_surest_call_of_each_place(calls):
    same(calls,
         "SELECT n FROM dedupe('calls', keys => ['path', 'bstart', 'bend'], strategy => "
         "'keep_best', score => 'confidence', order_by => ['callee desc']) ORDER BY n",
         "SELECT n FROM calls QUALIFY row_number() OVER (PARTITION BY path, bstart, bend "
         "ORDER BY confidence DESC, callee DESC, n) = 1 ORDER BY n")


def test_the_first_call_of_each_function(calls):
    same(calls,
         "SELECT callee, n FROM dedupe('calls', keys => 'callee', order_by => ['bend', 'path']) "
         "ORDER BY n",
         "SELECT callee, arg_min(n, (bend, path, n)) AS first FROM calls GROUP BY callee "
         "ORDER BY first")


def test_the_last_call_of_each_file(calls):
    same(calls,
         "SELECT path, n FROM winner_select('calls', keys => 'path', score => 'bstart', "
         "tie_breakers => ['confidence', 'bend desc']) ORDER BY n",
         "SELECT path, n FROM calls QUALIFY row_number() OVER (PARTITION BY path "
         "ORDER BY bstart DESC, confidence, bend DESC, n) = 1 ORDER BY n")


def test_the_function_that_began_last(calls):
    # Two functions of a file may begin at one place: only the place is compared.
    same(calls,
         "SELECT n, bstart_right FROM asof_join('calls', 'functions', on => 'bstart', "
         "by => 'path') ORDER BY n",
         "SELECT n, f.bstart FROM calls ASOF LEFT JOIN functions f "
         "ON calls.path = f.path AND calls.bstart >= f.bstart ORDER BY n")
    same(calls,
         "SELECT n, bstart_right FROM asof_join('calls', 'functions', on => 'bstart', "
         "by => 'path', direction => 'forward', how => 'inner') ORDER BY n",
         "SELECT n, f.bstart FROM calls ASOF JOIN functions f "
         "ON calls.path = f.path AND calls.bstart <= f.bstart ORDER BY n")


def test_every_call_of_a_list(calls):
    same(calls,
         "SELECT path, callee, place FROM explode_list('lists', lists => 'callees', "
         "values => 'callee', index => 'place') ORDER BY path, place",
         "SELECT path, unnest(callees), unnest(range(len(callees))) AS place FROM lists "
         "ORDER BY path, place")


@pytest.mark.parametrize("memory", ["1 GiB", "24 MiB"])
def test_calls_in_order_with_and_without_spilling(calls, memory):
    lakegate, connection = calls
    folder = lakegate.folder / ("spilled" if memory == "24 MiB" else "whole")
    folder.mkdir()
    (folder / "job.toml").write_text(f"""
        [job]
        name = "sorted"
        [profile]
        memory_limit = "{memory}"
        [dataset.calls]
        location = "../calls.parquet"
        [step.sorted]
        kernel = "canonical_sort"
        input = "calls"
        keys = ["callee desc", "confidence", "path nulls first"]
        provenance = ["n"]
        [output.sorted]
        source = "sorted"
        location = "sorted.parquet"
        """)
    lakegate.ok("run", "job.toml", cwd=folder)
    rows = pyarrow.parquet.read_table(folder / "sorted.parquet")["n"].to_pylist()
    expected = connection.execute(
        "SELECT n FROM calls ORDER BY callee DESC, confidence, path, n").fetchall()
    assert rows == [n for n, in expected]
