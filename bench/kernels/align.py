#!/usr/bin/env python3
"""G1 to G4: interval alignment beside DuckDB, SuperIntervals and polars-bio."""

import subprocess
import sys

import duckdb
import numpy as np
import pyarrow as pa

from side_by_side import Door, arguments, compare, peak_bytes_of, record

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


SHAPES = {
    "G4 overlap, 100 keys x 3,000 a side": (300_000, 300_000, 100, 6_000, 100),
    "G4 overlap, 9.9M reads x 1.2M exons, 24 keys": (9_900_000, 1_200_000, 24, 100_000_000, 300),
}


def sides_of(shape, options):
    left, right, keys, reach, longest = SHAPES[shape]
    return (spans(int(left * options.scale), reach, longest, 1, keys),
            spans(int(right * options.scale), reach, longest, 2, keys))


def ours_of(door, mode, how, sides):
    return door.call("interval_align", options_of(mode, how, ["k"]), *sides)


def frame_of(table):
    """As polars-bio has it: keys as text, closed ends."""
    import polars as pl
    frame = pl.from_arrow(table).select(
        pl.col("id"), pl.col("k").cast(pl.String).alias("chrom"),
        pl.col("s").cast(pl.Int32).alias("start"), (pl.col("e") - 1).cast(pl.Int32).alias("end"))
    frame.config_meta.set(coordinate_system_zero_based=False)
    return frame


def theirs_of(verb, sides, options):
    import polars_bio as pb
    pb.set_option("datafusion.execution.target_partitions", str(options.threads))
    frames = [frame_of(side) for side in sides]
    return lambda: getattr(pb, verb)(*frames, output_type="polars.DataFrame")


def keyed(door, options):
    for shape in SHAPES:
        sides = sides_of(shape, options)
        ours = ours_of(door, "overlap_all", "inner", sides)
        theirs = theirs_of("overlap", sides, options)
        mine, other = ours.table(), theirs()
        must_agree(checksum(mine["id"].to_numpy(), mine["id_right"].to_numpy()),
                   checksum(other["id_1"].to_numpy(), other["id_2"].to_numpy()))
        rows = mine.num_rows
        del mine, other
        compare(shape, ours, {"polars-bio": theirs}, {"polars-bio": 10}, options, rows)
        record(options, "memory of one call: " + ", ".join(
            f"{who} {peak_in_own_process(shape, who, options) >> 20} MiB"
            for who in ("product", "polars-bio")))
    # What the table above has no goal for: the answers must agree all the same.
    sides = sides_of("G4 overlap, 100 keys x 3,000 a side", options)
    for name, mode, verb, mine, theirs in (
            ("count", "count", "count_overlaps", "match_count", "count"),
            ("coverage", "coverage", "coverage", "covered_length", "coverage"),
            ("nearest", "nearest", "nearest", "match_score", "distance")):
        ours, peer = ours_of(door, mode, "left", sides), theirs_of(verb, sides, options)
        sign = -1 if mode == "nearest" else 1  # our score is the distance, negated
        found = peer()
        found = found.sort("id_1" if "id_1" in found.columns else "id")[theirs].to_numpy()
        np.testing.assert_array_equal(sign * ours.table()[mine].to_numpy(), found)
        compare(f"G4 {name}, 100 keys x 3,000 a side", ours, {"polars-bio": peer}, {}, options,
                len(found))


def peak_in_own_process(shape, who, options):
    """A process that has called nothing else; a fork of this one would inherit locked threads."""
    command = [sys.executable, __file__, "--door", options.door, "--threads", str(options.threads),
               "--scale", str(options.scale), "--only", shape, "--peak-of", who]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(door, options):
    sides = sides_of(options.only, options)
    work = (ours_of(door, "overlap_all", "inner", sides) if options.peak_of == "product"
            else theirs_of("overlap", sides, options))
    print(peak_bytes_of(work))


def main():
    parser = arguments(__doc__)
    parser.add_argument("--peak-of", choices=("product", "polars-bio"), default="",
                        help="prints the memory that one call of the shape --only adds")
    options = parser.parse_args()
    door = Door.from_arguments(options)
    if options.peak_of:
        print_peak(door, options)
        return
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
