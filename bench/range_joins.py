#!/usr/bin/env python3
"""Range joins in natural SQL from Parquet files: `lakegate sql` as a whole process, with the rule and
without it, beside DuckDB (natural, preferring range joins, keys packed into positions) and
polars-bio where it is installed. All count the pairs and sum what their rows hold."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measured import ROOT, machine, run  # noqa: E402

# left rows, right rows, keys, reach, longest span
SHAPES = {
    "100 keys x 10,000 a side": (1_000_000, 1_000_000, 100, 1_000_000, 100),
    "100 keys x 3,000 a side": (300_000, 300_000, 100, 6_000, 100),
    "9.9M x 1.2M, 24 keys": (9_900_000, 1_200_000, 24, 100_000_000, 300),
    "a key each, 1M x 1M": (1_000_000, 1_000_000, 1_000_000, 1_000, 400),
}
# Pairs of rows that a peer compares in about a minute; what takes more is not run.
MOST_COMPARED = 12_000_000_000
ANSWER = "count(*) AS pairs, sum(l.id % 1000 + r.id % 1000) AS total"
NATURAL = f"SELECT {ANSWER} FROM l JOIN r ON l.k = r.k AND l.s < r.e AND r.s < l.e"
PACKED = f"""SELECT {ANSWER} FROM
  (SELECT id, k * 10000000000 + s AS s, k * 10000000000 + e AS e FROM l) l JOIN
  (SELECT id, k * 10000000000 + s AS s, k * 10000000000 + e AS e FROM r) r
  ON l.s < r.e AND r.s < l.e"""


def spans(count, keys, reach, longest, seed):
    choose = np.random.default_rng(seed)
    start = choose.integers(0, reach, count)
    return pa.table({"id": np.arange(count), "k": choose.integers(0, keys, count), "s": start,
                     "e": start + choose.integers(1, longest, count)})


def seconds_of(work, repetitions):
    times, answer = [], None
    for _ in range(repetitions):
        started = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - started)
    return statistics.median(times), answer


def lakegate(options, folder, *settings):
    command = [options.lakegate, "sql", "--format", "csv", "--no-header", "--set",
               f"threads={options.threads}", *settings]
    for side in "lr":
        command += ["--table", f"{side}={folder / f'{side}.parquet'}"]

    def work():
        _, _, text = run([*command, NATURAL])
        return tuple(int(value) for value in text.decode().strip().split(","))
    return work


def duck(options, folder, sql, *settings):
    connection = duckdb.connect(config={"threads": options.threads})
    for side in "lr":
        connection.execute(f"CREATE VIEW {side} AS FROM '{folder / f'{side}.parquet'}'")
    for setting in settings:
        connection.execute(setting)
    return lambda: tuple(int(value) for value in connection.execute(sql).fetchone())


def polars_bio(options, folder):
    try:
        import polars as pl
        import polars_bio as pb
    except ImportError:
        return None
    pb.set_option("datafusion.execution.target_partitions", str(options.threads))

    def frame(side):
        table = pl.read_parquet(folder / f"{side}.parquet").select(
            pl.col("id"), pl.col("k").cast(pl.String).alias("chrom"),
            pl.col("s").cast(pl.Int32).alias("start"),
            (pl.col("e") - 1).cast(pl.Int32).alias("end"))
        table.config_meta.set(coordinate_system_zero_based=False)
        return table

    def work():
        pairs = pb.overlap(frame("l"), frame("r"), output_type="polars.DataFrame")
        return pairs.height, int((pairs["id_1"] % 1000 + pairs["id_2"] % 1000).sum())
    return work


def bench(name, options, folder):
    left, right, keys, reach, longest = SHAPES[name]
    scale = options.scale
    pq.write_table(spans(int(left * scale), keys, reach, longest, 1), folder / "l.parquet")
    pq.write_table(spans(int(right * scale), keys, reach, longest, 2), folder / "r.parquet")
    everything = left * scale * right * scale
    # All rows of a key; and all that overlap, whatever their key.
    by_key, by_range = everything / keys, everything * min(1, longest / reach)
    mine, answer = seconds_of(lakegate(options, folder), options.repetitions)
    peers = {
        "range_joins=false": (lakegate(options, folder, "--set", "range_joins=false"), by_key),
        "DuckDB natural": (duck(options, folder, NATURAL), by_key),
        "DuckDB prefer_range_joins": (
            duck(options, folder, NATURAL, "SET prefer_range_joins = true"), by_range),
        "DuckDB packed": (duck(options, folder, PACKED), 0),
        "polars-bio": (polars_bio(options, folder), 0),
    }
    lines = [f"### {name}: {answer[0]:,} pairs, product {mine:.3f} s", "",
             "| peer | seconds | times the product's |", "|---|---|---|"]
    for peer, (work, compared) in peers.items():
        if work is None:
            continue
        if compared > MOST_COMPARED:
            lines.append(f"| {peer} | not run: {compared:.1e} comparisons | |")
            continue
        theirs, other = seconds_of(work, 1 if compared > 1e9 else options.repetitions)
        if other != answer:
            raise SystemExit(f"{peer}: answers differ: {answer} and {other}")
        lines.append(f"| {peer} | {theirs:.3f} | {theirs / mine:.1f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lakegate", default=str(ROOT / "build" / "lakegate"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--results", default="", help="a Markdown file to append to")
    options = parser.parse_args()
    print(machine())
    for name in SHAPES:
        if options.only and options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            text = bench(name, options, Path(folder))
        print(text, flush=True)
        if options.results:
            with open(options.results, "a", encoding="utf-8") as file:
                file.write("\n" + text)


if __name__ == "__main__":
    main()
