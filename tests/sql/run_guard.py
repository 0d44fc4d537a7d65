#!/usr/bin/env python3
"""Judges the corpus of tests/sql/guard/corpus through `lakegate guard check`.

    run_guard.py --lakegate build/dev/lakegate tests/sql/guard/corpus

A .txt file holds one text a line under headers that say what becomes of it:

    [dml dml ok statement~ok]   under read_only, service, write and admin; one word stands for all

A word is `ok`, `invalid` (does not parse) or the violation of the refusal. `statement~ok` is a
known gap: the contract says `statement`, the program says `ok`; mended gaps fail until the mark is
taken away. ␤ stands for a line break, {{N|text}} for N copies of text, # starts a comment line.
A .sql file holds legitimate queries, separated by blank lines, that no policy may refuse.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

POLICIES = ("read_only", "service", "write", "admin")
WORDS = {"ok", "invalid", "ddl", "dml", "statement", "named_args", "copy", "relation", "function",
         "table_function", "setting", "path", "extension", "multi_statement", "limit"}
COPIES = re.compile(r"\{\{(\d+)\|(.*?)\}\}")


class Text:
    def __init__(self, place, sql, words):
        self.place, self.sql = place, sql
        self.contract = [word.partition("~")[0] for word in words]
        self.today = [word.rpartition("~")[2] for word in words]

    def denied(self, policy):
        return self.contract[policy] != "ok" and self.today[policy] != "ok"


def expand(line):
    return COPIES.sub(lambda found: found[2] * int(found[1]), line).replace("␤", "\n")


def read_texts(path):
    words = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if line.startswith("[") and line.endswith("]"):
            words = line[1:-1].split()
            words = words * 4 if len(words) == 1 else words
            known = {part for word in words for part in word.split("~")}
            assert len(words) == 4 and known <= WORDS, f"{place}: not a header: {line}"
            continue
        assert words, f"{place}: there is no header above"
        yield Text(place, expand(line), words)


def read_corpus(folder):
    texts = [text for path in sorted(folder.glob("*.txt")) for text in read_texts(path)]
    for path in sorted(folder.rglob("*.sql")):
        blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
        texts += [Text(f"{path.name}#{number}", block, ["ok"] * 4)
                  for number, block in enumerate(blocks, 1)]
    return texts


def verdict(answer):
    if answer["allowed"]:
        return "ok"
    if "error" in answer:
        kind = answer["error"]["kind"]
        return "invalid" if kind == "kInvalidSql" else kind
    return answer["refusal"]["detail"]["violation"]


def judge(program, policy, texts, prefix=()):
    """The answers for all texts, from one process."""
    sent = "".join(text.sql + "\0" for text in texts)
    command = [*prefix, program, "guard", "check", "--json", "-z", "--policy", policy, "-"]
    done = subprocess.run(command, check=False, input=sent.encode(), capture_output=True,
                          timeout=300)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    if len(answers) != len(texts):
        sys.exit(f"{policy}: {len(texts)} texts, {len(answers)} answers, exit code "
                 f"{done.returncode}\n{done.stderr.decode()[-2000:]}")
    return answers


def clean_environment(folder):
    for name in [name for name in os.environ if name.startswith(("LAKEGATE_", "XDG_"))]:
        del os.environ[name]
    os.environ["HOME"] = folder
    os.chdir(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lakegate", type=Path, required=True)
    parser.add_argument("corpus", type=Path)
    arguments = parser.parse_args()
    program, texts = str(arguments.lakegate.resolve()), read_corpus(arguments.corpus)
    wrong, seen = [], Counter()
    with tempfile.TemporaryDirectory() as folder:
        clean_environment(folder)
        for number, policy in enumerate(POLICIES):
            for text, answer in zip(texts, judge(program, policy, texts)):
                found = verdict(answer)
                seen["refused" if found != "ok" else "allowed"] += 1
                if found != text.today[number]:
                    detail = answer.get("refusal", answer.get("error", {})).get("message", "")
                    wrong.append(f"{text.place} under {policy}: expected {text.today[number]}, "
                                 f"found {found}: {text.sql[:100]!r} {detail[:200]}")
    gaps = sum(text.contract != text.today for text in texts)
    if len(texts) < 400 or seen["refused"] <= seen["allowed"]:
        wrong.append(f"the corpus is too small or too mild: {len(texts)} texts, {dict(seen)}")
    print("\n".join(wrong))
    print(f"{len(texts)} texts under {len(POLICIES)} policies: {seen['refused']} refused, "
          f"{seen['allowed']} allowed, {len(wrong)} wrong, {gaps} texts with a known gap")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
