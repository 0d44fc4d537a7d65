#!/usr/bin/env python3
"""G13, G14 and G15: rows that lie in memory (an Arrow file in the page cache) become files.

The product is `lakegate write` as a whole process, reading the Arrow file itself; its peers have
the rows in memory already and are timed around the one call that writes. Bytes are those on the
disk. The product syncs its files unless the line says otherwise, its peers do not."""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import deltalake
import duckdb
import numpy as np
import polars
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent))
from measured import ROOT, machine, run  # noqa: E402


def six_columns(rows):
    random = np.random.default_rng(7)
    words = np.array([f"word-{i:05d}" for i in range(20_000)])
    return pa.table({
        "id": pa.array(np.arange(rows), pa.int64()),
        "key": pa.array(random.integers(0, 1_000_000, rows), pa.int64()),
        "small": pa.array(random.integers(0, 100, rows), pa.int32()),
        "value": pa.array(random.normal(size=rows), pa.float64()),
        "moment": pa.array(1_700_000_000_000_000 + np.arange(rows) * 1000, pa.timestamp("us")),
        "text": pa.array(words[random.integers(0, len(words), rows)]),
    })


def size(path):
    path = Path(path)
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files if "_delta_log" not in str(file))


def measured(work, out, repetitions):
    """(median seconds, bytes): `work` writes `out`, which is removed before each time."""
    seconds = []
    written = 0
    for _ in range(repetitions):
        shutil.rmtree(out, ignore_errors=True)
        Path(out).unlink(missing_ok=True)
        seconds.append(work())
        written = size(out)
    return statistics.median(seconds), written


def timed(call):
    def work():
        started = time.perf_counter()
        call()
        return time.perf_counter() - started
    return work


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lakegate", default=str(ROOT / "build" / "lakegate"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source = folder / "source.arrow"
        table = six_columns(options.rows)
        with pa.OSFile(str(source), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=1 << 16)
        frame = polars.from_arrow(table)
        connection = duckdb.connect(config={"threads": options.threads})
        connection.register("t", table)

        def product(columns, out, form, *settings):
            def work():
                seconds, _, _ = run([options.lakegate, "write", "--sql", f"SELECT {columns} FROM s",
                                     "--table", f"s={source}", "--to", str(out), "--format", form,
                                     "--set", f"threads={options.threads}", *settings])
                return seconds
            return work

        def compare(title, out, mine, peers):
            if options.only and options.only not in title:
                return
            print(f"\n### {title}, {options.rows:,} rows\n")
            print("| what | seconds | MiB | times the product's |\n|---|---|---|---|")
            base = None
            for name, work in {**mine, **peers}.items():
                seconds, written = measured(work, out, options.repetitions)
                base = base or seconds
                print(f"| {name} | {seconds:.3f} | {written / 2**20:.1f} | {seconds / base:.2f} |",
                      flush=True)

        cached = ("--set", "durable_writes=false")
        for codec in ("snappy", "zstd"):
            out = folder / "delta"
            wanted = ("--option", f"compression={codec}")
            compare(f"G13 Delta, 6 columns, {codec}", out,
                    {"lakegate, not synced": product("*", out, "delta", *wanted, *cached),
                     "lakegate": product("*", out, "delta", *wanted)},
                    {"deltalake": timed(lambda: deltalake.write_deltalake(
                        str(out), table, writer_properties=deltalake.WriterProperties(
                            compression=codec.upper())))})
            file = folder / "t.parquet"
            compare(f"G13 Parquet, 6 columns, {codec}", file,
                    {"lakegate, not synced": product("*", file, "parquet", *wanted, *cached),
                     "lakegate": product("*", file, "parquet", *wanted)},
                    {"DuckDB": timed(lambda: connection.execute(
                        f"COPY t TO '{file}' (FORMAT parquet, COMPRESSION {codec})")),
                     "polars": timed(lambda: frame.write_parquet(file, compression=codec))})
        out = folder / "delta"
        three = table.select(["id", "small", "text"])
        compare("G15 Delta append, 3 columns", out,
                {"lakegate, not synced": product("id, small, text", out, "delta", *cached),
                 "lakegate": product("id, small, text", out, "delta")},
                {"deltalake": timed(lambda: deltalake.write_deltalake(str(out), three))})
        for form, peer in (("csv", frame.write_csv), ("ndjson", frame.write_ndjson),
                           ("arrow", lambda path: frame.write_ipc(path, compression="uncompressed"))):
            file = folder / f"t.{form}"
            compare(f"G14 {form}", file,
                    {"lakegate, not synced": product("*", file, form, *cached),
                     "lakegate": product("*", file, form)},
                    {"polars": timed(lambda: peer(file))})


if __name__ == "__main__":
    main()
