"""interval_align beside other people's interval libraries, on random and on published spans."""

import os
from pathlib import Path

import duckdb
import ncls
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import superintervals

from conftest import ROOT

# Two published sets (exons and fBrain peaks, Parquet: contig, pos_start, pos_end), if they are
# there: in the folder of LAKEGATE_INTERVALS, or beside the checkout.
PUBLISHED = Path(os.environ.get("LAKEGATE_INTERVALS")
                 or ROOT.parent / "shared" / "data" / "intervals")
# Pairs of them that overlap, with half-open and with closed ends, as published benchmarks say.
HALF_OPEN, CLOSED = 54_246, 54_343
CALL = "interval_align('a', 'b', left_span => ['s', 'e'], right_span => ['s', 'e'], {})"


@pytest.fixture(scope="module", params=["spread", "crowded", "nested"])
def sides(request, tmp_path_factory):
    """Two tables of 60,000 spans that are not empty: id, s, e."""
    folder = tmp_path_factory.mktemp("spans")
    choose = np.random.default_rng([7, len(request.param)])
    count = 60_000

    def side(name):
        reach, longest = {"spread": (6_000_000, 400), "crowded": (20_000, 3),
                          "nested": (6_000_000, 50_000)}[request.param]
        start = choose.integers(0, reach, count)
        length = choose.integers(1, longest, count)
        if request.param == "nested":
            length = np.where(choose.random(count) < 0.999, length // 1000 + 1, length)
        table = pa.table({"id": np.arange(count), "s": start, "e": start + length})
        pyarrow.parquet.write_table(table, folder / f"{name}.parquet")
        return table

    return folder, side("a"), side("b")


def tables(folder):
    return ["--table", f"a={folder / 'a.parquet'}", "--table", f"b={folder / 'b.parquet'}"]


def bounds(table):
    return table["s"].to_numpy(), table["e"].to_numpy()


def test_counts_are_those_of_superintervals(lakegate, sides):
    folder, left, right = sides
    starts, ends = bounds(right)
    # Its intervals are closed.
    index = superintervals.IntervalMap.from_arrays(starts.astype(np.int32),
                                                   (ends - 1).astype(np.int32))
    starts, ends = bounds(left)
    expected = index.count_batch(starts.astype(np.int32), (ends - 1).astype(np.int32))
    rows = lakegate.rows(f"SELECT match_count FROM {CALL.format('''mode => 'count', how => 'left' ''')}",
                         *tables(folder))
    assert [row["match_count"] for row in rows] == list(expected)


def test_pairs_are_those_of_ncls(lakegate, sides):
    folder, left, right = sides
    starts, ends = bounds(right)
    lists = ncls.NCLS(starts, ends, right["id"].to_numpy())
    starts, ends = bounds(left)
    lefts, rights = lists.all_overlaps_both(starts, ends, left["id"].to_numpy())
    # A checksum of the pairs that their order does not change.
    expected = (len(lefts), int((lefts * 1_000_003 + rights).sum()),
                int(((lefts % 1009) * (rights % 1013)).sum()))
    found = lakegate.rows(
        "SELECT count(*) AS n, sum(id * 1000003 + id_right) AS a, "
        "sum((id % 1009) * (id_right % 1013)) AS b "
        f"FROM {CALL.format('''mode => 'overlap_all' ''')}", *tables(folder))
    assert [tuple(row.values()) for row in found] == [expected]
    # The same in natural SQL.
    found = lakegate.rows(
        "SELECT count(*) AS n, sum(a.id * 1000003 + b.id) AS x, "
        "sum((a.id % 1009) * (b.id % 1013)) AS y FROM a JOIN b ON a.s < b.e AND b.s < a.e",
        *tables(folder))
    assert [tuple(row.values()) for row in found] == [expected]


def test_the_nearest_is_as_near_as_duckdb_finds_it(lakegate, sides):
    folder, left, right = sides
    # The latest end up to a start and the earliest start from an end on say how near the
    # nearest is, where nothing overlaps.
    connection = duckdb.connect()
    connection.register("l", left)
    connection.register("r", right)
    # A span of the right side that touches or overlaps: there is one unless those that start
    # no later than the end all end before the start.
    expected = connection.execute("""
        WITH before AS (SELECT l.id, r.e FROM l ASOF LEFT JOIN (SELECT e FROM r) r ON l.s >= r.e),
             behind AS (SELECT l.id, r.s FROM l ASOF LEFT JOIN (SELECT s FROM r) r ON l.e <= r.s),
             reach AS (SELECT s, max(e) OVER (ORDER BY s, e ROWS UNBOUNDED PRECEDING) AS far
                       FROM r),
             meets AS (SELECT l.id, x.far FROM l ASOF LEFT JOIN
                       (SELECT s, max(far) AS far FROM reach GROUP BY s) x ON l.e >= x.s)
        SELECT l.id, CASE WHEN meets.far >= l.s THEN 0
                          ELSE least(coalesce(l.s - before.e, behind.s - l.e),
                                     coalesce(behind.s - l.e, l.s - before.e)) END
        FROM l JOIN before USING (id) JOIN behind USING (id) JOIN meets USING (id) ORDER BY l.id
        """).fetchall()
    rows = lakegate.rows(
        f"SELECT id, match_score FROM {CALL.format('''mode => 'nearest' ''')} ORDER BY id",
        *tables(folder))
    assert [(row["id"], -row["match_score"]) for row in rows] == expected


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no published interval sets at {PUBLISHED}")
def test_published_sets_give_the_published_counts(lakegate):
    given = ["--table", f"exons={PUBLISHED / 'exons'}", "--table", f"peaks={PUBLISHED / 'fbrain'}"]
    call = ("interval_align('{}', '{}', on => 'contig', left_span => ['pos_start', 'pos_end'], "
            "right_span => ['pos_start', '{}'], mode => '{}')")

    def number(what, left, right, end, mode):
        rows = lakegate.rows(f"SELECT {what} AS n FROM {call.format(left, right, end, mode)}",
                             *given)
        return rows[0]["n"]

    for left, right in (("peaks", "exons"), ("exons", "peaks")):
        assert number("count(*)", left, right, "pos_end", "overlap_all") == HALF_OPEN
        assert number("sum(match_count)", left, right, "pos_end", "count") == HALF_OPEN
    for less, count in (("<", HALF_OPEN), ("<=", CLOSED)):
        rows = lakegate.rows(
            f"SELECT count(*) AS n FROM exons e JOIN peaks p ON e.contig = p.contig "
            f"AND e.pos_start {less} p.pos_end AND p.pos_start {less} e.pos_end", *given)
        assert rows == [{"n": count}]


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason=f"no published interval sets at {PUBLISHED}")
def test_published_sets_with_closed_ends(lakegate, tmp_path):
    connection = duckdb.connect()
    for name in ("exons", "fbrain"):
        connection.execute(
            f"COPY (SELECT contig, pos_start AS s, pos_end + 1 AS e "
            f"FROM '{PUBLISHED / name}/*.parquet') TO '{tmp_path / name}.parquet'")
    rows = lakegate.rows(
        "SELECT count(*) AS n FROM interval_align('a', 'b', on => 'contig', "
        "left_span => ['s', 'e'], right_span => ['s', 'e'], mode => 'overlap_all')",
        "--table", f"a={tmp_path / 'exons.parquet'}", "--table", f"b={tmp_path / 'fbrain.parquet'}")
    assert rows == [{"n": CLOSED}]
