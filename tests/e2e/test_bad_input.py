"""Everything that can be wrong with what a user hands in.

Each case: a typed error, the exit code of its class, a message that names the thing to
change, and nothing written.
"""

import ctypes
import json
import os
import signal
import time

import pyarrow as pa
import pyarrow.parquet
import pytest

from conftest import (EXIT_CODES, Lakegate, as_another_user, error_object, everything_below,
                      job_run_records)

GOOD_JOB = """\
[job]
name = "bad"

[dataset.rows]
location = "rows.csv"

[view.shown]
sql = "SELECT id, word, lo, hi FROM rows"

[step.once]
kernel = "dedupe"
input = "shown"
keys = ["id"]
strategy = "keep_first"
order_by = ["word"]

[step.matched]
kernel = "interval_align"
left = "once"
right = "rows"
left_span = ["lo", "hi"]
right_span = ["lo", "hi"]
mode = "containing_best"
how = "left"

[output.result]
source = "matched"
location = "out/result"
format = "delta"
"""


@pytest.fixture
def folder(lakegate):
    """Good input and a good job; each test breaks one thing."""
    lines = ["id,word,lo,hi"] + [f"{i},w{i % 7},{i},{i + 5}" for i in range(1000)]
    (lakegate.folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (lakegate.folder / "job.toml").write_text(GOOD_JOB, encoding="utf-8")
    return lakegate.folder


def refuse(lakegate, arguments, kinds, *words, **options):
    """Runs what must be refused; the error is typed, says what to change, and wrote nothing."""
    before = everything_below(lakegate.folder)
    error = lakegate.error(*arguments, **options)
    assert error["kind"] in kinds.split("|"), error
    for word in words:
        assert word.lower() in error["message"].lower(), error["message"]
    assert everything_below(lakegate.folder) == before
    return error


def job_with(folder, old, new):
    text = (folder / "job.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "job.toml").write_text(text.replace(old, new, 1), encoding="utf-8")


RUN = ("run", "job.toml")


def test_the_good_job_runs(lakegate, folder):
    lakegate.ok(*RUN)
    assert lakegate.rows("SELECT count(*) AS n FROM t", "--table", "t=out/result") == [{"n": 1000}]


# The job file.

def test_job_file_missing(lakegate):
    refuse(lakegate, ("run", "nowhere.toml"), "kNotFound", "nowhere.toml")


def test_job_file_is_a_folder(lakegate):
    (lakegate.folder / "job.toml").mkdir()
    error = lakegate.error(*RUN)
    assert error["kind"] in ("kIo", "kInvalidArgument")
    assert "job.toml" in error["message"]


def test_job_file_is_not_toml(lakegate, folder):
    job_with(folder, 'input = "shown"', "input = shown")
    error = refuse(lakegate, RUN, "kInvalidArgument", "TOML", "job.toml:12")
    assert error["detail"]["line"] == 12


def test_unknown_key_names_the_nearest(lakegate, folder):
    job_with(folder, "strategy =", "stratgey =")
    refuse(lakegate, RUN, "kInvalidArgument", "stratgey", "strategy")


def test_unknown_setting_names_the_nearest(lakegate, folder):
    job_with(folder, "[dataset.rows]", '[profile]\nmemory_limt = "1 GiB"\n\n[dataset.rows]')
    refuse(lakegate, RUN, "kInvalidArgument", "memory_limt", "memory_limit")


def test_unknown_dataset_names_the_nearest(lakegate, folder):
    job_with(folder, 'input = "shown"', 'input = "show"')
    refuse(lakegate, RUN, "kInvalidArgument", "'show'", "shown")


def test_unknown_relation_in_a_view_names_the_nearest(lakegate, folder):
    job_with(folder, "FROM rows", "FROM rowz")
    error = lakegate.error(*RUN)
    assert error["kind"] in ("kInvalidArgument", "kNotFound")
    assert "rowz" in error["message"] and "rows" in error["message"]


def test_forward_reference(lakegate, folder):
    job_with(folder, 'input = "shown"', 'input = "matched"')
    job_with(folder, 'left = "once"', 'left = "shown"')
    refuse(lakegate, RUN, "kInvalidArgument", "once", "matched")


def test_cycle_names_its_members(lakegate, folder):
    job_with(folder, 'input = "shown"', 'input = "matched"')
    refuse(lakegate, RUN, "kInvalidArgument", "once", "matched")


def test_view_that_reads_itself(lakegate, folder):
    job_with(folder, "FROM rows", "FROM shown")
    refuse(lakegate, RUN, "kInvalidArgument", "shown")


def test_unknown_word_lists_the_words(lakegate, folder):
    job_with(folder, "containing_best", "surrounding")
    refuse(lakegate, RUN, "kInvalidArgument", "surrounding", "containing_best")


def test_two_things_of_one_name(lakegate, folder):
    job_with(folder, "[step.once]", "[step.rows]")
    refuse(lakegate, RUN, "kInvalidArgument", "rows")


# Columns and types.

def test_missing_key_column_lists_the_columns(lakegate, folder):
    job_with(folder, 'keys = ["id"]', 'keys = ["ident"]')
    refuse(lakegate, RUN, "kNotFound", "ident", "id", "word", "lo", "hi")


def test_missing_column_in_sql(lakegate, folder):
    job_with(folder, "SELECT id, word", "SELECT id, wrd AS word")
    error = lakegate.error(*RUN)
    assert error["kind"] in ("kInvalidSql", "kSchemaMismatch", "kNotFound")
    assert "wrd" in error["message"] and "word" in error["message"]
    assert not (folder / "out").exists()


def test_span_bounds_of_the_wrong_type(lakegate, folder):
    job_with(folder, 'left_span = ["lo", "hi"]', 'left_span = ["word", "hi"]')
    refuse(lakegate, RUN, "kSchemaMismatch", "word")


def test_append_of_the_wrong_type(lakegate, folder):
    lakegate.ok("write", "--sql", "SELECT 1 AS id", "--to", "t", "--format", "delta")
    refuse(lakegate, ("write", "--sql", "SELECT 'x' AS id", "--to", "t", "--format", "delta",
                      "--mode", "append"), "kSchemaMismatch", "id")


def test_partition_column_that_is_not_there(lakegate):
    refuse(lakegate, ("write", "--sql", "SELECT 1 AS id", "--to", "t", "--format", "delta",
                      "--partition-by", "day"), "kNotFound", "day", "id")


# Files.

def count_of(location, *more):
    return ("sql", "SELECT count(*) AS n, sum(id) AS s FROM t", "--table", f"t={location}", *more)


def test_dataset_file_missing(lakegate):
    refuse(lakegate, count_of("nowhere.csv"), "kNotFound", "nowhere.csv")


def test_directory_where_a_file_belongs(lakegate, folder):
    (folder / "rows.csv").unlink()
    (folder / "rows.csv").mkdir()
    refuse(lakegate, RUN, "kInvalidArgument|kNotFound", "rows.csv", "folder")


def test_folder_with_a_file_where_a_file_belongs(lakegate, folder):
    (folder / "rows.csv").rename(folder / "other.csv")
    (folder / "rows.csv").mkdir()
    (folder / "other.csv").rename(folder / "rows.csv" / "part.csv")
    refuse(lakegate, RUN, "kInvalidArgument", "rows.csv", "folder")


def test_empty_folder(lakegate):
    (lakegate.folder / "empty").mkdir()
    refuse(lakegate, count_of("empty"), "kNotFound", "empty")


@pytest.mark.parametrize("name", ["t.csv", "t.ndjson", "t.parquet", "t.arrow"])
def test_empty_file(lakegate, name):
    (lakegate.folder / name).touch()
    refuse(lakegate, count_of(name), "kCorruptData", "empty", name)


def parquet_bytes(folder):
    table = pa.table({"id": list(range(50_000)), "text": [f"text {i}" for i in range(50_000)]})
    pyarrow.parquet.write_table(table, folder / "good.parquet")
    return (folder / "good.parquet").read_bytes()


@pytest.mark.parametrize("damage", ["footer", "magic", "half", "pages", "text"])
def test_corrupt_parquet(lakegate, damage):
    raw = bytearray(parquet_bytes(lakegate.folder))
    if damage == "footer":
        raw[-200:-8] = b"\xff" * 192
    elif damage == "magic":
        raw[-4:] = b"XXXX"
    elif damage == "half":
        raw = raw[:len(raw) // 2]
    elif damage == "pages":
        raw[64:4096] = b"\xa5" * (4096 - 64)
    else:
        raw = b"id,text\n1,x\n"
    (lakegate.folder / "bad.parquet").write_bytes(raw)
    refuse(lakegate, count_of("bad.parquet"), "kCorruptData", "bad.parquet")


def test_truncated_ndjson_names_the_line(lakegate):
    lines = [json.dumps({"id": i}) for i in range(20_000)]
    text = "\n".join(lines) + '\n{"id": 2000'
    (lakegate.folder / "cut.ndjson").write_text(text, encoding="utf-8")
    error = refuse(lakegate, count_of("cut.ndjson"), "kCorruptData", "cut.ndjson",
                   "20001")
    assert error["detail"]["line"] == 20_001


def test_bad_line_inside_ndjson_names_the_line(lakegate):
    lines = [json.dumps({"id": i}) for i in range(3000)]
    lines[1234] = '{"id": oops}'
    (lakegate.folder / "bad.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    error = refuse(lakegate, count_of("bad.ndjson"), "kCorruptData", "bad.ndjson")
    assert error["detail"]["line"] == 1235


def test_csv_row_with_too_many_fields_names_the_line(lakegate):
    (lakegate.folder / "wide.csv").write_text("id,b\n1,2\n3,4\n5,6,7\n", encoding="utf-8")
    error = refuse(lakegate, count_of("wide.csv"), "kCorruptData", "wide.csv")
    # The CSV reader of the engine counts a line too many where it infers types.
    assert error["detail"]["line"] in (4, 5)


def test_delta_path_without_a_log(lakegate):
    (lakegate.folder / "t").mkdir()
    parquet_bytes(lakegate.folder / "t")
    job = ('[dataset.t]\nlocation = "t"\nformat = "delta"\n'
           '[output.o]\nsource = "t"\nlocation = "o.csv"\n')
    (lakegate.folder / "job.toml").write_text(job, encoding="utf-8")
    refuse(lakegate, RUN, "kNotFound", "_delta_log")


def test_corrupt_delta_log(lakegate):
    lakegate.ok("write", "--sql", "SELECT 1 AS id", "--to", "t", "--format", "delta")
    entry = lakegate.folder / "t" / "_delta_log" / f"{0:020}.json"
    entry.write_text(entry.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    error = lakegate.error(*count_of("t"))
    assert error["kind"] == "kCorruptData", error


def test_data_file_of_a_table_is_gone(lakegate):
    lakegate.ok("write", "--sql", "SELECT 1 AS id", "--to", "t", "--format", "delta")
    for path in (lakegate.folder / "t").glob("*.parquet"):
        path.unlink()
    error = lakegate.error("sql", "SELECT id FROM t", "--table", "t=t")
    assert error["kind"] in ("kCorruptData", "kNotFound", "kIo")
    assert ".parquet" in error["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_unreadable_file(program, tmp_path):
    lakegate, demote = unprivileged(program, tmp_path)
    rows = lakegate.folder / "rows.csv"
    rows.write_text("id\n1\n", encoding="utf-8")
    rows.chmod(0)
    error = lakegate.error(*count_of("rows.csv"), **demote)
    assert error["kind"] == "kIo", error
    assert "rows.csv" in error["message"] and "permission" in error["message"].lower()


# Destinations.

@pytest.mark.parametrize("target, form", [("t", "delta"), ("t.csv", "csv"),
                                          ("t.parquet", "parquet")])
def test_destination_exists_in_mode_error(lakegate, target, form):
    write = ("write", "--sql", "SELECT 1 AS id", "--to", target, "--format", form)
    lakegate.ok(*write)
    refuse(lakegate, write, "kAlreadyExists", target, "mode")


def test_destination_below_a_file(lakegate):
    (lakegate.folder / "file").write_text("x", encoding="utf-8")
    error = lakegate.error("write", "--sql", "SELECT 1 AS id", "--to", "file/t.csv",
                                 "--format", "csv")
    assert error["kind"] in ("kIo", "kInvalidArgument", "kNotFound"), error
    assert (lakegate.folder / "file").read_text(encoding="utf-8") == "x"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("target, form", [("closed/t.csv", "csv"), ("closed/t", "delta")])
def test_destination_not_writable(program, tmp_path, target, form):
    lakegate, demote = unprivileged(program, tmp_path)
    closed = lakegate.folder / "closed"
    closed.mkdir(mode=0o555)
    error = lakegate.error("write", "--sql", "SELECT 1 AS id", "--to", target,
                                 "--format", form, **demote)
    assert error["kind"] == "kIo", error
    assert "closed" in error["message"]
    assert not list(closed.iterdir())


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small tmpfs")
    point = tmp_path / "disk"
    point.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", bytes(point), b"tmpfs", 0, b"size=2m") != 0:
        pytest.skip(f"mounting a tmpfs: {os.strerror(ctypes.get_errno())}")
    yield point
    libc.umount2(bytes(point), 2)


BIG = ("SELECT value AS id, md5(CAST(value AS VARCHAR)) AS text "
       "FROM generate_series(1, 1000000)")
ALLOW_SERIES = 'preset = "read_only"\ntable_functions = ["generate_series"]\n'


def series_policy(folder):
    (folder / "policy.toml").write_text(ALLOW_SERIES, encoding="utf-8")
    return ("--policy", "policy.toml")


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet", "arrow", "delta"])
def test_disk_full(lakegate, small_disk, form):
    policy = series_policy(lakegate.folder)
    target = small_disk / f"t.{form}"
    error = lakegate.error("write", *policy, "--sql", BIG, "--to", target, "--format", form)
    assert error["kind"] in ("kIo", "kResourceLimit"), error
    assert "space" in error["message"].lower(), error
    assert no_data_below(small_disk), list(small_disk.rglob("*"))


def no_data_below(folder):
    """Neither a file under the final name, nor one that a later listing would count."""
    return not [path for path in folder.rglob("*") if path.is_file()]


def test_disk_full_keeps_the_old_data(lakegate, small_disk):
    policy = series_policy(lakegate.folder)
    lakegate.ok("write", "--sql", "SELECT 1 AS id, 'x' AS text", "--to", small_disk / "t",
                "--format", "delta")
    lakegate.error("write", *policy, "--sql", BIG, "--to", small_disk / "t",
                             "--format", "delta", "--mode", "overwrite")
    assert lakegate.rows("SELECT id FROM t", "--table", f"t={small_disk / 't'}") == [{"id": 1}]


# Constraints.

def test_violated_check_names_itself_and_rows(lakegate):
    error = refuse(lakegate, (
        "write", *series_policy(lakegate.folder), "--sql",
        "SELECT value AS id FROM generate_series(1, 100)",
        "--to", "t", "--format", "delta", "--check", "id < 98"), "kConstraintViolation", "id < 98")
    assert error["detail"]["violations"] == 3
    assert "98" in error["detail"]["first_rows"][0]


def test_violated_check_keeps_the_old_version(lakegate):
    lakegate.ok("write", "--sql", "SELECT 1 AS id", "--to", "t", "--format", "delta",
                "--check", "id > 0")
    refuse(lakegate, ("write", "--sql", "SELECT -1 AS id", "--to", "t", "--format", "delta",
                      "--mode", "append"), "kConstraintViolation")
    assert lakegate.rows("SELECT id FROM t", "--table", "t=t") == [{"id": 1}]


def test_null_in_a_not_null_column(lakegate, folder):
    job_with(folder, 'format = "delta"', 'format = "delta"\nnot_null = ["word_or_null"]')
    job_with(folder, "SELECT id, word, lo, hi FROM rows",
             "SELECT id, word, lo, hi, nullif(word, 'w3') AS word_or_null FROM rows")
    refuse(lakegate, RUN, "kConstraintViolation", "word_or_null")


def test_input_that_breaks_its_contract(lakegate, folder):
    job_with(folder, 'location = "rows.csv"',
             'location = "rows.csv"\nchecks = { few = "id < 990" }')
    refuse(lakegate, RUN, "kConstraintViolation", "few")


# SQL.

@pytest.mark.parametrize("sql, word", [
    ("CREATE TABLE x AS SELECT 1", "ddl"),
    ("DROP TABLE x", "ddl"),
    ("INSERT INTO x VALUES (1)", "dml"),
    ("WITH d AS (DELETE FROM x RETURNING *) SELECT * FROM d", "dml"),
    ("EXPLAIN INSERT INTO x VALUES (1)", "dml"),
    ("COPY (SELECT 1) TO 'out.csv'", "copy"),
    ("SELECT * FROM generate_series(1, 3)", "function"),
    ("SET datafusion.execution.batch_size = 1", "set"),
    ("SELECT * FROM '/etc/passwd'", ""),
])
def test_refused_by_policy(lakegate, sql, word):
    before = everything_below(lakegate.folder)
    error = lakegate.error("sql", sql)
    assert error["kind"] in ("kSqlPolicyViolation", "kInvalidSql"), error
    if error["kind"] == "kSqlPolicyViolation":
        assert word in error["detail"]["violation"] + " " + error["message"].lower()
    else:
        assert "DELETE" in sql, error  # the parser itself may refuse DML in a CTE
    assert everything_below(lakegate.folder) == before


def test_a_view_of_a_job_is_judged_before_anything_is_opened(lakegate, folder):
    job_with(folder, "SELECT id, word, lo, hi FROM rows", "DELETE FROM rows")
    (folder / "rows.csv").unlink()
    refuse(lakegate, RUN, "kSqlPolicyViolation")


def test_a_write_source_is_judged(lakegate):
    refuse(lakegate, ("write", "--sql", "DROP TABLE x", "--to", "t", "--format", "delta"),
           "kSqlPolicyViolation")


def test_a_write_takes_one_statement(lakegate):
    refuse(lakegate, ("write", "--sql", "SELECT 1; SELECT 2", "--to", "t", "--format", "delta"),
           "kSqlPolicyViolation|kInvalidArgument", "statement")


def test_sql_that_does_not_parse_has_a_position(lakegate):
    error = refuse(lakegate, ("sql", "SELECT 1\n  FRM t WHERE x"), "kInvalidSql")
    assert error["detail"]["line"] == 2 and error["detail"]["column"] >= 3


@pytest.mark.parametrize("sql", ["", "   ", "-- only a comment\n"])
def test_no_statement_at_all(lakegate, sql):
    error = lakegate.error("sql", sql)
    assert error["kind"] in ("kInvalidSql", "kInvalidArgument")


@pytest.mark.parametrize("sql", [
    "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
    "SELECT " + " + ".join(["1"] * 50_000),
    "SELECT " + "NOT " * 50_000 + "true",
    "EXPLAIN " * 5_000 + "SELECT 1",
    "SELECT '" + "x" * 1_000_000 + "'",
])
def test_monstrous_sql_is_refused_and_nothing_crashes(lakegate, sql):
    (lakegate.folder / "monster.sql").write_text(sql, encoding="utf-8")
    error = lakegate.error("sql", "-f", "monster.sql")
    assert error["kind"] == "kSqlPolicyViolation", error


def test_unknown_relation_names_the_nearest(lakegate, folder):
    refuse(lakegate, ("sql", "SELECT * FROM rovs", "--table", "rows=rows.csv"), "kNotFound",
           "rovs", "rows")


def test_parameter_without_a_value(lakegate):
    error = lakegate.error("sql", "SELECT $x AS x")
    assert error["kind"] in ("kInvalidArgument", "kInvalidSql")
    assert "x" in error["message"]


def test_a_parameter_is_bound_never_spliced(lakegate):
    value = "1'; DROP TABLE x; --"
    assert lakegate.rows("SELECT $word AS word", "--param", f"word={value}") == [{"word": value}]


# Limits and cancelling.

def test_memory_limit_hit(lakegate):
    sql = ("SELECT max(place) AS m FROM (SELECT row_number() OVER (ORDER BY "
           "md5(CAST(value AS VARCHAR))) AS place FROM generate_series(1, 3000000))")
    error = lakegate.error("sql", *series_policy(lakegate.folder), sql,
                           env={"LAKEGATE_MEMORY_LIMIT": "64 MiB"})
    assert error["kind"] == "kResourceLimit", error
    assert "memory" in error["message"].lower()


def test_kernel_memory_limit_hit(lakegate):
    policy = series_policy(lakegate.folder)
    lakegate.ok("write", *policy, "--sql",
                "SELECT value AS id, md5(CAST(value AS VARCHAR)) AS text "
                "FROM generate_series(1, 1500000)", "--to", "rows.parquet", "--format", "parquet")
    job = ('[profile]\nmemory_limit = "32 MiB"\n[dataset.rows]\nlocation = "rows.parquet"\n'
           '[step.once]\nkernel = "dedupe"\ninput = "rows"\nkeys = ["text"]\n'
           'strategy = "keep_first"\n[output.o]\nsource = "once"\nlocation = "o.csv"\n')
    (lakegate.folder / "job.toml").write_text(job, encoding="utf-8")
    refuse(lakegate, RUN, "kResourceLimit", "memory_limit")


SLOW = ("SELECT sum(a.value * b.value) AS s FROM generate_series(1, 3000000) a, "
        "generate_series(1, 3000000) b WHERE (a.value + b.value) % 7 = 3")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_a_query(lakegate, number):
    process = lakegate.start("sql", *series_policy(lakegate.folder), SLOW, "--json")
    time.sleep(1.5)
    process.send_signal(number)
    started = time.monotonic()
    _, text = process.communicate(timeout=60)
    assert process.returncode == EXIT_CODES["kCancelled"], text
    assert error_object(text)["kind"] == "kCancelled"
    assert time.monotonic() - started < 30  # it ends; how fast is no test's business


def test_interrupting_a_run_commits_nothing(lakegate):
    lakegate.ok("write", "--sql", "SELECT CAST(0 AS BIGINT) AS id, 'x' AS text", "--to", "out/t",
                "--format", "delta")
    job = ('[job]\nname = "slow"\n[profile]\nsql_allowed_table_functions = ["generate_series"]\n'
           '[view.rows]\nsql = "SELECT value AS id, md5(CAST(value AS VARCHAR)) AS text '
           'FROM generate_series(1, 200000000)"\n'
           '[output.t]\nsource = "rows"\nlocation = "out/t"\nformat = "delta"\n')
    (lakegate.folder / "job.toml").write_text(job, encoding="utf-8")
    process = lakegate.start("run", "job.toml", "--json")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((lakegate.folder / "out").rglob("*"))) > 4:
            break  # beside the old version, the new one is being staged
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=120)
    assert process.returncode == EXIT_CODES["kCancelled"], text
    assert lakegate.rows("SELECT id FROM t", "--table", "t=out/t") == [{"id": 0}]
    assert len(list((lakegate.folder / "out" / "t" / "_delta_log").glob("*.json"))) == 1
    assert len(list((lakegate.folder / "out" / "t").glob("*.parquet"))) == 1, "staged files stay"
    assert job_run_records(lakegate.folder)[-1]["status"] == "cancelled"


# The command line.

@pytest.mark.parametrize("arguments", [
    ("fly",), ("sql", "--frmat", "csv", "SELECT 1"), ("run",),
    ("write", "--sql", "SELECT 1", "--to", "x", "--mode", "append-ish", "--format", "csv"),
])
def test_usage_errors(lakegate, arguments):
    done = lakegate.run(*arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == "" and done.stderr
    assert everything_below(lakegate.folder) == {}


def test_an_option_nobody_reads_is_refused_by_name(lakegate):
    job = ('[dataset.rows]\nlocation = "rows.csv"\n[output.o]\nsource = "rows"\n'
           'location = "o.csv"\noptions = { delimitre = ";" }\n')
    (lakegate.folder / "rows.csv").write_text("id\n1\n", encoding="utf-8")
    (lakegate.folder / "job.toml").write_text(job, encoding="utf-8")
    error = lakegate.error(*RUN)
    assert error["kind"] in ("kInvalidArgument", "kUnsupported")
    assert "delimitre" in error["message"]
    assert not (lakegate.folder / "o.csv").exists()


def unprivileged(program, tmp_path):
    """The command as a user without rights, in a folder of its own."""
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)
    command = as_another_user(tmp_path, program)
    folder = tmp_path / "home"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    lakegate = Lakegate(command / "lakegate", folder)
    return lakegate, {"user": 65534, "group": 65534, "extra_groups": [],
                      "env": {"LD_LIBRARY_PATH": str(command)}}
