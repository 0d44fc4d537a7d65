"""What the system is asked for while a denied statement is refused: nothing of the statement's.

Every call that names a file, makes a process or speaks to a network is traced. LAKEGATE_SOAK
takes the whole corpus, otherwise some of every kind of refusal.
"""

import os
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
    (lakegate.folder / "data.csv").write_text("a,b\n1,x\n")
    statement, log = lakegate.folder / "statement.sql", lakegate.folder / "trace"
    build = os.path.dirname(os.path.realpath(lakegate.program))
    ours = (build, os.path.dirname(lakegate.program), str(statement), statement.name,
            os.path.join(tempfile.gettempdir(), "lakegate-spill-"), tempfile.gettempdir() + "/.",
            str(lakegate.folder / ".config"))
    # The spill directory is made and taken away; inside it names are short.
    exactly = {tempfile.gettempdir(), str(lakegate.folder), ".", "/", "owner.lock",
               "lakegate.toml"}
    for text in texts:
        statement.write_text(text.sql)
        done, calls = traced(lakegate, ["sql", "--policy", policy, "-f", statement], log)
        assert done.returncode in (2, 10), f"{text.place}: {text.sql[:200]}\n{done.stderr}"
        opened = [call for call in calls if concerns(call, ours)
                  and not (QUOTED.search(call) and QUOTED.search(call)[1] in exactly)]
        assert opened == [], f"{text.place}: {text.sql[:200]}"


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
def test_the_trace_sees_what_an_allowed_statement_opens(lakegate):
    (lakegate.folder / "data.csv").write_text("a,b\n1,x\n")
    done, calls = traced(lakegate, ["sql", "--table", "t=data.csv", "SELECT * FROM t"],
                         lakegate.folder / "trace")
    assert done.returncode == 0, done.stderr
    assert any("data.csv" in call and concerns(call, ()) for call in calls)
