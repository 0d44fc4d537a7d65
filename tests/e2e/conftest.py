"""The built command, run from outside, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
COLLECT = ROOT / "examples" / "code_map" / "collect.py"
CHECK = ROOT / "examples" / "code_map" / "check.py"

# docs/CLI.md: one exit code for each class of error.
EXIT_CODES = {
    "kInvalidArgument": 2, "kInvalidSql": 2, "kSqlPolicyViolation": 10, "kNotFound": 11,
    "kAlreadyExists": 12, "kSchemaMismatch": 1, "kConstraintViolation": 15, "kUnsupported": 1,
    "kCommitConflict": 12, "kUnavailable": 17, "kTimeout": 13, "kCommitUnknown": 12,
    "kResourceLimit": 13, "kCancelled": 14, "kCorruptData": 16, "kIo": 17, "kInternal": 1,
}


def pytest_addoption(parser):
    parser.addoption("--lakegate", default=str(ROOT / "build" / "lakegate"))


class Lakegate:
    """Runs the command in `folder`; nothing of the caller's settings reaches it."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = Path(folder)

    def environment(self, **extra):
        keep = {name: value for name, value in os.environ.items()
                if not name.startswith(("LAKEGATE_", "XDG_"))}
        keep.update(HOME=str(self.folder), NO_COLOR="1", LC_ALL="C.UTF-8", **extra)
        return keep

    def run(self, *arguments, env=None, cwd=None, timeout=300, **options):
        return subprocess.run(
            [self.program, *map(str, arguments)], cwd=cwd or self.folder,
            env=self.environment(**(env or {})), check=False, capture_output=True, text=True,
            timeout=timeout, **options)

    def ok(self, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments, env=None, **options):
        return subprocess.Popen(
            [self.program, *map(str, arguments)], cwd=self.folder,
            env=self.environment(**(env or {})), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **options)

    def rows(self, sql, *arguments, **options):
        text = self.ok("sql", "--format", "ndjson", *arguments, sql, **options)
        return [json.loads(line) for line in text.splitlines()]

    def error(self, *arguments, **options):
        """Runs what must fail, with --json, and with the exit code of its class."""
        done = self.run(*arguments, "--json", **options)
        assert done.returncode != 0, f"{arguments} succeeded\n{done.stdout}\n{done.stderr}"
        error = error_object(done.stderr)
        assert done.returncode == EXIT_CODES[error["kind"]], (done.returncode, error)
        return error


def error_object(text):
    """The machine-readable error: the last line of standard error that is a JSON object."""
    for line in reversed(text.splitlines()):
        if line.startswith("{"):
            found = json.loads(line)
            return found.get("error", found)
    raise AssertionError(f"no JSON error on standard error:\n{text}")


def job_run_records(folder):
    """Run records below a folder, oldest first."""
    files = sorted(Path(folder, ".lakegate", "runs").glob("*.json"))
    return [json.loads(file.read_text()) for file in files]


def everything_below(folder):
    """Relative paths and contents: two equal listings mean that nothing was written."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        name = str(path.relative_to(folder))
        if name.startswith(".lakegate"):
            continue
        found[name] = path.read_bytes() if path.is_file() else None
    return found


def as_another_user(folder, program):
    """Root ignores permissions: a copy of the command that an unprivileged user may run."""
    target = Path(folder) / "command"
    target.mkdir()
    shutil.copy(os.path.realpath(program), target / "lakegate")
    library = Path(program).parent / "liblakegate.so"
    shutil.copy(os.path.realpath(library), target / "liblakegate.so")
    return target


def collect(tree, out, *arguments):
    subprocess.run([sys.executable, str(COLLECT), *([str(tree)] if tree else []), "--out",
                    str(out), *arguments], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def program(pytestconfig):
    path = Path(pytestconfig.getoption("--lakegate"))
    assert path.exists(), f"{path} is not there; make build leaves it"
    return path


@pytest.fixture
def lakegate(program, tmp_path):
    return Lakegate(program, tmp_path)
