"""`lakegate guard`: what a text is and may do, and nothing happens."""

import json

import pytest

POLICY = """
preset = "read_only"
relations = ["calls"]
denied_functions = ["random"]
[sql]
max_in_list = 3
[protect.calls]
denied_columns = ["ssn"]
"""


def check(lakegate, text, *arguments):
    done = lakegate.run("guard", "check", "--json", *arguments, text)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


def test_a_verdict_is_an_exit_code_and_an_object(lakegate):
    code, found, _ = check(lakegate, "SELECT count(*) FROM t")
    assert code == 0 and found["allowed"] and found["statements"][0]["relations"] == ["t"]
    code, found, _ = check(lakegate, "DELETE FROM t")
    assert code == 10 and not found["allowed"]
    assert found["refusal"]["detail"]["setting"] == "dml"
    assert check(lakegate, "DELETE FROM t", "--policy", "write")[0] == 0


@pytest.mark.parametrize("text, setting", [
    ("SELECT * FROM others", "relations"),
    ("SELECT random() FROM calls", "denied_functions"),
    ("SELECT * FROM calls WHERE a IN (1, 2, 3, 4)", "sql.max_in_list"),
    ("SELECT 1; SELECT 2", "multi_statement"),
    ("COPY calls TO 'x.csv'", "copy"),
    ("SET a.b = 1", "statements"),
])
def test_a_policy_file_decides_and_is_named(lakegate, text, setting):
    policy = lakegate.folder / "policy.toml"
    policy.write_text(POLICY)
    code, found, _ = check(lakegate, text, "--policy", policy)
    assert code == 10, found
    assert found["refusal"]["detail"]["setting"] == setting
    assert "policy.toml" in found["refusal"]["message"]
    done = lakegate.run("guard", "explain", "--policy", policy, text)
    assert done.returncode == 10 and setting in done.stdout + done.stderr


@pytest.mark.parametrize("arguments, code", [
    (["guard", "check", "SELEC 1"], 2),
    (["guard", "check", ""], 2),
    (["guard", "check", "--policy", "no-such-policy", "SELECT 1"], 2),
    (["guard", "check", "--policy", "broken.toml", "SELECT 1"], 2),
    (["guard", "check", "-f", "missing.sql"], 11),
    (["guard", "explain", "SELECT * FROM 'other.csv'"], 10),
    (["guard"], 2),
    (["guard", "forget", "SELECT 1"], 2),
])
def test_what_cannot_be_judged_is_refused(lakegate, arguments, code):
    (lakegate.folder / "broken.toml").write_text("relations = 'calls'")
    done = lakegate.run(*arguments)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert done.stderr or done.stdout


def test_nothing_is_opened_or_written(lakegate):
    before = sorted(lakegate.folder.rglob("*"))
    for text in ("SELECT * FROM 'x.parquet'", "CREATE TABLE t AS SELECT 1", "COPY t TO 'out.csv'"):
        lakegate.run("guard", "check", "--policy", "admin", text)
    assert sorted(lakegate.folder.rglob("*")) == before
