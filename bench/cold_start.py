#!/usr/bin/env python3
"""A cold process, `lakegate sql "select 1"`: median of 20."""

import statistics
import tempfile

from measured import arguments, machine, run


def main():
    options = arguments(__doc__, repeat=20)
    command = [options.lakegate, "sql", "--format", "csv", "select 1"]
    with tempfile.TemporaryDirectory() as folder:
        run(command, cwd=folder)  # the page cache holds the library from here on
        results = [run(command, cwd=folder) for _ in range(options.repeat)]
    seconds = [result[0] * 1000 for result in results]
    peak = max(result[1] for result in results) / 2**20
    print(machine())
    print(f"select 1, cold process: median {statistics.median(seconds):.1f} ms, "
          f"min {min(seconds):.1f}, max {max(seconds):.1f} of {options.repeat}; "
          f"peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main()
