"""What the system is asked for while a denied statement is refused: nothing of the statement's.

Every call that names a file, makes a process or speaks to a network is traced. LAKEGATE_SOAK
takes the whole corpus, otherwise some of every kind of refusal; and more generated texts.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "sql"))
from run_guard import POLICIES, read_corpus  # noqa: E402

CALLS = "%file,%network,%process"
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
# A name below an open directory.
BELOW = re.compile(r'\w+\(\d+<([^>]*)>, "')
# The dynamic linker, the C library, the allocator and the runtime look at these.
SYSTEM = ("/lib", "/usr/lib", "/usr/share/zoneinfo", "/etc/ld.so", "/etc/localtime", "/proc/",
          "/sys/", "/dev/", "/usr/local/lib")
# How processes and threads live and die; these name nothing.
LIFE = ("execve(", "clone", "exit", "wait", "kill(", "tgkill(", "tkill(", "vfork(", "arch_prctl(",
        "rt_sigqueueinfo(", "pidfd_")


def traced(lakegate, arguments, log):
    command = ["strace", "-f", "-qq", "-y", "-e", f"trace={CALLS}", "-o", str(log),
               lakegate.program, *map(str, arguments)]
    done = subprocess.run(command, cwd=lakegate.folder, env=lakegate.environment(), check=False,
                          capture_output=True, text=True, timeout=120)
    calls = [line.partition(" ")[2].strip() for line in log.read_text(errors="replace").splitlines()]
    return done, [call for call in calls if call and not call.startswith(("+++", "---", "<..."))]


def concerns(call, ours):
    """Whether a call is about something that is not the program's own."""
    if call.startswith(LIFE):
        # One program was started: this one.
        return call.startswith("execve(") and not any(path in call for path in ours)
    if "AT_EMPTY_PATH" in call or call.startswith("socketpair("):
        return False  # an open file asked about; two ends of our own
    named = QUOTED.search(call)
    if named is None:
        return True  # a socket, say
    path = named[1]
    if (below := BELOW.match(call)) and not path.startswith("/"):
        path = os.path.join(below[1], path)
    return not path.startswith(SYSTEM) and not any(path.startswith(mine) for mine in ours)


def can_trace():
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False,
                          capture_output=True).returncode == 0


def some_of_each(texts, number):
    """A few texts of every kind of refusal and every file, always the same ones."""
    by_kind = defaultdict(list)
    for text in texts:
        by_kind[text.place.partition(":")[0], text.today[number]].append(text)
    return [text for kind in by_kind.values() for text in kind[::max(1, len(kind) // 2)]]


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
@pytest.mark.parametrize("policy", ["read_only", "service"])
def test_a_denied_statement_opens_nothing(lakegate, policy):
    number = POLICIES.index(policy)
    # The command runs the statements of a text one by one, each judged alone.
    texts = [text for text in read_corpus(ROOT / "tests" / "sql" / "guard" / "corpus")
             if text.denied(number) and text.today[number] != "multi_statement"
             and len(text.sql) < 100_000]
    if not os.environ.get("LAKEGATE_SOAK"):
        texts = some_of_each(texts, number)
    assert len(texts) > 20
    trace = TraceOfStatement(lakegate, policy)
    for text in texts:
        done, opened = trace.of(text.sql)
        assert done.returncode in (2, 10), f"{text.place}: {text.sql[:200]}\n{done.stderr}"
        assert opened == [], f"{text.place}: {text.sql[:200]}"


class TraceOfStatement:
    """Runs statements with data beside them, and tells what they opened that is not the program's."""

    def __init__(self, lakegate, policy):
        self.lakegate, self.policy = lakegate, policy
        (lakegate.folder / "data.csv").write_text("a,b\n1,x\n")
        self.statement, self.log = lakegate.folder / "statement.sql", lakegate.folder / "trace"
        build = os.path.dirname(os.path.realpath(lakegate.program))
        self.ours = (build, os.path.dirname(lakegate.program), str(self.statement),
                     self.statement.name, os.path.join(tempfile.gettempdir(), "lakegate-spill-"),
                     tempfile.gettempdir() + "/.", str(lakegate.folder / ".config"))
        # The spill directory is made and taken away; inside it names are short.
        self.exactly = {tempfile.gettempdir(), str(lakegate.folder), ".", "/", "owner.lock",
                        "lakegate.toml"}

    def of(self, sql):
        self.statement.write_text(sql, encoding="utf-8")
        done, calls = traced(self.lakegate,
                             ["sql", "--policy", self.policy, "-f", self.statement], self.log)
        opened = [call for call in calls if concerns(call, self.ours)
                  and not (QUOTED.search(call) and QUOTED.search(call)[1] in self.exactly)]
        return done, opened


def spliced(choose, seeds):
    """A text that nobody wrote: parts of the corpus inside one another, some of it broken."""
    one, other = choose.choice(seeds).rstrip("; \n"), choose.choice(seeds).rstrip("; \n")
    made = choose.choice([
        f"EXPLAIN {one}", f"EXPLAIN ANALYZE {one}", f"PREPARE p AS {one}", f"({one})",
        f"WITH x AS ({one}) SELECT * FROM x", f"SELECT * FROM ({one}) AS x, 'data.csv'",
        f"SELECT ({one})", f"{one} UNION ALL {other}", f"/* {one} */ {other}", f"-- {one}\n{other}",
        f"COPY ({one}) TO 'out.csv'", f"CREATE VIEW v AS {one}", f"CREATE TABLE t AS {one}",
        f"INSERT INTO t {one}", f"SELECT * FROM t WHERE EXISTS ({one})", one + other[:40]])
    if choose.random() < 0.3:
        place = choose.randrange(len(made))
        made = made[:place] + choose.choice(["'", '"', "/*", ";", "\u00a0", "\\", "$$"]) + made[place:]
    return made


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
def test_a_generated_statement_that_is_denied_opens_nothing(lakegate):
    seeds = [text.sql for text in read_corpus(ROOT / "tests" / "sql" / "guard" / "corpus")
             if len(text.sql) < 400]
    choose = random.Random(20261127)
    trace = TraceOfStatement(lakegate, "read_only")
    denied = 0
    for number in range(1000 if os.environ.get("LAKEGATE_SOAK") else 40):
        sql = spliced(choose, seeds)
        done, opened = trace.of(sql)
        assert done.returncode >= 0, f"text {number}: {sql}"
        # Refused by the policy, or no SQL at all: told before anything is looked for.
        if done.returncode == 10 or "kInvalidSql" in done.stderr:
            denied += 1
            assert opened == [], f"text {number}: {sql}"
    assert denied > 20


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
def test_the_trace_sees_what_an_allowed_statement_opens(lakegate):
    (lakegate.folder / "data.csv").write_text("a,b\n1,x\n")
    done, calls = traced(lakegate, ["sql", "--table", "t=data.csv", "SELECT * FROM t"],
                         lakegate.folder / "trace")
    assert done.returncode == 0, done.stderr
    assert any("data.csv" in call and concerns(call, ()) for call in calls)
