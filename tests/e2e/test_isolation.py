"""Statements in worker processes: the same answers, and nothing that a text does is the session's."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from conftest import error_object

IN_WORKERS = ("--set", "isolation=process")
ENDLESS = ("SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b "
           "WHERE a.value * b.value % 7 = 8")


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def lives(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def start_endless(lakegate, *arguments):
    running = lakegate.start("sql", *IN_WORKERS, "--policy", "admin", *arguments, ENDLESS)
    [worker] = wait_for(lambda: children_of(running.pid))
    # At work: it has used some processor time.
    wait_for(lambda: int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11]) > 10)
    return running, worker


def test_an_interrupt_ends_the_worker_at_once(lakegate):
    running, worker = start_endless(lakegate)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 14, stderr
    assert "kCancelled" in stderr
    assert not lives(worker)


def test_a_killed_session_takes_its_worker_along(lakegate):
    running, worker = start_endless(lakegate)
    running.kill()
    running.communicate(timeout=60)
    wait_for(lambda: not lives(worker))


def test_a_killed_worker_is_an_error_of_its_statement(lakegate):
    statements = lakegate.folder / "statements.sql"
    statements.write_text(f"SELECT 1 AS before; {ENDLESS}; SELECT 42 AS after")
    running = lakegate.start("sql", *IN_WORKERS, "--policy", "admin", "--keep-going", "--format",
                             "csv", "-f", statements)
    [worker] = wait_for(lambda: children_of(running.pid))
    wait_for(lambda: int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[11]) > 30)
    os.kill(worker, signal.SIGSEGV)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode != 0
    assert "before\n1\n" in stdout and "after\n42\n" in stdout
    assert "kInternal" in stderr and "signal 11" in stderr


@pytest.mark.parametrize("sql, kind", [
    # More than the addresses of a worker, which the pool of the engine does not count.
    ("SELECT length(repeat('x', 2100000000))", "kResourceLimit"),
    ("SELECT count(DISTINCT repeat('x', 1000000)) FROM generate_series(1, 100000)", None),
    # Late in the middle of a join that nothing inside stops.
    (ENDLESS, "kTimeout"),
    # One call after the other that makes what is allowed.
    ("SELECT sum(length(repeat('x', 200000000))) FROM generate_series(1, 1000000)", None),
])
def test_a_bomb_ends_its_worker_and_nothing_else(lakegate, sql, kind):
    statements = lakegate.folder / "statements.sql"
    statements.write_text(f"{sql}; SELECT 42 AS after")
    done = lakegate.run("sql", *IN_WORKERS, "--policy", "admin", "--keep-going", "--format", "csv",
                        "--set", "worker_address_space=2GiB", "--set", "function_limit=0B", "--set", "memory_limit=256MiB",
                        "--set", "time_limit=5s", "--set", "sql_plan_time_limit=5s", "-f", statements,
                        timeout=120)
    assert "after\n42\n" in done.stdout
    if kind:
        assert kind in done.stderr, done.stderr
    else:
        assert done.returncode in (0, 13), done.stderr


def test_answers_and_refusals_are_those_of_the_session(lakegate):
    (lakegate.folder / "t.csv").write_text("a,b\n1,x\n2,y\n3,\n")
    for sql in ("SELECT * FROM t", "SELECT b, count(*) FROM t GROUP BY b ORDER BY 1",
                "SELECT * FROM dedupe('t', keys => ['b'])", "SELECT 1 / 0", "SELECT a.b.c FROM t",
                "DELETE FROM t", "SELECT * FROM 'secret.csv'", "SELEC", "", "SELECT $1",
                "EXPLAIN SELECT 1", "DESCRIBE t"):
        plain, apart = (lakegate.run("sql", "--json", "--format", "ndjson", "--table", "t=t.csv",
                                     *extra, sql) for extra in ((), IN_WORKERS))
        assert (plain.returncode, plain.stdout) == (apart.returncode, apart.stdout), sql
        assert plain.stderr == apart.stderr, sql


def test_writes_take_their_rows_from_a_worker(lakegate):
    (lakegate.folder / "t.csv").write_text("a\n1\n2\n")
    for extra, table in ((IN_WORKERS, "apart"), ((), "here")):
        lakegate.ok("write", *extra, "--table", "t=t.csv", "--sql", "SELECT a * 2 AS b FROM t",
                    "--to", table, "--format", "delta")
    apart, here = (lakegate.rows("SELECT * FROM t", "--table", f"t={table}")
                   for table in ("apart", "here"))
    assert apart == here == [{"b": 2}, {"b": 4}]
    refused = lakegate.run("write", *IN_WORKERS, "--json", "--sql", "DROP TABLE t", "--to", "no",
                           "--format", "delta")
    assert error_object(refused.stderr)["kind"] == "kSqlPolicyViolation"
    assert not (lakegate.folder / "no").exists()


def test_a_job_runs_its_statements_in_workers(lakegate):
    (lakegate.folder / "t.csv").write_text("a\n1\n1\n2\n")
    (lakegate.folder / "job.toml").write_text("""
[job]
name = "apart"
[dataset.t]
location = "t.csv"
[view.twice]
sql = "SELECT a * 2 AS b FROM t"
[step.once]
kernel = "dedupe"
input = "twice"
keys = ["b"]
[output.rows]
source = "once"
location = "rows.ndjson"
""")
    done = lakegate.run("run", "job.toml", *IN_WORKERS, "--json")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (lakegate.folder / "rows.ndjson").read_text().splitlines()]
    assert rows == [{"b": 2}, {"b": 4}]


def test_the_preset_for_the_untrusted_has_workers(lakegate):
    shown = lakegate.ok("config", "show", "--profile", "untrusted")
    assert "isolation" in shown and "process" in shown
    # No room for anything outside the roots, and an answer all the same.
    assert lakegate.rows("SELECT 42 AS answer", "--profile", "untrusted") == [{"answer": 42}]


def test_nobody_starts_a_worker_by_hand(lakegate):
    done = lakegate.run("worker")
    assert done.returncode == 2
    assert "never by hand" in done.stderr


def test_nothing_is_left_in_the_temporary_folder(lakegate):
    spill = lakegate.folder / "spill"
    spill.mkdir()
    lakegate.ok("sql", *IN_WORKERS, "--set", f"spill_directory={spill}", "SELECT 1")
    assert list(spill.iterdir()) == []
