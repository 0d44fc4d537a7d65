"""The main job on real input, against the oracle that never looks at positions."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import deltalake
import pytest

import source_tree
from conftest import CHECK, ROOT, Lakegate, collect, job_run_records

EXAMPLE = ROOT / "examples" / "code_map"


def prepare(lakegate, tree=None):
    """The example's folder with its inputs collected."""
    shutil.copy(EXAMPLE / "job.toml", lakegate.folder)
    collect(tree, lakegate.folder / "data", "--expect")
    lakegate.ok("write", "--table", "functions=data/functions.ndjson", "--sql",
                "SELECT * FROM functions", "--to", "data/functions.parquet",
                "--format", "parquet", "--mode", "overwrite")


def run(lakegate):
    """Runs the job; its output receipts by name."""
    lakegate.ok("run", "job.toml")
    record = job_run_records(lakegate.folder)[-1]
    assert record["status"] == "completed"
    return {output["name"]: receipt(output) for output in record["outputs"]}


def receipt(output):
    found = output.get("receipt", output.get("receipt_json"))
    return json.loads(found) if isinstance(found, str) else found


def expected(folder):
    rows = {}
    for line in (folder / "data" / "expected.ndjson").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["path"], row["bstart"], row["bend"]] = (
            row["callee"], row["caller_start"], row["caller_end"], row["caller"])
    return rows


def delta_rows(path):
    return deltalake.DeltaTable(str(path)).to_pyarrow_table().to_pylist()


def agree(folder):
    """Every call of the syntax tree, as another reader finds it in the table."""
    oracle = expected(folder)
    table = delta_rows(folder / "out" / "call_map")
    certain = {(row["path"], row["bstart"], row["bend"]):
               (row["callee"], row["caller_start"], row["caller_end"], row["caller"])
               for row in table if row["confidence"] == 1.0}
    assert len({(row["path"], row["bstart"], row["bend"]) for row in table}) == len(table)
    assert certain == oracle
    return len(oracle), len(table)


@pytest.fixture(scope="module")
def small(program, tmp_path_factory):
    lakegate = Lakegate(program, tmp_path_factory.mktemp("small"))
    source_tree.write(lakegate.folder / "tree")
    prepare(lakegate, lakegate.folder / "tree")
    return lakegate, run(lakegate)


@pytest.fixture(scope="module")
def stdlib(program, tmp_path_factory):
    lakegate = Lakegate(program, tmp_path_factory.mktemp("stdlib"))
    prepare(lakegate)
    return lakegate, run(lakegate)


def test_every_call_of_a_small_tree_has_its_innermost_function(small):
    lakegate, _ = small
    calls, rows = agree(lakegate.folder)
    assert calls > 40 and rows > calls


def test_every_call_of_the_standard_library_has_its_innermost_function(stdlib):
    lakegate, receipts = stdlib
    calls, rows = agree(lakegate.folder)
    assert calls > 50_000 and rows > calls
    assert receipts["call_map"]["rows"] == rows


def test_the_demo_comparison_agrees_and_notices_a_wrong_caller(stdlib):
    lakegate, _ = stdlib
    command = [sys.executable, str(CHECK), "--lakegate", lakegate.program, "--table",
               str(lakegate.folder / "out" / "call_map"), "--expected"]
    oracle = lakegate.folder / "data" / "expected.ndjson"
    done = subprocess.run([*command, str(oracle)], check=False, capture_output=True, text=True,
                          env=lakegate.environment(), cwd=lakegate.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 differ" in done.stdout
    wrong = lakegate.folder / "wrong.ndjson"
    text = oracle.read_text(encoding="utf-8")
    wrong.write_text(text.replace('"caller_start":', '"caller_start":1', 1)
                     if '"caller_start":null' not in text.splitlines()[0]
                     else text.replace('"caller":null', '"caller":"x"', 1), encoding="utf-8")
    done = subprocess.run([*command, str(wrong)], check=False, capture_output=True, text=True,
                          env=lakegate.environment(), cwd=lakegate.folder)
    assert done.returncode == 1
    assert " 1 differ" in done.stdout


def test_a_second_run_gives_the_same_digests(stdlib):
    lakegate, first = stdlib
    second = run(lakegate)
    assert second.keys() == first.keys() == {"call_map", "summary", "summary_csv"}
    for name, one in first.items():
        assert one["digest"] and second[name]["digest"] == one["digest"], name
        assert second[name]["rows"] == one["rows"], name
    agree(lakegate.folder)


def test_the_summary_counts_what_the_table_holds(small):
    lakegate, _ = small
    counted = {}
    for row in delta_rows(lakegate.folder / "out" / "call_map"):
        if row["caller"] is not None:
            key = (row["path"], row["caller"], row["caller_start"])
            counted[key] = counted.get(key, 0) + 1
    summary = {(row["path"], row["caller"], row["caller_start"]): row["calls"]
               for row in delta_rows(lakegate.folder / "out" / "summary")}
    assert summary == counted
    assert (lakegate.folder / "out" / "summary.csv").read_text(encoding="utf-8").count("\n") \
        == len(counted) + 1


def test_one_commit_holds_table_constraints_and_transaction(small):
    lakegate, _ = small
    log = Path(lakegate.folder, "out", "call_map", "_delta_log")
    actions = [json.loads(line) for line in
               (log / f"{0:020}.json").read_text(encoding="utf-8").splitlines()]
    kinds = [next(iter(action)) for action in actions]
    for kind in ("protocol", "metaData", "txn", "add"):
        assert kind in kinds, kinds
    metadata = next(action["metaData"] for action in actions if "metaData" in action)
    assert metadata["partitionColumns"] == ["package"]
    properties = metadata["configuration"]
    assert properties["delta.constraints.span"] == "bstart < bend"
    assert "delta.constraints.confident" in properties
    fields = {field["name"]: field for field in json.loads(metadata["schemaString"])["fields"]}
    assert not fields["path"]["nullable"] and fields["caller"]["nullable"]


def test_the_run_record_tells_steps_inputs_and_outputs(small):
    lakegate, _ = small
    record = job_run_records(lakegate.folder)[0]
    steps = {step["name"]: step for step in record["steps"]}
    assert {"best_calls", "call_owner", "call_map", "summary", "summary_csv"} <= steps.keys()
    assert all(step["status"] == "completed" for step in record["steps"])
    assert steps["best_calls"]["rows"] == steps["call_owner"]["rows"] \
        == len(delta_rows(lakegate.folder / "out" / "call_map"))
    assert {entry["name"] for entry in record["inputs"]} \
        == {"functions", "calls_ast", "calls_tokens"}
    assert record["profile_fingerprint"] and record["versions"]
