"""The collector alone: spans mean what its documentation says."""

import csv
import json

import pytest

import source_tree
from conftest import collect


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("collected")
    source_tree.write(folder / "tree")
    collect(folder / "tree", folder / "data", "--expect")
    return folder


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_name_span_covers_the_bytes_of_the_name(collected):
    checked = 0
    for row in lines(collected / "data" / "calls_ast.ndjson"):
        raw = (collected / "tree" / row["path"]).read_bytes()
        if row["path"] == source_tree.LATIN_1[0]:
            raw = raw.decode("latin-1").encode()
        if row["callee"] != "<expression>":
            assert raw[row["bstart"]:row["bend"]] == row["callee"].encode(), row
            checked += 1
    assert checked > 30


def test_functions_begin_at_their_keyword(collected):
    starts = {"lambda": b"lambda", "function": b"def ", "method": b"def ",
              "async_function": b"async ", "async_method": b"async "}
    kinds = set()
    for row in lines(collected / "data" / "functions.ndjson"):
        raw = (collected / "tree" / row["path"]).read_bytes()
        assert raw[row["bstart"]:row["bend"]].startswith(starts[row["kind"]]), row
        kinds.add(row["kind"])
    assert {"lambda", "function", "async_method"} <= kinds


@pytest.mark.parametrize("path, callee, caller", [
    ("top.py", "len", "outer"),  # a default lies inside the function's text
    ("top.py", "dumps", "outer.<locals>.inner"),
    ("pkg/decorated.py", "lru_cache", None),  # a decorator does not
    ("pkg/decorated.py", "range", None),  # a class is no function
    ("pkg/decorated.py", "sorted", "Service.fetch.<locals>.local"),
    ("pkg/decorated.py", "abs", "Service.<lambda>"),
    ("pkg/decorated.py", "pow", "Service.<lambda>.<locals>.<lambda>"),
    ("pkg/unicode.py", "lower", "grüße.<locals>.<lambda>"),
    ("pkg/deep/crlf.py", "c", "a"),
    ("pkg/deep/bom.py", "second", "first"),
    ("pkg/latin.py", "print", None),
])
def test_the_oracle_names_the_caller(collected, path, callee, caller):
    found = {row["caller"] for row in lines(collected / "data" / "expected.ndjson")
             if row["path"] == path and row["callee"] == callee}
    assert caller in found


def test_a_called_lambda_is_called_outside_itself(collected):
    found = [row for row in lines(collected / "data" / "expected.ndjson")
             if row["path"] == "pkg/unicode.py" and row["callee"] == "<expression>"]
    assert [row["caller"] for row in found] == ["grüße"]


def test_a_file_that_does_not_parse_is_listed(collected):
    with open(collected / "data" / "not_collected.csv", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert [row["path"] for row in rows if row["what"] == "file"] == ["pkg/broken.py"]
    assert not any(row["path"] == "pkg/broken.py"
                   for row in lines(collected / "data" / "calls_ast.ndjson"))


def test_tokens_meet_the_tree_and_differ_from_it(collected):
    tree = {(row["path"], row["bstart"], row["bend"])
            for row in lines(collected / "data" / "calls_ast.ndjson")}
    with open(collected / "data" / "calls_tokens.csv", newline="", encoding="utf-8") as text:
        tokens = {(row["path"], int(row["bstart"]), int(row["bend"])): row["callee"]
                  for row in csv.DictReader(text)}
    assert len(tree & tokens.keys()) > 30
    only = {tokens[key] for key in tokens.keys() - tree}
    assert "match" in only and "dict" in only and "outer" not in only
    assert tree - tokens.keys()


def test_collecting_again_gives_the_same_bytes(collected, tmp_path):
    collect(collected / "tree", tmp_path / "again", "--expect", "--jobs", "1")
    for path in sorted((collected / "data").iterdir()):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
