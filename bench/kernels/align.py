#!/usr/bin/env python3
"""G1 to G4: interval alignment beside DuckDB, SuperIntervals and polars-bio."""

import duckdb
import numpy as np
import pyarrow as pa

from side_by_side import Door, arguments, compare, peak_bytes_of

NATURAL = """SELECT l.id, r.id AS r FROM l LEFT JOIN r
  ON l.k = r.k AND r.s <= l.s AND l.e <= r.e
  QUALIFY row_number() OVER (PARTITION BY l.id ORDER BY r.e - r.s, r.s, r.e, r.id) = 1"""
# The key packed into the position, so that the whole condition is one range: what DuckDB's
# interval join runs fastest.
PACKED = """SELECT l.id, r.id AS r FROM
  (SELECT id, k * 10000000000 + s AS s, k * 10000000000 + e AS e FROM l) l LEFT JOIN
  (SELECT id, k * 10000000000 + s AS s, k * 10000000000 + e AS e FROM r) r
  ON r.s <= l.s AND l.e <= r.e
  QUALIFY row_number() OVER (PARTITION BY l.id ORDER BY r.e - r.s, r.s, r.e, r.id) = 1"""


def spans(count, reach, longest, seed, keys=None):
    choose = np.random.default_rng(seed)
    start = choose.integers(0, reach, count)
    columns = {"id": np.arange(count), "s": start, "e": start + choose.integers(1, longest, count)}
    if keys:
        columns["k"] = choose.integers(0, keys, count)
    return pa.table(columns)


def bounds(table):
    return table["s"].to_numpy().astype(np.int32), (table["e"].to_numpy() - 1).astype(np.int32)


def checksum(left, right):
    return len(left), int((left * 1_000_003 + right).sum())


def must_agree(mine, theirs):
    if mine != theirs:
        raise SystemExit(f"answers differ: {mine} and {theirs}")


def options_of(mode, how, keys=()):
    return {"on": list(keys), "mode": mode, "how": how,
            "left_span": ["s", "e"], "right_span": ["s", "e"]}


def best_match(door, options, keys, per_key):
    count = int(keys * per_key * options.scale)
    left = spans(count, 100 * per_key, 100, 1, keys)
    right = spans(count, 100 * per_key, 400, 2, keys)
    ours = door.call("interval_align", options_of("containing_best", "left", ["k"]), left, right)
    connection = duckdb.connect(config={"threads": options.threads})
    connection.register("given_l", left)
    connection.register("given_r", right)
    connection.execute("CREATE TABLE l AS FROM given_l; CREATE TABLE r AS FROM given_r")
    mine = ours.table()
    theirs = connection.execute(PACKED).to_arrow_table()
    fill = [checksum(t["id"].to_numpy(), t[r].fill_null(-1).to_numpy())
            for t, r in ((mine, "id_right"), (theirs, "r"))]
    must_agree(*fill)

    def peer(sql):
        return lambda: connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {sql}")

    compare(f"G1 best match, {keys} keys x {per_key} spans a side", ours,
            {"duckdb packed": peer(PACKED)}, {"duckdb packed": 20}, options, mine.num_rows)
    natural = options.__class__(**{**vars(options), "repetitions": 1})
    compare(f"G1 best match, natural SQL, {keys} keys x {per_key} spans a side", ours,
            {"duckdb natural": peer(NATURAL)}, {"duckdb natural": 500}, natural, mine.num_rows)


def overlaps(door, options):
    import superintervals
    count = int(10_000_000 * options.scale)
    left, right = (spans(count, 30 * count, 100, seed) for seed in (1, 2))
    pairs = door.call("interval_align", options_of("overlap_all", "inner"), left, right)
    counts = door.call("interval_align", options_of("count", "left"), left, right)
    coverage = door.call("interval_align", options_of("coverage", "left"), left, right)
    starts, ends = bounds(left)

    def build():
        return superintervals.IntervalMap.from_arrays(*bounds(right))

    counted = counts.table()["match_count"].to_numpy()
    must_agree(int(counted.sum()), int(np.sum(build().count_batch(starts, ends))))
    must_agree(pairs.rows(), int(counted.sum()))
    few = options.__class__(**{**vars(options), "repetitions": min(options.repetitions, 3)})
    compare("G2 all overlaps, 10M x 10M", pairs,
            {"superintervals (one thread)": lambda: build().search_idxs_batch(starts, ends)},
            {"superintervals (one thread)": 15}, few, int(counted.sum()))
    for name, call in (("G3 count, 10M x 10M", counts), ("G3 coverage, 10M x 10M", coverage)):
        compare(name, call,
                {"superintervals count (one thread)": lambda: build().count_batch(starts, ends)},
                {"superintervals count (one thread)": 20}, few, count)


def keyed(door, options):
    import polars as pl
    import polars_bio as pb
    pb.set_option("datafusion.execution.target_partitions", str(options.threads))
    shapes = (("G4 overlap, 100 keys x 3,000 a side", 300_000, 300_000, 100, 6_000, 100),
              ("G4 overlap, 9.9M reads x 1.2M exons, 24 keys", 9_900_000, 1_200_000, 24,
               100_000_000, 300))
    for name, left_count, right_count, keys, reach, longest in shapes:
        left = spans(int(left_count * options.scale), reach, longest, 1, keys)
        right = spans(int(right_count * options.scale), reach, longest, 2, keys)
        ours = door.call("interval_align", options_of("overlap_all", "inner", ["k"]), left, right)
        # It compares keys as text, ends as closed.
        frames = [pl.from_arrow(t).select(
            pl.col("id"), pl.col("k").cast(pl.String).alias("chrom"),
            pl.col("s").cast(pl.Int32).alias("start"),
            (pl.col("e") - 1).cast(pl.Int32).alias("end")) for t in (left, right)]
        for frame in frames:
            frame.config_meta.set(coordinate_system_zero_based=False)

        def theirs():
            return pb.overlap(frames[0], frames[1], output_type="polars.DataFrame")

        mine, other = ours.table(), theirs()
        must_agree(checksum(mine["id"].to_numpy(), mine["id_right"].to_numpy()),
                   checksum(other["id_1"].to_numpy(), other["id_2"].to_numpy()))
        rows = mine.num_rows
        del mine, other
        compare(name, ours, {"polars-bio": theirs}, {"polars-bio": 10}, options, rows)
        print(f"memory: product {peak_bytes_of(ours) >> 20} MiB, "
              f"polars-bio {peak_bytes_of(theirs) >> 20} MiB\n", flush=True)


def main():
    options = arguments(__doc__).parse_args()
    door = Door.from_arguments(options)
    wanted = {"G1", "G2", "G3", "G4"} if not options.only else {options.only[:2]}
    if "G1" in wanted:
        best_match(door, options, 100, 10_000)
        best_match(door, options, 10_000, 100)
    if wanted & {"G2", "G3"}:
        overlaps(door, options)
    if "G4" in wanted:
        keyed(door, options)


if __name__ == "__main__":
    main()
