"""Product and peers side by side: one process, the same rows, A B A B, answers compared first.

    door = Door.from_arguments(options)
    ours = door.call("dedupe", {"keys": ["k"]}, table)
    report = compare("G6 dedupe", ours, {"duckdb QUALIFY": theirs}, goal={"duckdb QUALIFY": 12})

A peer is a callable that does the whole work and leaves its answer where `answer()` finds it.
Times are wall clock around one call. Ratios are made turn by turn, so that a busy minute hits
both sides alike; the report gives the median of the ratios with the least and the greatest.
"""

import argparse
import ctypes
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from measured import ROOT, machine  # noqa: E402

DOOR = ROOT / "build" / "bench" / "bench" / "liblakegate_kernel_door.so"


class _Stream(ctypes.Structure):
    """ArrowArrayStream of the C stream interface."""
    _fields_ = [("callbacks", ctypes.c_void_p * 5)]


class Call:
    """One kernel over tables: `rows()` drains the output, `table()` keeps it."""

    def __init__(self, door, kernel, options, tables):
        self._door, self._kernel, self._tables = door, kernel.encode(), tables
        self._options = json.dumps(options).encode()

    def _open(self):
        inputs = (_Stream * len(self._tables))()
        for stream, table in zip(inputs, self._tables):
            table.to_reader()._export_to_c(ctypes.addressof(stream))
        return self._door.open(self._kernel, self._options, inputs, len(self._tables))

    def rows(self):
        return self._door.drain(self._open())

    def table(self):
        output = self._open()
        return pa.RecordBatchReader._import_from_c(ctypes.addressof(output)).read_all()

    __call__ = rows


class Door:
    """The kernels as the bench library exports them, over Arrow C streams."""

    def __init__(self, path, threads, batch_rows=65_536, memory_limit=0):
        self._library = ctypes.CDLL(str(path))
        self._library.lakegate_bench_drain.restype = ctypes.c_int64
        self._settings = [ctypes.c_int64(value) for value in (threads, batch_rows, memory_limit)]
        self.threads = threads

    @classmethod
    def from_arguments(cls, options):
        return cls(options.door, options.threads)

    def call(self, kernel, options, *tables):
        return Call(self, kernel, options, tables)

    def open(self, kernel, options, inputs, count):
        output, message = _Stream(), ctypes.create_string_buffer(4096)
        failed = self._library.lakegate_bench_open(
            kernel, options, ctypes.byref(inputs), ctypes.c_int32(count), *self._settings,
            ctypes.byref(output), message, ctypes.c_int64(len(message)))
        if failed:
            raise SystemExit(f"{kernel.decode()}: {message.value.decode()}")
        return output

    def drain(self, output):
        message = ctypes.create_string_buffer(4096)
        rows = self._library.lakegate_bench_drain(ctypes.byref(output), message,
                                                  ctypes.c_int64(len(message)))
        if rows < 0:
            raise SystemExit(message.value.decode())
        return rows


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--door", default=str(DOOR))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--scale", type=float, default=1.0, help="of the rows; 1 is the goal's size")
    parser.add_argument("--only", default="", help="part of a bench's name")
    parser.add_argument("--results", default="", help="a Markdown file to append to")
    return parser


def same_rows(ours, theirs, columns=None):
    """Stops unless both tables hold the same rows, in any order, duplicates counted."""
    import duckdb
    names = columns or ours.column_names
    listed = ", ".join(f'"{name}"' for name in names)

    def sums(rows):
        connection = duckdb.connect()
        connection.register("given", rows)
        [found] = connection.execute(
            f"SELECT count(*), sum(hash({listed})::HUGEINT) FROM given").fetchall()
        return found

    mine = sums(ours.select(names))
    other = sums(theirs.select(names).cast(ours.select(names).schema))
    if mine != other:
        raise SystemExit(f"answers differ: {mine[0]} and {other[0]} rows, sums {mine[1]} {other[1]}")
    return mine[0]


def seconds_of(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def page_faults_of(work):
    """Pages that the system had to bring for one call: a warm one recycles its buffers."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def compare(name, ours, peers, goals=None, options=None, rows=None):
    """Times `ours` and every peer in turn, after one unmeasured turn each; prints and returns."""
    goals = goals or {}
    if options.only and options.only not in name:
        return None
    ours()
    times, ratios = [], {peer: [] for peer in peers}
    peer_times = {peer: [] for peer in peers}
    for peer in peers.values():
        peer()
    for _ in range(options.repetitions):
        for peer, work in peers.items():
            mine = seconds_of(ours)
            theirs = seconds_of(work)
            times.append(mine)
            peer_times[peer].append(theirs)
            ratios[peer].append(theirs / mine)
    lines = [f"### {name}", "",
             f"{machine()}; product {statistics.median(times) * 1000:.1f} ms "
             f"({min(times) * 1000:.1f} to {max(times) * 1000:.1f}), "
             f"{page_faults_of(ours)} page faults in a warm call"
             + (f", {rows} rows out" if rows is not None else ""), "",
             "| peer | median | ratio | least | greatest | goal |", "|---|---|---|---|---|---|"]
    for peer, found in ratios.items():
        goal = f"{goals[peer]}" if peer in goals else ""
        lines.append(f"| {peer} | {statistics.median(peer_times[peer]) * 1000:.1f} ms "
                     f"| {statistics.median(found):.1f} | {min(found):.1f} | {max(found):.1f} "
                     f"| {goal} |")
    record(options, "\n".join(lines))
    return {peer: statistics.median(found) for peer, found in ratios.items()}


def record(options, text):
    print(text + "\n", flush=True)
    if options.results:
        with open(options.results, "a", encoding="utf-8") as file:
            file.write(text + "\n\n")


def peak_bytes_of(work):
    """Most resident bytes that `work` adds to this process."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
    before = _memory("VmRSS")
    work()
    return _memory("VmHWM") - before


def _memory(field):
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"the system does not tell {field}")
