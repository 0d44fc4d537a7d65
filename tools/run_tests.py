#!/usr/bin/env python3
"""Runs the named runners and sums what they say.

    tools/run_tests.py lint rust dev tsan e2e

Every runner counts its own tests; a runner that ran nothing is a failure. The last line
is always "N passed, N failed", and the exit code is 0 only when nothing failed.
"""

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
JOBS = os.environ.get("JOBS") or str(os.cpu_count() or 2)
# Rooms whose tests use threads; only these are built with the thread sanitizer.
TSAN_ROOMS = ["base", "isolation", "columnar", "kernels", "observe", "engine", "session"]


class Count:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped


def run(command, **options):
    return subprocess.run(command, cwd=options.pop("cwd", ROOT), check=False, **options)


def quiet(command, what, **options):
    """Runs a build command; its output is shown only when it fails."""
    done = run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        print(done.stdout)
        print(f"{what} failed", file=sys.stderr)
    return done.returncode == 0


def cargo_environment():
    sysroot = subprocess.check_output(["rustc", "--print", "sysroot"], text=True).strip()
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    target = os.environ.get("LAKEGATE_TARGET_DIR") or os.path.join(cache, "lakegate", "target")
    return dict(os.environ, CARGO_TARGET_DIR=target,
                RUSTC_WORKSPACE_WRAPPER=os.path.join(sysroot, "bin", "clippy-driver"))


def rust():
    """Unit and integration tests of the bridge, on the release build that is there already."""
    done = run(["cargo", "test", "--release", "--locked", "--jobs", JOBS, "--quiet"],
               cwd=ROOT / "bridge", env=cargo_environment(), stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT, text=True)
    count = Count()
    for line in re.finditer(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored",
                            done.stdout):
        count.passed += int(line[1])
        count.failed += int(line[2])
        count.skipped += int(line[3])
    if done.returncode != 0:
        print(done.stdout)
        count.failed = max(count.failed, 1)
    return count


def junit(path):
    count = Count()
    if not path.exists():
        return count
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None \
                or case.get("status") == "fail":
            count.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            count.skipped += 1
            reason = case.find("skipped")
            text = reason.get("message", "") if reason is not None else ""
            print(f"skipped {case.get('name')}: {text}")
        else:
            count.passed += 1
    return count


def ctest(preset, targets=(), labels=""):
    build = ROOT / "build" / preset
    if not quiet(["cmake", "--preset", preset], f"cmake --preset {preset}"):
        return Count(failed=1)
    command = ["cmake", "--build", str(build), "--parallel", JOBS]
    if targets:
        command += ["--target", *targets]
    if not quiet(command, f"the {preset} build"):
        return Count(failed=1)
    report = build / "ctest.xml"
    report.unlink(missing_ok=True)
    command = ["ctest", "--test-dir", str(build), "--parallel", JOBS, "--no-tests=error",
               "--output-on-failure", "--progress", "--output-junit", str(report)]
    if labels:
        command += ["--label-regex", labels]
    environment = dict(os.environ)
    suppressions = ROOT / "tools" / "tsan.supp"
    environment.setdefault("TSAN_OPTIONS", "halt_on_error=1 ignore_noninstrumented_modules=1 "
                                           f"suppressions={suppressions}")
    environment["LAKEGATE_ALL_CASES"] = "1"
    environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    done = run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
               text=True)
    count = junit(report)
    if done.returncode != 0:
        print(done.stdout[-60000:])
        count.failed = max(count.failed, 1)
    return count


def dev():
    """Every C++ test under the address and undefined-behaviour sanitizers."""
    return ctest("dev")


def tsan():
    """The rooms that use threads, under the thread sanitizer."""
    rooms = [room for room in TSAN_ROOMS if any((ROOT / "src" / room).glob("*_test.cc"))]
    return ctest("tsan", [f"{room}_test" for room in rooms], f"^({'|'.join(rooms)})$")


def release_build():
    return (quiet(["cmake", "--preset", "release"], "cmake --preset release")
            and quiet(["cmake", "--build", "--preset", "release", "--parallel", JOBS],
                      "the release build")
            and quiet([str(ROOT / "tools" / "link_product.sh"), "build/release"],
                      "tools/link_product.sh"))


def e2e():
    """The built command, from outside, and other people's readers on what it wrote."""
    if not release_build():
        return Count(failed=1)
    environment = subprocess.check_output(
        [str(ROOT / "tools" / "python_env.sh"), "tests/e2e/requirements.txt"], cwd=ROOT, text=True)
    report = ROOT / "build" / "pytest.xml"
    report.unlink(missing_ok=True)
    python = Path(environment.strip()) / "bin" / "python"
    done = run([str(python), "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider",
                f"--junitxml={report}", "tests/e2e"],
               env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    count = junit(report)
    if done.returncode != 0:
        count.failed = max(count.failed, 1)
    return count


def lint():
    """Formatting of both languages, clang-tidy, and clippy (which compiles the bridge)."""
    count = Count()

    def check(name, command, **options):
        if quiet(command, name, **options):
            count.passed += 1
        else:
            count.failed += 1

    sources = subprocess.check_output(["git", "ls-files", "*.cc", "*.h", "*.cpp"], cwd=ROOT,
                                      text=True).split()
    sources = [source for source in sources if (ROOT / source).exists()]
    if sources:
        check("clang-format", ["clang-format-16", "--dry-run", "-Werror", *sources])
    check("rustfmt", ["cargo", "fmt", "--check"], cwd=ROOT / "bridge")
    check("clippy", ["cargo", "build", "--release", "--locked", "--jobs", JOBS],
          cwd=ROOT / "bridge", env=cargo_environment())
    if quiet(["cmake", "--preset", "dev"], "cmake --preset dev"):
        check("clang-tidy", [sys.executable, "tools/tidy.py", "--build", "build/dev",
                             "--jobs", JOBS])
    else:
        count.failed += 1
    return count


RUNNERS = {"lint": lint, "rust": rust, "dev": dev, "tsan": tsan, "e2e": e2e}


def main(names):
    unknown = [name for name in names if name not in RUNNERS]
    if unknown or not names:
        sys.exit(f"usage: run_tests.py {' '.join(RUNNERS)}")
    total = Count()
    report = []
    for name in names:
        started = time.monotonic()
        print(f"== {name}: {RUNNERS[name].__doc__.splitlines()[0]}", flush=True)
        count = RUNNERS[name]()
        if count.passed + count.failed == 0:
            print(f"{name} ran nothing", file=sys.stderr)
            count.failed = 1
        seconds = time.monotonic() - started
        report.append({"runner": name, "passed": count.passed, "failed": count.failed,
                       "skipped": count.skipped, "seconds": round(seconds, 1)})
        print(f"== {name}: {count.passed} passed, {count.failed} failed, "
              f"{count.skipped} skipped in {seconds:.0f} s", flush=True)
        total.passed += count.passed
        total.failed += count.failed
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build" / "test_report.json").write_text(json.dumps(report, indent=1) + "\n")
    sys.stderr.flush()
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
