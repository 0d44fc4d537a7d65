"""kill -9 in the middle of runs: old or new, never between, and running again completes.

Points are seeded. Half of them are moments of the clock; the other half, where strace can
trace, are the very calls that make data durable or visible, which a clock would rarely hit.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time

import deltalake
import pytest

from conftest import Lakegate, job_run_records

SEED = 20_261_123
POINTS = 100 if os.environ.get("LAKEGATE_SOAK") else 20
OLD_ROWS, NEW_ROWS = 3_000, 60_000
# Each with the most that one thread of a run makes of it, by and large.
CALLS = {"fsync": 40, "rename": 20, "linkat": 1, "unlink": 2, "openat": 60, "write": 60}

JOB = """\
[job]
name = "crash"

[dataset.rows]
location = "rows.ndjson"

[view.doubled]
sql = "SELECT id, id * 2 AS twice, id % 4 AS part FROM rows"

[step.kept]
kernel = "dedupe"
input = "doubled"
keys = ["id"]
strategy = "keep_first"
order_by = ["twice"]

[output.replaced]
source = "kept"
location = "out/replaced"
format = "delta"
mode = "overwrite"
partition_by = ["part"]
app_transaction = "auto"

[output.appended]
source = "kept"
location = "out/appended"
format = "delta"
mode = "append"
app_transaction = "auto"

[output.file]
source = "kept"
location = "out/rows.csv"
mode = "overwrite"
"""


def write_rows(folder, count):
    with open(folder / "rows.ndjson", "w", encoding="utf-8") as out:
        out.writelines(f'{{"id":{i}}}\n' for i in range(count))


def can_trace():
    try:
        return subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=False,
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def before(program, tmp_path_factory):
    """A finished run over the old rows, then new rows at the input; and how long a run takes."""
    lakegate = Lakegate(program, tmp_path_factory.mktemp("before"))
    (lakegate.folder / "job.toml").write_text(JOB, encoding="utf-8")
    write_rows(lakegate.folder, OLD_ROWS)
    lakegate.ok("run", "job.toml")
    write_rows(lakegate.folder, NEW_ROWS)
    trial = copy_of(lakegate, tmp_path_factory.mktemp("trial") / "run")
    started = time.monotonic()
    trial.ok("run", "job.toml")
    return lakegate, time.monotonic() - started


def copy_of(lakegate, target):
    shutil.copytree(lakegate.folder, target, copy_function=shutil.copy2)
    return Lakegate(lakegate.program, target)


def ids(folder, name):
    table = deltalake.DeltaTable(str(folder / "out" / name))
    return table.version(), sorted(table.to_pyarrow_table(columns=["id"])["id"].to_pylist())


def csv_rows(folder):
    lines = (folder / "out" / "rows.csv").read_text(encoding="utf-8").splitlines()
    return len(lines) - 1


def assert_old_or_new(folder):
    old, new = list(range(OLD_ROWS)), list(range(NEW_ROWS))
    version, found = ids(folder, "replaced")
    assert (version, found) in ((0, old), (1, new)), (version, len(found))
    version, found = ids(folder, "appended")
    assert (version, found) in ((0, old), (1, sorted(old + new))), (version, len(found))
    assert csv_rows(folder) in (OLD_ROWS, NEW_ROWS)


def killed_by_clock(lakegate, moment):
    process = lakegate.start("run", "job.toml")
    try:
        process.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def killed_at_call(lakegate, call, number):
    """The n-th such call of the thread that makes it first ends the process before it is made."""
    done = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e",
         f"inject={call}:signal=SIGKILL:when={number}", str(lakegate.program), "run", "job.toml"],
        cwd=lakegate.folder, env=lakegate.environment(), check=False, capture_output=True,
        timeout=300)
    return done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_a_killed_run_leaves_old_or_new_and_the_next_completes(before, tmp_path):
    lakegate, seconds = before
    choose = random.Random(SEED)
    tracing = can_trace()
    killed = 0
    for point in range(POINTS):
        trial = copy_of(lakegate, tmp_path / str(point))
        if tracing and point % 2:
            call = choose.choice(sorted(CALLS))
            number = choose.randint(1, CALLS[call])
            died = killed_at_call(trial, call, number)
            where = f"seed {SEED}, point {point}: {call} number {number}"
        else:
            moment = choose.uniform(0.0, seconds)
            died = killed_by_clock(trial, moment)
            where = f"seed {SEED}, point {point}: after {moment:.3f} s"
        killed += died
        print(f"{where}: {'killed' if died else 'had ended'}")
        try:
            assert_old_or_new(trial.folder)
            check_record(trial.folder, died)
            finished = has_finished(trial.folder)
            assert finished or died
            trial.ok("run", "job.toml")
            assert ids(trial.folder, "replaced")[1] == list(range(NEW_ROWS))
            wanted = [*range(OLD_ROWS), *range(NEW_ROWS)]
            if finished:
                # The run had ended: running again is new work, and appends once more.
                wanted += range(NEW_ROWS)
            found = ids(trial.folder, "appended")[1]
            assert found == sorted(wanted), (len(found), len(wanted))
            assert csv_rows(trial.folder) == NEW_ROWS
            assert not leftovers(trial.folder)
        except AssertionError as failure:
            raise AssertionError(where) from failure
        shutil.rmtree(trial.folder)
    assert killed >= POINTS // 2, f"only {killed} of {POINTS} points met a running process"


def check_record(folder, died):
    """A killed run's record says that it runs, and which step it was at."""
    records = job_run_records(folder)
    if not died or len(records) < 2:
        return
    record = records[-1]
    assert record["status"] in ("running", "completed")
    for step in record["steps"][:-1]:
        assert step["status"] == "completed", record["steps"]


def has_finished(folder):
    """Whether the second run marked its sequence complete, its last act."""
    text = (folder / ".lakegate" / "runs" / "crash.sequence").read_text(encoding="utf-8")
    saved = json.loads(text)
    return saved["sequence"] == 2 and saved["complete"]


def leftovers(folder):
    """Names that a reader would take for data. A killed write may leave a hidden temporary."""
    return [path.name for path in (folder / "out").iterdir()
            if path.name not in ("replaced", "appended", "rows.csv")
            and not (path.name.startswith(".") and path.name.endswith(".lakegate-tmp"))]


def test_the_record_of_a_killed_run_is_valid_json(before, tmp_path):
    lakegate, seconds = before
    trial = copy_of(lakegate, tmp_path / "run")
    process = trial.start("run", "job.toml")
    deadline = time.monotonic() + 60
    while len(job_run_records(trial.folder)) < 2 and time.monotonic() < deadline:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    record = json.loads(max((trial.folder / ".lakegate" / "runs").glob("*.json")).read_text())
    assert record["job"] == "crash"
    assert record["status"] in ("running", "completed")
