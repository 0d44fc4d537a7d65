"""Processes that change one Delta table at once, with faults and kills, held to a model.

One seed is one history: several processes run seeded operations (append, overwrite, delete,
update, merge, transactions of several of them, compaction, checkpoint, vacuum, log clean-up,
property change, restore, read) against one table, which marks deleted rows in every second
history, while `faults.c` makes the calls of a commit late, fail, fail after they
succeeded, or be the last that a process does. The log is then read raw and held to this:

- versions are contiguous, and no entry changes once it was seen;
- an operation that reported success is in the log exactly once, at the version it reported;
  one that reported failure is not there; one that was killed, or could not tell, at most once;
- the operations done one after the other, in the order of the log, give exactly the rows of
  every version, as the `deltalake` package reads them;
- every read of a process equals one version.

    python3 tests/concurrency/check.py --lakegate build/lakegate --seeds 2000 [--first 0]

prints the seeds that failed, and exits with 1 when there are any.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import deltalake
import pyarrow

WORKERS = 3
OPERATIONS = 15


class Violation(AssertionError):
    """What a history did that it must not."""


class Operation:
    """One call of the command, and what it does to a model: {id: n}."""

    def __init__(self, kind, number, rng):
        self.kind = kind
        self.run_id = f"op-{number}"
        self.fresh = [1000 + 10 * number, 1001 + 10 * number]
        self.rest = rng.randrange(7)
        self.number = number
        self.target = rng.randrange(3)

    def arguments(self, table):
        run = ["--run-id", self.run_id]
        values = ", ".join(f"({i}, {self.number})" for i in self.fresh)
        rows = f"SELECT * FROM (VALUES {values}) AS v(id, n)"
        write = ["write", "--to", table, "--json", *run, "--sql", rows, "--mode"]
        change = ["--json", *run]
        return {
            "append": [*write, "append"],
            "overwrite": [*write, "overwrite"],
            "delete": ["delta", "delete", table, "--where", f"id % 7 = {self.rest}", *change],
            "update": ["delta", "update", table, "--set-column", "n=n + 1", "--where",
                       f"id % 5 = {self.rest % 5}", *change],
            "merge": ["delta", "merge", table, "--on", "target.id = source.id", "--sql",
                      f"{rows} UNION ALL SELECT {self.rest}, {self.number}", *change,
                      "--when", "matched then update", "--when", "not matched then insert"],
            "transaction": ["sql", "--policy", "write", "--table", f"t={table}", *change,
                            f"BEGIN; DELETE FROM t WHERE id % 7 = {self.rest}; INSERT INTO t "
                            f"VALUES {values}; UPDATE t SET n = n + 1 WHERE id % 5 = "
                            f"{self.rest % 5}; COMMIT"],
            "optimize": ["delta", "optimize", table, *change],
            "checkpoint": ["delta", "checkpoint", table, *change],
            "vacuum": ["delta", "vacuum", table, "--apply", *change],
            "clean-log": ["delta", "clean-log", table, *change],
            "set": ["delta", "set", table, f"note=of {self.number}", *change],
            "restore": ["delta", "restore", table, "--version", str(self.target), *change],
            "read": ["sql", "--format", "ndjson", "--table", f"t={table}",
                     "SELECT id, n FROM t ORDER BY id"],
        }[self.kind]

    def apply(self, model, versions):
        """The model after the operation; `versions` are the models before it."""
        model = dict(model)
        if self.kind == "overwrite":
            model = {}
        if self.kind in ("delete", "transaction"):
            model = {i: n for i, n in model.items() if i % 7 != self.rest}
        if self.kind in ("append", "overwrite", "transaction"):
            model.update({i: self.number for i in self.fresh})
        if self.kind in ("update", "transaction"):
            model = {i: n + (1 if i % 5 == self.rest % 5 else 0) for i, n in model.items()}
        elif self.kind == "merge":
            model.update({i: self.number for i in [*self.fresh, self.rest]})
        elif self.kind == "restore":
            model = dict(versions[self.target])
        return model


KINDS = (["append"] * 5 + ["delete"] * 3 + ["update"] * 4 + ["merge"] * 3 + ["optimize"] * 3 +
         ["transaction"] * 4 +
         ["overwrite", "restore", "checkpoint", "vacuum", "clean-log", "set"] + ["read"] * 3)
SILENT = {"checkpoint", "vacuum", "clean-log", "read"}


@dataclass
class Totals:
    """How the operations of some histories ended."""

    committed: int = 0
    killed: int = 0
    failed: int = 0

    def add(self, outcomes, committed):
        self.committed += committed
        self.killed += sum(1 for _, done in outcomes if done.returncode < 0)
        self.failed += sum(1 for _, done in outcomes if done.returncode > 0)


class History:
    """One seed, run and checked."""

    def __init__(self, program, seed, faults, folder):
        self.program = str(program)
        self.seed = seed
        self.faults = faults
        self.table = str(Path(folder) / "t")
        self.rng = random.Random(seed)
        self.outcomes = []
        self.seen = {}
        self.running = True
        self.committed = 0

    def environment(self, number):
        keep = {k: v for k, v in os.environ.items() if not k.startswith("LAKEGATE_")}
        keep.update(HOME=str(Path(self.table).parent), NO_COLOR="1")
        if number is not None and self.faults:
            keep.update(LD_PRELOAD=str(self.faults), FAULTS_UNDER=self.table,
                        FAULTS_SEED=str(self.seed * 1000 + number),
                        FAULTS_RATE="60")
        return keep

    def call(self, arguments, number=None):
        return subprocess.run([self.program, *arguments], env=self.environment(number),
                              cwd=Path(self.table).parent, capture_output=True, text=True,
                              check=False, timeout=120)

    def watch(self):
        """Entries as they were first seen whole."""
        for entry in sorted(Path(self.table, "_delta_log").glob("*.json")):
            self.seen.setdefault(entry.name, hashlib.sha256(entry.read_bytes()).hexdigest())

    def watch_on(self):
        while self.running:
            self.watch()
            threading.Event().wait(0.003)

    def run(self):
        marks = "true" if self.seed % 2 else "false"
        first = self.call(["write", "--to", self.table, "--format", "delta",
                           "--property", f"delta.enableDeletionVectors={marks}", "--sql",
                           "SELECT * FROM (VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)) "
                           "AS v(id, n)"])
        if first.returncode != 0:
            raise Violation(f"the table could not be made: {first.stderr}")
        # Two more versions without faults, so that a restore has somewhere to go.
        for number in (1, 2):
            self.one(Operation("append", number, self.rng), faults=False)
        operations = [Operation(self.rng.choice(KINDS), number, self.rng)
                      for number in range(3, 3 + OPERATIONS)]
        watcher = threading.Thread(target=self.watch_on)
        watcher.start()
        try:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(self.one, operations))
        finally:
            self.running = False
            watcher.join()
        self.check()

    def one(self, operation, faults=True):
        done = self.call(operation.arguments(self.table), operation.number if faults else None)
        self.outcomes.append((operation, done))

    def check(self):
        entries = self.entries()
        committed = self.match(entries)
        self.committed = len(committed)
        models = self.replay(entries, committed)
        for operation, done in self.outcomes:
            if operation.kind == "read" and done.returncode == 0:
                rows = [json.loads(line) for line in done.stdout.splitlines()]
                if {row["id"]: row["n"] for row in rows} not in models.values():
                    raise Violation(f"a read is no version: {rows}")

    def entries(self):
        """version: actions"""
        found = {}
        for entry in sorted(Path(self.table, "_delta_log").glob("*.json")):
            text = entry.read_bytes()
            if self.seen.get(entry.name, digest := hashlib.sha256(text).hexdigest()) != digest:
                raise Violation(f"an entry was written again: {entry.name}")
            found[int(entry.stem)] = [json.loads(line) for line in text.splitlines()]
        if sorted(found) != list(range(len(found))):
            raise Violation(f"versions are not contiguous: {sorted(found)}")
        return found

    def match(self, entries):
        """version: operation"""
        versions = {}
        for version, actions in entries.items():
            info = next(action["commitInfo"] for action in actions if "commitInfo" in action)
            if "lakegateRunId" in info:
                versions.setdefault(info["lakegateRunId"], []).append(version)
        committed = {}
        for operation, done in self.outcomes:
            at = versions.pop(operation.run_id, [])
            error = done.stderr.strip().splitlines()[-1:] or [""]
            uncertain = done.returncode < 0 or "kCommitUnknown" in error[0]
            if len(at) > 1 or (operation.kind in SILENT and at):
                raise Violation(f"{operation.kind} {operation.run_id} landed at {at}")
            if done.returncode == 0 and operation.kind not in SILENT:
                said = json.loads(done.stdout)["version"]
                nothing = said == -1 and not at
                if not nothing and [said] != at:
                    raise Violation(f"{operation.kind} said {said} and landed at {at}")
            elif done.returncode != 0 and not uncertain and at:
                raise Violation(f"{operation.kind} failed and landed at {at}: {error[0]}")
            if at:
                committed[at[0]] = operation
        if versions:
            raise Violation(f"entries of nobody: {versions}")
        return committed

    def replay(self, entries, committed):
        """version: model; each is what an independent reader finds there."""
        models = {}
        for version in entries:
            if version == 0:
                models[0] = {i: 0 for i in range(6)}
            elif version not in committed:
                raise Violation(f"version {version} is nobody's")
            else:
                models[version] = committed[version].apply(models[version - 1], models)
            reader = deltalake.QueryBuilder().register(
                "t", deltalake.DeltaTable(self.table, version=version))
            table = pyarrow.table(reader.execute("SELECT id, n FROM t").read_all())
            rows = sorted(zip(table["id"].to_pylist(), table["n"].to_pylist()))
            if rows != sorted(models[version].items()):
                kind = committed[version].kind if version else "creation"
                raise Violation(f"version {version} ({kind}): {rows} is not "
                                f"{sorted(models[version].items())}")
        return models


def build_faults(folder):
    """The library that is loaded before the command's own."""
    source = Path(__file__).resolve().parent / "faults.c"
    library = Path(folder) / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


def check_seed(program, seed, faults, totals):
    """None, or what the seed's history did that it must not."""
    with tempfile.TemporaryDirectory(prefix="lakegate-concurrency-") as folder:
        history = History(program, seed, faults, folder)
        try:
            history.run()
        except Violation as violation:
            return str(violation)
        finally:
            totals.add(history.outcomes, history.committed)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lakegate", required=True)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    program = Path(options.lakegate).resolve()
    failed = 0
    totals = Totals()
    with tempfile.TemporaryDirectory() as folder:
        faults = build_faults(folder)
        for seed in range(options.first, options.first + options.seeds):
            violation = check_seed(program, seed, faults, totals)
            if violation:
                failed += 1
                print(f"seed {seed}: {violation}", flush=True)
    print(f"{options.seeds} seeds, {failed} failed; operations: {totals}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
